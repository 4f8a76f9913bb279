import Glibc

/// What this process may use of the machine.
package enum Processor {
  /// Cores in the affinity mask, no more than the cgroup's quota pays for. At least one.
  package static var usableCoreCount: Int {
    let cores = allowed ?? sysconf(Int32(_SC_NPROCESSORS_ONLN))
    return max(1, min(cores, quota ?? cores))
  }

  /// Cores in the affinity mask of this process.
  private static var allowed: Int? {
    firstLine(of: "/proc/self/status", startingWith: "Cpus_allowed:").flatMap { line in
      let count = line.dropFirst("Cpus_allowed:".count).reduce(0) {
        $0 + ($1.hexDigitValue?.nonzeroBitCount ?? 0)
      }
      return count > 0 ? count : nil
    }
  }

  /// Whole cores that the cgroup (version 2) grants; nil where there is no limit.
  private static var quota: Int? {
    let words = firstLine(of: "/sys/fs/cgroup/cpu.max", startingWith: "")?.split { $0.isWhitespace }
    guard let words, words.count == 2, let granted = Double(words[0]),
      let period = Double(words[1]), granted > 0, period > 0
    else { return nil }
    return max(1, Int(granted / period))
  }

  private static func firstLine(of path: String, startingWith prefix: String) -> String? {
    guard let file = fopen(path, "re") else { return nil }
    defer { fclose(file) }
    var buffer = [CChar](repeating: 0, count: 4096)
    while fgets(&buffer, Int32(buffer.count), file) != nil {
      let bytes = buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:))
      let line = String(decoding: bytes, as: UTF8.self)
      if line.hasPrefix(prefix) { return line }
    }
    return nil
  }

  /// Bytes of memory that are there in all; nil where the system does not say.
  package static var memoryByteCount: Int? {
    let pages = sysconf(Int32(_SC_PHYS_PAGES))
    let size = sysconf(Int32(_SC_PAGESIZE))
    return pages > 0 && size > 0 ? pages * size : nil
  }
}

/// Time that only goes forward.
package enum Clock {
  /// Seconds since some moment in the past.
  package static func seconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
