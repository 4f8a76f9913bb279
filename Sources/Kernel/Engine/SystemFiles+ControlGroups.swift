/// Limits of the control groups that this process is in, version 1 and 2.
///
/// A group's limit holds for all below it, so the least one on the way up to the top counts.
/// Source: the Linux kernel's documentation of cgroup-v1 and cgroup-v2, and proc(5).
extension SystemFiles {
  /// Cores' worth of time that the groups grant; nil where there is no limit.
  package var processorQuota: Double? {
    let granted = groupFolders(controller: "cpu").compactMap { folder -> Double? in
      if let words = text(folder + "/cpu.max")?.split(whereSeparator: \.isWhitespace) {
        guard words.count == 2, let time = Double(words[0]) else { return nil }
        return Self.ratio(time, Double(words[1]))
      }
      guard let time = number(folder + "/cpu.cfs_quota_us") else { return nil }
      return Self.ratio(time, number(folder + "/cpu.cfs_period_us"))
    }
    return granted.min()
  }

  /// Bytes of memory that the groups grant; nil where there is no limit.
  package var memoryLimitByteCount: Int? {
    let limits = groupFolders(controller: "memory").compactMap { folder -> Double? in
      number(folder + "/memory.max") ?? number(folder + "/memory.limit_in_bytes")
    }
    // Version 1 says "no limit" by a number near 2^63.
    return limits.filter { $0 > 0 && $0 < 0x1p62 }.map { Int($0) }.min()
  }

  /// Time over period, where both make sense; version 1 has -1 for "no limit".
  private static func ratio(_ time: Double, _ period: Double?) -> Double? {
    guard let period, time > 0, period > 0, (time / period).isFinite else { return nil }
    return time / period
  }

  private func number(_ path: String) -> Double? {
    text(path).flatMap { Double($0.filter { !$0.isWhitespace }) }.flatMap {
      $0.isFinite ? $0 : nil
    }
  }

  /// Folders of the groups that limit this process by `controller`, from its own up to the top
  /// one that can be seen, of all hierarchies that may know the controller.
  private func groupFolders(controller: String) -> [String] {
    let mounts = groupMounts
    return (text("/proc/self/cgroup") ?? "").split(separator: "\n").flatMap { line -> [String] in
      // number:controllers:path; version 2 has no controllers.
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3, let path = fields.last else { return [] }
      let controllers = fields[1].split(separator: ",").map(String.init)
      guard controllers.isEmpty || controllers.contains(controller) else { return [] }
      let mount = mounts.first {
        controllers.isEmpty ? $0.isUnified : $0.options.contains(controller)
      }
      return mount.map { folders($0, path: String(path)) } ?? []
    }
  }

  /// The folder of `path` in the mounted hierarchy and those above it.
  private func folders(_ mount: GroupMount, path: String) -> [String] {
    // A container sees a part of the hierarchy mounted, while the path may count from its top.
    let top = mount.top.split(separator: "/")
    var steps = path.split(separator: "/")
    if steps.starts(with: top) { steps.removeFirst(top.count) }
    // A process outside the part that is mounted: what is mounted is all that can be known.
    if steps.contains("..") { steps = [] }
    return (0...steps.count).reversed().map { count in
      ([mount.folder] + steps.prefix(count).map(String.init)).joined(separator: "/")
    }
  }

  private struct GroupMount {
    let isUnified: Bool
    /// The part of the hierarchy that is mounted.
    let top: String
    let folder: String
    /// A version 1 hierarchy's controllers are among them.
    let options: [String]
  }

  /// Where hierarchies of control groups are mounted.
  private var groupMounts: [GroupMount] {
    (text("/proc/self/mountinfo") ?? "").split(separator: "\n").compactMap { line in
      // id parent device top folder options [tags…] - type source options
      let words = line.split(separator: " ")
      guard let dash = words.firstIndex(of: "-"), dash >= 6, words.count >= dash + 4 else {
        return nil
      }
      let kind = words[dash + 1]
      guard kind == "cgroup" || kind == "cgroup2" else { return nil }
      return GroupMount(
        isUnified: kind == "cgroup2", top: Self.unescaped(words[3]),
        folder: Self.unescaped(words[4]),
        options: words[dash + 3].split(separator: ",").map(String.init))
    }
  }

  /// Blanks in paths stand there as `\040`.
  private static func unescaped(_ word: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = Array(word.utf8)[...]
    while let byte = rest.popFirst() {
      let digits = rest.prefix(3)
      if byte == UInt8(ascii: "\\"), digits.count == 3,
        let code = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
      {
        bytes.append(code)
        rest = rest.dropFirst(3)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
