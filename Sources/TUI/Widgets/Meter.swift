/// A bar for how much of something is used.
package enum Meter {
  /// The bar as pieces of a status segment; 0 is drawn empty, anything above 0 with at least
  /// one full cell, and only 1 without an empty one.
  package static func spans(fraction: Double, columns: Int, glyphs: GlyphSet) -> [StatusBar.Span] {
    guard columns > 0 else { return [] }
    let bounded = fraction.isFinite ? min(max(0, fraction), 1) : 0
    var full = Int((bounded * Double(columns)).rounded())
    if bounded > 0 { full = max(1, full) }
    if bounded < 1 { full = min(full, max(columns - 1, bounded > 0 ? 1 : 0)) }
    return [
      StatusBar.Span(String(repeating: glyphs.meterFull, count: full), role: .meterFull),
      StatusBar.Span(
        String(repeating: glyphs.meterEmpty, count: columns - full), role: .meterEmpty),
    ]
  }

  /// Values as a row of small bars, the newest at the right, scaled to the largest of them.
  package static func graph(_ values: [Double], columns: Int, glyphs: GlyphSet) -> String {
    let shown = values.suffix(max(0, columns)).map { $0.isFinite ? max(0, $0) : 0 }
    guard let largest = shown.max(), largest > 0 else {
      return String(repeating: glyphs.graph[0], count: shown.count)
    }
    let top = glyphs.graph.count - 1
    return String(shown.map { glyphs.graph[Int(($0 / largest * Double(top)).rounded())] })
  }
}
