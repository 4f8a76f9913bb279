/// Time that only goes forward, for limits.
enum Stopwatch {
  private static let start = ContinuousClock.now

  /// Seconds since the first call.
  static func seconds() -> Double {
    let (seconds, attoseconds) = (ContinuousClock.now - start).components
    return Double(seconds) + Double(attoseconds) / 1e18
  }
}
