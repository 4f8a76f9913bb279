/// A line to type in: a filter, a name. The keys of the input box, on one row.
package struct LineEdit: Hashable, Sendable {
  private var editor: TextEditor

  package init(_ text: String = "") {
    editor = TextEditor(LineEdit.oneLine(text))
  }

  package var text: String {
    get { editor.text }
    set { editor.setText(LineEdit.oneLine(newValue)) }
  }

  package var isEmpty: Bool { editor.isEmpty }

  /// Answers `.submit` for Enter and `.ignored` for keys a single line has no use for.
  package mutating func handle(_ key: Key) -> TextEditor.Outcome {
    switch editor.keymap[key] {
    case .newline, .up, .down: return .ignored
    default: return editor.handle(key)
    }
  }

  /// Inserts a paste with its line feeds as spaces.
  package mutating func paste(_ text: String) { editor.insert(LineEdit.oneLine(text)) }

  private static func oneLine(_ text: String) -> String {
    String(text.map { $0.isNewline ? " " : $0 })
  }

  /// Draws the part around the cursor and puts the surface's cursor there.
  package func draw(
    into surface: inout Surface, rect: Rect, style: Style, placeholder: String = "",
    placeholderStyle: Style = Style()
  ) {
    guard !rect.isEmpty else { return }
    surface.fill(
      Rect(column: rect.column, row: rect.row, columns: rect.columns, rows: 1), style: style)
    if editor.isEmpty {
      surface.putTruncated(
        placeholder, at: rect.origin, style: placeholderStyle, columns: rect.columns)
    }
    let before = DisplayWidth.columns(
      of: String(editor.elements[..<editor.cursor].compactMap(\.character)))
    let shift = max(0, before - rect.columns + 1)
    surface.clipped(to: rect) { surface in
      surface.put(
        editor.text, at: Point(column: rect.column - shift, row: rect.row), style: style)
    }
    surface.cursor = Point(column: rect.column + before - shift, row: rect.row)
  }
}
