/// Sizes and lengths of time as people read them.
package enum Readable {
  /// `98 MB`, `3.8 GB`: decimal units, three digits at most.
  package static func byteCount(_ count: Int) -> String {
    var value = Double(count)
    for unit in ["B", "kB", "MB", "GB"] {
      if value < 999.5 || unit == "GB" {
        return (unit == "B" || value >= 99.5 ? String(Int(value.rounded())) : oneDecimal(value))
          + " " + unit
      }
      value /= 1000
    }
    return "\(count) B"
  }

  /// `12.3`.
  package static func oneDecimal(_ value: Double) -> String {
    let tenths = (value * 10).rounded()
    guard tenths.magnitude < 1e15 else { return "\(value)" }
    let whole = Int(tenths)
    return "\(whole < 0 ? "-" : "")\(whole.magnitude / 10).\(whole.magnitude % 10)"
  }

  /// `97 %`; one decimal under ten: `0.4 %`. "-" for what is no number.
  package static func percent(_ share: Double) -> String {
    guard share.isFinite else { return "-" }
    return (share < 0.0995 ? oneDecimal(share * 100) : "\(Int((min(share, 1e9) * 100).rounded()))")
      + " %"
  }

  /// `135M`, `6.7B`.
  package static func parameterCount(_ count: Int) -> String {
    let value = Double(count)
    if value >= 9.995e8 {
      return (value >= 9.95e9 ? "\(Int((value / 1e9).rounded()))" : oneDecimal(value / 1e9)) + "B"
    }
    if value >= 1e6 { return "\(Int((value / 1e6).rounded()))M" }
    return "\(count)"
  }

  /// `8,192`.
  package static func grouped(_ count: Int) -> String {
    var text = String(count.magnitude)
    var place = text.count - 3
    while place > 0 {
      text.insert(",", at: text.index(text.startIndex, offsetBy: place))
      place -= 3
    }
    return (count < 0 ? "-" : "") + text
  }

  /// `0.25 s`, `12 s`, `3 min 5 s`.
  package static func seconds(_ seconds: Double) -> String {
    if seconds < 1 { return "\(Int((seconds * 1000).rounded())) ms" }
    if seconds < 10 { return oneDecimal(seconds) + " s" }
    let whole = Int(min(seconds, 1e9).rounded())
    return whole < 60 ? "\(whole) s" : "\(whole / 60) min \(whole % 60) s"
  }

  /// How long ago something was: `now`, `5 min`, `3 h`, `12 d`.
  package static func age(_ seconds: Double) -> String {
    let seconds = max(0, seconds)
    if seconds < 60 { return "now" }
    if seconds < 3600 { return "\(Int(seconds / 60)) min" }
    if seconds < 86_400 { return "\(Int(seconds / 3600)) h" }
    return "\(Int(min(seconds, 1e12) / 86_400)) d"
  }
}
