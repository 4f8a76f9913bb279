import Glibc

/// What this process may use of the machine.
package enum Processor {
  /// Threads that compute where nobody says how many; see `SystemFiles.threadCount`.
  package static var threadCount: Int {
    SystemFiles().threadCount(online: sysconf(Int32(_SC_NPROCESSORS_ONLN)))
  }

  /// Processors that this process may run on, siblings of one core counted each. At least one.
  package static var allowedProcessorCount: Int {
    SystemFiles().allowedProcessors?.count ?? max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
  }

  /// Bytes of memory that are there: the machine's, or fewer where a control group caps them.
  /// Nil where the system does not say.
  package static var memoryByteCount: Int? {
    let pages = sysconf(Int32(_SC_PHYS_PAGES))
    let size = sysconf(Int32(_SC_PAGESIZE))
    let installed = pages > 0 && size > 0 ? pages * size : nil
    return [installed, SystemFiles().memoryLimitByteCount].compactMap(\.self).min()
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
