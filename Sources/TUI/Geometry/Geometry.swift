/// A width and a height in terminal cells, never negative.
package struct Size: Hashable, Sendable {
  package var columns: Int
  package var rows: Int

  package init(columns: Int, rows: Int) {
    self.columns = max(0, columns)
    self.rows = max(0, rows)
  }
}

/// A cell's place; column 0, row 0 is the top left corner.
package struct Point: Hashable, Sendable {
  package var column: Int
  package var row: Int

  package init(column: Int, row: Int) {
    self.column = column
    self.row = row
  }
}

/// A block of cells.
package struct Rect: Hashable, Sendable {
  package var column: Int
  package var row: Int
  package var columns: Int
  package var rows: Int

  package init(column: Int, row: Int, columns: Int, rows: Int) {
    self.column = column
    self.row = row
    self.columns = max(0, columns)
    self.rows = max(0, rows)
  }

  package init(_ size: Size) {
    self.init(column: 0, row: 0, columns: size.columns, rows: size.rows)
  }

  package var origin: Point { Point(column: column, row: row) }
  package var size: Size { Size(columns: columns, rows: rows) }
  /// The first column right of the block.
  package var endColumn: Int { column + columns }
  /// The first row below the block.
  package var endRow: Int { row + rows }
  package var isEmpty: Bool { columns == 0 || rows == 0 }

  package func contains(_ point: Point) -> Bool {
    point.column >= column && point.column < endColumn && point.row >= row && point.row < endRow
  }

  /// What both blocks cover; empty when they do not meet.
  package func intersection(_ other: Rect) -> Rect {
    let left = max(column, other.column)
    let top = max(row, other.row)
    return Rect(
      column: left, row: top,
      columns: min(endColumn, other.endColumn) - left, rows: min(endRow, other.endRow) - top)
  }

  /// The block without so many cells at each edge.
  package func inset(columns byColumns: Int, rows byRows: Int) -> Rect {
    Rect(
      column: column + byColumns, row: row + byRows, columns: columns - 2 * byColumns,
      rows: rows - 2 * byRows)
  }

  /// The top `count` rows and the rest, `count` cut to what is there.
  package func splitTop(_ count: Int) -> (top: Rect, rest: Rect) {
    let taken = min(max(0, count), rows)
    return (
      Rect(column: column, row: row, columns: columns, rows: taken),
      Rect(column: column, row: row + taken, columns: columns, rows: rows - taken)
    )
  }

  /// The rest and the bottom `count` rows, `count` cut to what is there.
  package func splitBottom(_ count: Int) -> (rest: Rect, bottom: Rect) {
    let taken = min(max(0, count), rows)
    let (rest, bottom) = splitTop(rows - taken)
    return (rest, bottom)
  }

  /// A block of at most `size` in the middle of this one.
  package func centered(_ size: Size) -> Rect {
    let width = min(size.columns, columns)
    let height = min(size.rows, rows)
    return Rect(
      column: column + (columns - width) / 2, row: row + (rows - height) / 2, columns: width,
      rows: height)
  }
}
