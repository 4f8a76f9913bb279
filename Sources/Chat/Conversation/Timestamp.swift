import FoundationEssentials

/// Dates as the module writes them: UTC, ISO 8601, whole milliseconds.
package enum Timestamp {
  /// Seconds from 1970 to the reference date that `Date` counts from.
  private static let referenceMilliseconds: Int64 = 978_307_200_000

  /// Milliseconds since 1970, rounded; dates beyond a few million years are cut off there.
  package static func milliseconds(of date: Date) -> Int64 {
    let seconds = date.timeIntervalSinceReferenceDate
    guard seconds.isFinite, abs(seconds) < 1e14 else { return 0 }
    return Int64((seconds * 1000).rounded()) + referenceMilliseconds
  }

  /// `date` in whole milliseconds, so that it is the same after writing and reading.
  package static func rounded(_ date: Date) -> Date {
    let offset = milliseconds(of: date) - referenceMilliseconds
    return Date(timeIntervalSinceReferenceDate: Double(offset) / 1000)
  }

  /// "2023-03-13T10:15:00.250Z".
  package static func string(_ date: Date) -> String {
    // A fifth of a millisecond up: the formatter may cut .256, stored as .2559…, to .255.
    (rounded(date) + 0.0002).formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
  }

  /// Reads ISO 8601 with or without fractions of a second.
  package static func date(_ text: String) -> Date? {
    let fractional = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
    let parsed =
      (try? Date(text, strategy: fractional)) ?? (try? Date(text, strategy: .iso8601))
    return parsed.map(rounded)
  }

  /// "20230313T101500Z", for file names.
  package static func compact(_ date: Date) -> String {
    let text = rounded(date).formatted(.iso8601)
    return String(text.filter { $0 != "-" && $0 != ":" })
  }
}
