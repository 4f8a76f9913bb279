import TUI

/// Where everything lies on the screen: one place for the layout, for drawing and for clicks.
struct Frame {
  let screen: Rect
  /// The line with the title, with room below it on high screens; empty on low ones.
  let title: Rect
  let conversation: Rect
  /// The line above the input.
  let rule: Rect
  /// The input with its margin.
  let input: Rect
  let inputText: Rect
  let status: Rect

  init(_ state: AppState) {
    screen = Rect(state.size)
    let titleRows = state.size.rows >= 20 ? 2 : state.size.rows >= 12 ? 1 : 0
    let (title, afterTitle) = screen.splitTop(titleRows)
    let (aboveStatus, status) = afterTitle.splitBottom(1)
    let rows = min(state.editor.rowCount, Self.inputRowLimit(state.size))
    let (aboveInput, input) = aboveStatus.splitBottom(rows)
    let (conversation, rule) = aboveInput.splitBottom(1)
    self.title = title
    self.conversation = conversation
    self.rule = rule
    self.input = input
    self.status = status
    inputText = Rect(
      column: input.column + 2, row: input.row, columns: input.columns - 3, rows: input.rows)
  }

  /// The input grows to a third of the screen.
  static func inputRowLimit(_ size: Size) -> Int { max(1, size.rows / 3) }

  /// The place for a menu that would like to be so large.
  func overlay(_ ideal: Size) -> Rect {
    let room =
      screen.columns >= 50 && screen.rows >= 14 ? screen.inset(columns: 2, rows: 1) : screen
    return room.centered(ideal)
  }

  /// The place for a page of text.
  var page: Rect {
    let room =
      screen.columns >= 50 && screen.rows >= 14 ? screen.inset(columns: 2, rows: 1) : screen
    return room.centered(Size(columns: 84, rows: room.rows))
  }
}
