extension TextEditor {
  /// One row as drawn: elements from `start` to before `end`; the next row begins at `next`.
  struct Row: Hashable, Sendable {
    var start: Int
    var end: Int
    var next: Int
  }

  /// Breaks elements into rows by words. The last column is left to the cursor. Linear.
  static func wrap(_ elements: [Element], columns: Int) -> [Row] {
    let width = max(1, columns - 1)
    var rows: [Row] = []
    var start = 0
    var column = 0
    var breakPlace: Int?
    var place = 0
    while place < elements.count {
      let element = elements[place]
      if element == .newline {
        rows.append(Row(start: start, end: place, next: place + 1))
        place += 1
        (start, column, breakPlace) = (place, 0, nil)
        continue
      }
      let wide = self.columns(of: element, atColumn: column, limit: width)
      if column + wide > width, place > start, !element.isSpace {
        let cut = breakPlace ?? place
        rows.append(Row(start: start, end: cut, next: cut))
        // What was carried over is measured again from its new start.
        (place, start, column, breakPlace) = (cut, cut, 0, nil)
        continue
      }
      column += wide
      place += 1
      if element.isSpace { breakPlace = place }
    }
    rows.append(Row(start: start, end: elements.count, next: elements.count + 1))
    return rows
  }

  static func columns(of element: Element, atColumn column: Int, limit: Int) -> Int {
    switch element {
    case .character("\t"): TextScanner.tabColumns - column % TextScanner.tabColumns
    case .character(let character): DisplayWidth.columns(of: character)
    case .chip(let chip): min(limit, DisplayWidth.columns(of: chip.label) + 2)
    }
  }

  func row(of place: Int) -> Int {
    var low = 0
    var high = rows.count
    while low < high {
      let middle = (low + high) / 2
      if rows[middle].start <= place { low = middle + 1 } else { high = middle }
    }
    return max(0, low - 1)
  }

  func column(of place: Int) -> Int {
    let row = rows[row(of: place)]
    var column = 0
    for element in elements[row.start..<min(place, row.end)] {
      column += TextEditor.columns(of: element, atColumn: column, limit: max(1, columns - 1))
    }
    return min(column, columns - 1)
  }

  func place(row index: Int, column goal: Int) -> Int {
    let row = rows[index]
    var column = 0
    for place in row.start..<max(row.start, row.end) {
      column += TextEditor.columns(
        of: elements[place], atColumn: column, limit: max(1, columns - 1))
      if column > goal { return place }
    }
    // The place after a row's soft end is the next row's start.
    return row.next == row.end && row.end > row.start ? row.end - 1 : row.end
  }

  /// Moves the cursor to what is drawn at a place of the rectangle it was drawn in.
  package mutating func click(_ point: Point, in rect: Rect) {
    guard rect.contains(point) else { return }
    let row = min(firstRow + point.row - rect.row, rows.count - 1)
    cursor = place(row: max(0, row), column: point.column - rect.column)
    goalColumn = nil
    settle()
  }

  /// Draws the rows in view, and puts the surface's cursor where the next letter goes if the
  /// box has the focus. An empty box shows the placeholder.
  package func draw(
    into surface: inout Surface, rect: Rect, theme: Theme, placeholder: String = "",
    isFocused: Bool = true
  ) {
    let style = theme[.input]
    surface.fill(rect, style: style)
    surface.clipped(to: rect) { surface in
      if elements.isEmpty && !placeholder.isEmpty {
        surface.putTruncated(
          placeholder, at: rect.origin, style: theme[.inputHint], columns: rect.columns)
      }
      for (offset, row) in rows.dropFirst(firstRow).prefix(rect.rows).enumerated() {
        draw(row, at: Point(column: rect.column, row: rect.row + offset), &surface, theme)
      }
    }
    let row = self.row(of: cursor) - firstRow
    if isFocused, row < rect.rows, !rect.isEmpty {
      surface.cursor = Point(
        column: rect.column + min(column(of: cursor), rect.columns - 1), row: rect.row + row)
    }
  }

  private func draw(_ row: Row, at point: Point, _ surface: inout Surface, _ theme: Theme) {
    var column = 0
    for element in elements[row.start..<row.end] {
      let place = Point(column: point.column + column, row: point.row)
      let wide = TextEditor.columns(of: element, atColumn: column, limit: max(1, columns - 1))
      switch element {
      case .character("\t"): break
      case .character(let character):
        surface.put(String(character), at: place, style: theme[.input])
      case .chip(let chip):
        surface.putTruncated(
          "[\(chip.label)]", at: place, style: theme[.inputChip], columns: wide)
      }
      column += wide
    }
  }
}
