import Glibc

/// What the system's own files under `/proc` and `/sys` say of the processors and the memory that
/// this process may use.
///
/// What is missing, unreadable or senseless there counts as no limit.
package struct SystemFiles: Sendable {
  /// The folder that `proc` and `sys` lie in; empty for the system's root.
  let root: String

  /// - Parameter root: another place to look for `proc` and `sys`, for tests.
  package init(root: String = "") { self.root = root }

  /// Threads to compute with: one for each physical core that this process may run on, no more than
  /// the control group's quota pays for. At least one.
  ///
  /// - Siblings of one core count once: they share its vector units and its way to memory, and one
  ///   that waits at a barrier takes from one that computes.
  /// - On processors with cores of several kinds all of them count: work is handed out in small
  ///   chunks, so that slower cores take fewer.
  /// - A quota that is no whole number is rounded to the nearest. Measured on two cores (SmolLM2,
  ///   decode): with 1.5 cores' worth two threads make 171 tokens a second and one 132, with 1.1
  ///   they make 108 and 132.
  ///
  /// The rule is fixed, since a measurement would cost every start more than it brings;
  /// `cria bench --threads N` measures others. While other programs take the cores away,
  /// `TeamGovernor` goes by what each step took.
  ///
  /// - Parameter online: processors to reckon with where the files do not say.
  package func threadCount(online: Int) -> Int {
    let cores = physicalCoreCount ?? max(1, online)
    guard let quota = processorQuota else { return cores }
    return max(1, min(cores, Int(min(quota, Double(cores)).rounded())))
  }

  /// Physical cores of the processors that this process may run on; nil where the files do not say.
  package var physicalCoreCount: Int? {
    allowedProcessors.map { Set($0.map(core)).count }
  }

  /// The processors that are online and in this process's affinity mask; nil where the files do
  /// not say. Never empty.
  package var allowedProcessors: Set<Int>? {
    let online = text("/sys/devices/system/cpu/online").flatMap(Self.processorList)
    let allowed = (text("/proc/self/status") ?? "").split(separator: "\n")
      .first { $0.hasPrefix("Cpus_allowed_list:") }
      .flatMap { Self.processorList(String($0.dropFirst("Cpus_allowed_list:".count))) }
    guard var processors = allowed ?? online else { return nil }
    // The mask may name processors that are offline.
    if let online, !processors.isDisjoint(with: online) { processors.formIntersection(online) }
    return processors
  }

  /// What tells a core from others: the least of the processors that it shows itself as.
  private func core(of processor: Int) -> Int {
    let folder = "/sys/devices/system/cpu/cpu\(processor)/topology/"
    for name in ["core_cpus_list", "thread_siblings_list"] {
      let siblings = text(folder + name).flatMap(Self.processorList)
      if let siblings, siblings.contains(processor), let least = siblings.min() { return least }
    }
    return processor
  }

  /// `0-3,8,10-11` as numbers; nil for what is not such a list.
  private static func processorList(_ text: String) -> Set<Int>? {
    let limit = 1 << 16
    var numbers = Set<Int>()
    for part in text.split(separator: ",") {
      let bounds = part.split(separator: "-", omittingEmptySubsequences: false).map { word in
        Int(word.filter { !$0.isWhitespace })
      }
      guard let first = bounds[0], let last = bounds.count == 1 ? first : bounds[1],
        bounds.count <= 2, first >= 0, first <= last, last < limit
      else { return nil }
      numbers.formUnion(first...last)
    }
    return numbers.isEmpty ? nil : numbers
  }

  /// The text of a file of at most 1 MiB; nil where it cannot be read.
  func text(_ path: String) -> String? {
    guard let file = fopen(root + path, "re") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while bytes.count < 1 << 20 {
      let count = fread(&buffer, 1, buffer.count, file)
      if count == 0 { break }
      bytes += buffer.prefix(count)
    }
    return ferror(file) == 0 ? String(decoding: bytes, as: UTF8.self) : nil
  }
}
