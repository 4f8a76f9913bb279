/// A page of text to scroll through: help, details, a file.
package struct TextPage: Hashable, Sendable {
  package enum Outcome: Hashable, Sendable { case handled, ignored, closed }

  package var title: String
  package var hint: String
  package private(set) var text: String
  private var layout: TextLayout
  private(set) var top = 0
  private var rows = 1

  package init(title: String, text: String, hint: String = "") {
    self.title = title
    self.hint = hint
    self.text = text
    layout = TextLayout(text, width: 78)
  }

  package mutating func setText(_ new: String) {
    text = new
    layout = TextLayout(new, width: layout.width)
    scroll(by: 0)
  }

  /// Sets the size it will be drawn at, frame included.
  package mutating func resize(to size: Size) {
    rows = max(1, size.rows - 2)
    let width = max(1, size.columns - 4)
    if width != layout.width { layout = TextLayout(text, width: width) }
    scroll(by: 0)
  }

  package mutating func scroll(by count: Int) {
    top = min(max(0, top + count), max(0, layout.lineCount - rows))
  }

  package mutating func handle(_ key: Key) -> Outcome {
    switch key {
    case "<Esc>", "q", "<C-c>", "<C-g>", "<Enter>": return .closed
    case "<Up>", "k", "<C-p>": scroll(by: -1)
    case "<Down>", "j", "<C-n>": scroll(by: 1)
    case "<PageUp>", "b": scroll(by: -max(1, rows - 1))
    case "<PageDown>", "<Space>", "f": scroll(by: max(1, rows - 1))
    case "<Home>", "g", "<C-Home>": top = 0
    case "<End>", "G", "<C-End>": scroll(by: layout.lineCount)
    default: return .ignored
    }
    return .handled
  }

  /// Draws the page in its frame over what is there.
  package func draw(into surface: inout Surface, rect: Rect, theme: Theme) {
    surface.fill(rect, style: theme[.menu].over(theme.ground))
    surface.box(
      rect, style: theme[.menuBorder], title: title,
      titleStyle: theme[.title].over(theme[.menuBorder]))
    surface.cursor = nil
    let inner = rect.inset(columns: 2, rows: 1)
    surface.clipped(to: inner) { surface in
      TextScanner.withUTF8(text) { bytes in
        let lines = layout.lines.prefix(layout.lineCount).dropFirst(top).prefix(inner.rows)
        for (offset, line) in lines.enumerated() {
          surface.put(
            utf8: UnsafeBufferPointer(rebasing: bytes[line.start..<line.end]),
            at: Point(column: inner.column + line.indent, row: inner.row + offset),
            style: theme[.menu])
        }
      }
    }
    guard rect.rows >= 2, rect.columns >= 8 else { return }
    let row = rect.endRow - 1
    if !hint.isEmpty {
      surface.putTruncated(
        " \(hint) ", at: Point(column: rect.column + 2, row: row), style: theme[.menuDetail],
        columns: rect.columns - 10)
    }
    if layout.lineCount > inner.rows {
      let shown = min(100, (top + inner.rows) * 100 / layout.lineCount)
      surface.putRight(
        " \(shown)% ", endColumn: rect.endColumn - 2, row: row, style: theme[.menuDetail])
    }
  }
}
