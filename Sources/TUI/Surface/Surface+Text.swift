extension Surface {
  /// A stretch of one row drawn in one style.
  package struct Run: Hashable, Sendable {
    package var column: Int
    package var text: String
    package var style: Style

    package init(column: Int, text: String, style: Style) {
      self.column = column
      self.text = text
      self.style = style
    }
  }

  /// Each row as text, blanks at the end left out.
  package var lines: [String] {
    (0..<size.rows).map { row in
      var line = text(row: row, columns: 0..<size.columns)
      while line.last == " " { line.removeLast() }
      return line
    }
  }

  /// A row as runs of equal style, blanks included.
  package func runs(row: Int) -> [Run] {
    guard row >= 0, row < size.rows else { return [] }
    var runs: [Run] = []
    var start = 0
    for column in 1...max(1, size.columns) where size.columns > 0 {
      let base = row * size.columns
      if column == size.columns || cells[base + column].style != cells[base + start].style {
        runs.append(
          Run(
            column: start, text: text(row: row, columns: start..<column),
            style: cells[base + start].style))
        start = column
      }
    }
    return runs
  }

  private func text(row: Int, columns: Range<Int>) -> String {
    var scalars = String.UnicodeScalarView()
    for column in columns {
      for value in cells[row * size.columns + column].scalars {
        if let scalar = Unicode.Scalar(value) { scalars.append(scalar) }
      }
    }
    return String(scalars)
  }
}
