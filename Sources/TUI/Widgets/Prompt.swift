/// A small dialog that asks for one line, such as a new name.
package struct Prompt: Hashable, Sendable {
  package enum Outcome: Hashable, Sendable { case handled, ignored, submitted(String), cancelled }

  package var title: String
  package var hint: String
  package var field: LineEdit

  package init(title: String, text: String = "", hint: String = "") {
    self.title = title
    self.hint = hint
    field = LineEdit(text)
  }

  package mutating func handle(_ key: Key) -> Outcome {
    switch key {
    case "<Esc>", "<C-c>", "<C-g>": return .cancelled
    default:
      switch field.handle(key) {
      case .submit: return .submitted(field.text)
      case .handled: return .handled
      case .ignored, .atFirstRow, .atLastRow: return .ignored
      }
    }
  }

  package mutating func paste(_ text: String) { field.paste(text) }

  /// Draws the dialog in the middle of a block, with the cursor in its field.
  package func draw(into surface: inout Surface, rect: Rect, theme: Theme) {
    let frame = rect.centered(Size(columns: 60, rows: hint.isEmpty ? 3 : 4))
    surface.fill(frame, style: theme[.dialog].over(theme.ground))
    surface.box(
      frame, style: theme[.menuBorder], title: title,
      titleStyle: theme[.title].over(theme[.menuBorder]))
    let inner = frame.inset(columns: 2, rows: 1)
    field.draw(into: &surface, rect: inner.splitTop(1).top, style: theme[.dialog])
    if !hint.isEmpty {
      surface.putTruncated(
        hint, at: Point(column: inner.column, row: inner.row + 1), style: theme[.menuDetail],
        columns: inner.columns)
    }
  }
}
