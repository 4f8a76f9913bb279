import Glibc

/// Time that only runs forward.
package enum Clock {
  /// Seconds since some fixed moment of this start of the machine.
  package static func seconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
