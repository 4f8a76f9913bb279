/// A line that says something and goes away again.
package struct Notice: Hashable, Sendable {
  package enum Kind: Hashable, Sendable { case info, error }

  package var kind: Kind
  package var text: String

  package init(_ text: String, kind: Kind = .info) {
    self.text = text
    self.kind = kind
  }

  /// Draws the line in the first row of a block, cut to its width.
  package func draw(into surface: inout Surface, rect: Rect, theme: Theme) {
    guard !rect.isEmpty else { return }
    let style = theme[kind == .error ? .error : .notice]
    surface.fill(rect.splitTop(1).top, style: style)
    surface.putTruncated(" \(text)", at: rect.origin, style: style, columns: rect.columns)
  }
}

/// What is shown where a program has no room.
package enum TooSmall {
  /// The least that a chat can be used on.
  package static let minimum = Size(columns: 20, rows: 6)

  package static func applies(to size: Size) -> Bool {
    size.columns < minimum.columns || size.rows < minimum.rows
  }

  /// Fills the surface with as much of the text as fits, wrapped.
  package static func draw(_ text: String, into surface: inout Surface, theme: Theme) {
    surface.fill(surface.bounds, style: theme.ground)
    surface.cursor = nil
    let layout = TextLayout(text, width: surface.size.columns)
    TextScanner.withUTF8(text) { bytes in
      for (row, line) in layout.lines.prefix(surface.size.rows).enumerated() {
        surface.put(
          utf8: UnsafeBufferPointer(rebasing: bytes[line.start..<line.end]),
          at: Point(column: 0, row: row), style: theme[.text])
      }
    }
  }
}
