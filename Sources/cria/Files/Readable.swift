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

  /// `85 ms`, `1.2 s`.
  package static func seconds(_ value: Double) -> String {
    value < 0.9995 ? "\(Int((value * 1000).rounded())) ms" : oneDecimal(value) + " s"
  }

  /// `135 M`, `6.7 B`: how many values a model has.
  package static func parameterCount(_ count: Int) -> String {
    let millions = Double(count) / 1e6
    return millions < 999.5
      ? "\(Int(millions.rounded())) M" : oneDecimal(millions / 1000) + " B"
  }
}
