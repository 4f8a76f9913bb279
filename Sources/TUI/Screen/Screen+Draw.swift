import CNcurses

extension Screen {
  /// Shows a surface: what differs from the one before goes to the terminal, and nothing at
  /// all when they are equal.
  package func draw(_ surface: Surface) {
    guard isOpen else { return }
    let changes = surface.changes(since: shown)
    let isCursorNew = shown?.cursor != surface.cursor || shown?.size != surface.size
    guard !changes.isEmpty || isCursorNew else { return }
    for change in changes { draw(change, of: surface) }
    if let cursor = surface.cursor, Rect(size).contains(cursor) {
      wmove(cria_stdscr(), Int32(cursor.row), Int32(cursor.column))
      curs_set(1)
    } else {
      curs_set(0)
    }
    wnoutrefresh(cria_stdscr())
    if isSynchronized { Screen.write(Array("\u{1B}[?2026h".utf8)) }
    doupdate()
    if isSynchronized { Screen.write(Array("\u{1B}[?2026l".utf8)) }
    shown = surface
  }

  /// Draws everything anew at the next frame, whatever the terminal shows now.
  package func redraw() {
    shown = nil
    clearok(cria_stdscr(), true)
  }

  private func draw(_ change: Surface.Change, of surface: Surface) {
    guard change.row < size.rows else { return }
    var cells: [cchar_t] = []
    cells.reserveCapacity(change.columns.count)
    var style: Style?
    var (attributes, pair): (attr_t, Int32) = (0, 0)
    let end = min(change.columns.upperBound, size.columns)
    for column in change.columns.lowerBound..<max(end, change.columns.lowerBound) {
      guard let cell = surface[column, change.row], !cell.isContinuation else { continue }
      if cell.style != style {
        (attributes, pair) = pairs.attributes(for: cell.style)
        style = cell.style
      }
      var text = cell.scalars.map { wchar_t(bitPattern: $0) } + [0]
      if !TerminalLocale.isUTF8, text[0] > 0x7E { text = [0x3F, 0] }
      var drawn = cchar_t()
      cria_set_cell(&drawn, &text, attributes, pair)
      cells.append(drawn)
    }
    mvwadd_wchnstr(
      cria_stdscr(), Int32(change.row), Int32(change.columns.lowerBound), &cells,
      Int32(cells.count))
  }
}
