extension Surface {
  package mutating func horizontalLine(at point: Point, columns: Int, style: Style) {
    guard columns > 0 else { return }
    let line = String(repeating: glyphs.horizontal, count: min(columns, size.columns))
    put(line, at: point, style: style)
  }

  package mutating func verticalLine(at point: Point, rows: Int, style: Style) {
    guard rows > 0 else { return }
    let line = String(glyphs.vertical)
    for row in point.row..<point.row + rows {
      put(line, at: Point(column: point.column, row: row), style: style)
    }
  }

  /// Draws a frame around the edge of a block, with a title in its top line.
  package mutating func box(
    _ rect: Rect, style: Style, title: String = "", titleStyle: Style? = nil
  ) {
    guard rect.columns >= 2, rect.rows >= 2 else { return }
    let (right, bottom) = (rect.endColumn - 1, rect.endRow - 1)
    horizontalLine(at: rect.origin, columns: rect.columns, style: style)
    horizontalLine(
      at: Point(column: rect.column, row: bottom), columns: rect.columns, style: style)
    verticalLine(at: rect.origin, rows: rect.rows, style: style)
    verticalLine(at: Point(column: right, row: rect.row), rows: rect.rows, style: style)
    put(String(glyphs.topLeft), at: rect.origin, style: style)
    put(String(glyphs.topRight), at: Point(column: right, row: rect.row), style: style)
    put(String(glyphs.bottomLeft), at: Point(column: rect.column, row: bottom), style: style)
    put(String(glyphs.bottomRight), at: Point(column: right, row: bottom), style: style)
    guard !title.isEmpty, rect.columns >= 8 else { return }
    let used = putTruncated(
      title, at: Point(column: rect.column + 3, row: rect.row), style: titleStyle ?? style,
      columns: rect.columns - 6)
    put(" ", at: Point(column: rect.column + 2, row: rect.row), style: style)
    put(" ", at: Point(column: rect.column + 3 + used, row: rect.row), style: style)
  }
}
