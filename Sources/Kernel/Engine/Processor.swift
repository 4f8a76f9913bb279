import Glibc

/// What this process may use of the machine.
package enum Processor {
  /// Cores in the affinity mask, no more than the cgroup's quota pays for. At least one.
  package static var usableCoreCount: Int {
    var set = cpu_set_t()
    let cores =
      sched_getaffinity(0, MemoryLayout<cpu_set_t>.size, &set) == 0
      ? withUnsafeBytes(of: &set) { $0.reduce(0) { $0 + $1.nonzeroBitCount } }
      : sysconf(Int32(_SC_NPROCESSORS_ONLN))
    return max(1, min(cores, quota ?? cores))
  }

  /// Whole cores that the cgroup (version 2) grants; nil where there is no limit.
  private static var quota: Int? {
    guard let file = fopen("/sys/fs/cgroup/cpu.max", "re") else { return nil }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 64)
    guard fgets(&line, Int32(line.count), file) != nil else { return nil }
    let words = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
      .split { $0 == " " || $0 == "\n" }
    guard words.count == 2, let granted = Double(words[0]), let period = Double(words[1]),
      granted > 0, period > 0
    else { return nil }
    return max(1, Int(granted / period))
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
