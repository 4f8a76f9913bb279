/// A question with two answers.
package struct Confirm: Hashable, Sendable {
  package enum Outcome: Hashable, Sendable { case handled, ignored, accepted, refused }

  package var title: String
  package var message: String
  package var acceptLabel: String
  package var refuseLabel: String
  /// Which answer Enter gives. Starts at the one that changes nothing.
  package private(set) var isAcceptSelected = false

  package init(title: String, message: String, acceptLabel: String, refuseLabel: String) {
    self.title = title
    self.message = message
    self.acceptLabel = acceptLabel
    self.refuseLabel = refuseLabel
  }

  /// y and n answer at once; arrows and Tab move; Enter takes the answer selected.
  package mutating func handle(_ key: Key) -> Outcome {
    switch key {
    case "y", "Y": return .accepted
    case "n", "N", "<Esc>", "<C-c>", "<C-g>": return .refused
    case "<Enter>": return isAcceptSelected ? .accepted : .refused
    case "<Left>", "<Right>", "<Tab>", "<S-Tab>", "h", "l":
      isAcceptSelected.toggle()
      return .handled
    default: return .ignored
    }
  }

  /// Draws the dialog in the middle of a block.
  package func draw(into surface: inout Surface, rect: Rect, theme: Theme) {
    let width = min(rect.columns, max(32, min(64, DisplayWidth.columns(of: message) + 4)))
    let layout = TextLayout(message, width: max(1, width - 4))
    let frame = rect.centered(Size(columns: width, rows: layout.lineCount + 4))
    surface.fill(frame, style: theme[.dialog].over(theme.ground))
    surface.box(
      frame, style: theme[.menuBorder], title: title,
      titleStyle: theme[.title].over(theme[.menuBorder]))
    surface.cursor = nil
    surface.clipped(to: frame) { surface in
      drawLines(layout, into: &surface, frame: frame, theme: theme)
      let row = frame.endRow - 2
      let refuse = " \(refuseLabel) "
      let accept = " \(acceptLabel) "
      var end = frame.endColumn - 2
      end -= surface.putRight(
        refuse, endColumn: end, row: row,
        style: theme[isAcceptSelected ? .dialogButton : .dialogButtonSelected])
      surface.putRight(
        accept, endColumn: end - 2, row: row,
        style: theme[isAcceptSelected ? .dialogButtonSelected : .dialogButton])
    }
  }

  private func drawLines(
    _ layout: TextLayout, into surface: inout Surface, frame: Rect, theme: Theme
  ) {
    TextScanner.withUTF8(message) { bytes in
      for (offset, line) in layout.lines.prefix(layout.lineCount).enumerated() {
        surface.put(
          utf8: UnsafeBufferPointer(rebasing: bytes[line.start..<line.end]),
          at: Point(column: frame.column + 2 + line.indent, row: frame.row + 1 + offset),
          style: theme[.dialog])
      }
    }
  }
}
