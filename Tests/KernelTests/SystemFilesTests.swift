import FoundationEssentials
import Kernel
import Testing

/// A folder with a `proc` and a `sys` of its own.
private final class FakeSystem: Sendable {
  private let scratch: GGUFScratch
  var files: SystemFiles { SystemFiles(root: scratch.path) }
  /// What the system's call is made to say.
  var threadCount: Int { files.threadCount(online: 7) }

  /// - Parameter files: contents by path.
  init(_ files: [String: String]) throws {
    scratch = try GGUFScratch()
    for (path, text) in files {
      let url = URL(filePath: scratch.path + path)
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: url)
    }
  }

  /// Processors that may run the process, and who shares a core with whom.
  convenience init(
    online: String, allowed: String, siblings: [String], _ more: [String: String] = [:]
  ) throws {
    var files = more
    files["/sys/devices/system/cpu/online"] = online + "\n"
    files["/proc/self/status"] = """
      Name:\tcria
      Cpus_allowed:\tff
      Cpus_allowed_list:\t\(allowed)
      Mems_allowed_list:\t0

      """
    for (index, list) in siblings.enumerated() {
      files["/sys/devices/system/cpu/cpu\(index)/topology/thread_siblings_list"] = list + "\n"
    }
    try self.init(files)
  }

  /// Eight cores of which no topology is known, and control groups.
  convenience init(groups files: [String: String]) throws {
    try self.init(online: "0-7", allowed: "0-7", siblings: [], files)
  }
}

private let unified = [
  "/proc/self/cgroup": "0::/user.slice/app.scope\n",
  "/proc/self/mountinfo": """
  22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
  31 23 0:28 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate

  """,
]

private let separate = [
  "/proc/self/cgroup": """
  9:name=systemd:/init
  4:memory:/docker/abc
  3:cpu,cpuacct:/docker/abc
  0::/

  """,
  "/proc/self/mountinfo": """
  32 31 0:29 /docker/abc /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
  35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
  41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw

  """,
]

@Suite struct PhysicalCoreTests {
  struct Machine: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var online: String
    var allowed: String
    var siblings: [String]
    var cores: Int
  }

  static let machines = [
    Machine(
      testDescription: "no siblings", online: "0-3", allowed: "0-3",
      siblings: ["0", "1", "2", "3"], cores: 4),
    Machine(
      testDescription: "two siblings, side by side", online: "0-7", allowed: "0-7",
      siblings: ["0-1", "0-1", "2-3", "2-3", "4-5", "4-5", "6-7", "6-7"], cores: 4),
    Machine(
      testDescription: "two siblings, far apart", online: "0-3", allowed: "0-3",
      siblings: ["0,2", "1,3", "0,2", "1,3"], cores: 2),
    Machine(
      testDescription: "one sibling of each pair allowed", online: "0-3", allowed: "0-1",
      siblings: ["0,2", "1,3", "0,2", "1,3"], cores: 2),
    Machine(
      testDescription: "both siblings of one core allowed", online: "0-3", allowed: "0,2",
      siblings: ["0,2", "1,3", "0,2", "1,3"], cores: 1),
    // Two fast cores with siblings, four slow ones without.
    Machine(
      testDescription: "hybrid", online: "0-7", allowed: "0-7",
      siblings: ["0-1", "0-1", "2-3", "2-3", "4", "5", "6", "7"], cores: 6),
    Machine(
      testDescription: "some offline", online: "0,2-3", allowed: "0-7",
      siblings: ["0", "", "2", "3"], cores: 3),
    Machine(
      testDescription: "no topology", online: "0-2", allowed: "0-2", siblings: [], cores: 3),
    Machine(
      testDescription: "a topology of nonsense", online: "0-2", allowed: "0-2",
      siblings: ["x", "7-3", "0-99999999999999999999"], cores: 3),
    Machine(
      testDescription: "siblings without the processor itself", online: "0-1", allowed: "0-1",
      siblings: ["1", "0"], cores: 2),
    Machine(
      testDescription: "a mask of nonsense", online: "0-2", allowed: "all of them",
      siblings: ["0", "1", "2"], cores: 3),
    Machine(
      testDescription: "a list of nonsense", online: "-", allowed: "1-2",
      siblings: ["0", "1", "2"], cores: 2),
  ]

  @Test(arguments: machines) func countsCores(machine: Machine) throws {
    let system = try FakeSystem(
      online: machine.online, allowed: machine.allowed, siblings: machine.siblings)
    #expect(system.files.physicalCoreCount == machine.cores)
    #expect(system.threadCount == machine.cores)
  }

  @Test func newerKernelsNameTheListOtherwise() throws {
    let list = "/sys/devices/system/cpu/cpu0/topology/core_cpus_list"
    let system = try FakeSystem(
      online: "0-1", allowed: "0-1", siblings: ["0", "0-1"], [list: "0-1\n"])
    #expect(system.files.physicalCoreCount == 1)
  }

  @Test func withoutFilesTheSystemsCallCounts() throws {
    let system = try FakeSystem([:])
    #expect(system.files.physicalCoreCount == nil)
    #expect(system.threadCount == 7)
    #expect(system.files.threadCount(online: -1) == 1)
    #expect(system.files.processorQuota == nil && system.files.memoryLimitByteCount == nil)
  }
}

@Suite struct ControlGroupTests {
  @Test(arguments: [
    ("max 100000", 8), ("150000 100000", 2), ("140000 100000", 1), ("20000 100000", 1),
    ("300000 100000", 3), ("25000 10000", 3), ("9900000 100000", 8), ("garbage", 8), ("", 8),
    ("-1 100000", 8), ("100000 0", 8), ("nan nan", 8), ("inf 1", 8), ("1e300 1e-300", 8),
    ("200000", 8), ("200000 100000 1", 8),
  ])
  func theQuotaBoundsTheThreads(text: String, threads: Int) throws {
    let system = try FakeSystem(
      groups: unified.merging(["/sys/fs/cgroup/user.slice/app.scope/cpu.max": text + "\n"]) { $1 })
    #expect(system.threadCount == threads)
  }

  @Test func theLeastOnTheWayUpCounts() throws {
    let folder = "/sys/fs/cgroup"
    let system = try FakeSystem(
      groups: unified.merging([
        folder + "/user.slice/app.scope/cpu.max": "600000 100000\n",
        folder + "/user.slice/cpu.max": "200000 100000\n",
        folder + "/cpu.max": "max 100000\n",
        folder + "/user.slice/app.scope/memory.max": "max\n",
        folder + "/user.slice/memory.max": "4294967296\n",
        folder + "/memory.max": "8589934592\n",
        // Not on the way.
        folder + "/system.slice/cpu.max": "100000 100000\n",
        folder + "/user.slice/other.scope/memory.max": "4096\n",
      ]) { $1 })
    #expect(system.files.processorQuota == 2)
    #expect(system.threadCount == 2)
    #expect(system.files.memoryLimitByteCount == 4_294_967_296)
  }

  @Test func theFirstVersionSeesItsPartOfTheTree() throws {
    let cpu = "/sys/fs/cgroup/cpu,cpuacct", memory = "/sys/fs/cgroup/memory"
    let system = try FakeSystem(
      groups: separate.merging([
        cpu + "/cpu.cfs_quota_us": "250000\n", cpu + "/cpu.cfs_period_us": "50000\n",
        memory + "/memory.limit_in_bytes": "9223372036854771712\n",
        memory + "/docker/memory.limit_in_bytes": "3000000000\n",
        memory + "/docker/abc/memory.limit_in_bytes": "9223372036854771712\n",
      ]) { $1 })
    #expect(system.files.processorQuota == 5)
    #expect(system.files.memoryLimitByteCount == 3_000_000_000)
  }

  @Test func theFirstVersionsWordForNoLimit() throws {
    let cpu = "/sys/fs/cgroup/cpu,cpuacct"
    let system = try FakeSystem(
      groups: separate.merging([
        cpu + "/cpu.cfs_quota_us": "-1\n", cpu + "/cpu.cfs_period_us": "100000\n",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
      ]) { $1 })
    #expect(system.files.processorQuota == nil)
    #expect(system.files.memoryLimitByteCount == nil)
  }

  @Test(arguments: ["0::/../../elsewhere\n", "0::/\n", "0::/not/there\n"])
  func whatIsMountedCountsWhereTheGroupIsNotSeen(line: String) throws {
    let system = try FakeSystem(
      groups: unified.merging([
        "/proc/self/cgroup": line, "/sys/fs/cgroup/cpu.max": "400000 100000\n",
      ]) { $1 })
    #expect(system.threadCount == 4)
  }

  @Test func blanksInTheMountsPath() throws {
    let system = try FakeSystem(
      groups: [
        "/proc/self/cgroup": "0::/a b\n",
        "/proc/self/mountinfo": "31 23 0:28 / /my\\040groups rw - cgroup2 cgroup2 rw\n",
        "/my groups/a b/cpu.max": "300000 100000\n",
      ])
    #expect(system.threadCount == 3)
  }

  @Test(arguments: ["", "\n", "::", "0:", ":::::", "0::", "x:cpu", "\u{0}\u{1}:cpu:/\n"])
  func groupsOfNonsense(line: String) throws {
    for mounts in ["", "- - - -", "1 2 3 4 5 6 -", "1 2 3 / \\777\\04 rw - cgroup2 x y"] {
      let system = try FakeSystem(
        groups: ["/proc/self/cgroup": line, "/proc/self/mountinfo": mounts])
      #expect(system.threadCount == 8)
      #expect(system.files.memoryLimitByteCount == nil)
    }
  }
}
