extension Surface {
  /// Draws one line of text and answers the columns it takes, cut to `maximumColumns`.
  ///
  /// The text may come from anywhere: control characters, escape sequences and directional
  /// overrides are drawn as harmless signs (see `DisplayWidth`). Tabs advance to every fourth
  /// column counted from `point`. A wide glyph that does not fit is left out. The columns are
  /// counted whether or not the clip shows them, so that text after this one can be placed.
  @discardableResult
  package mutating func put(
    _ text: some StringProtocol, at point: Point, style: Style, maximumColumns: Int = .max
  ) -> Int {
    TextScanner.withUTF8(text) { bytes in
      put(utf8: bytes, at: point, style: style, maximumColumns: maximumColumns)
    }
  }

  /// The same for UTF-8 in memory, as a `String` holds it.
  @discardableResult
  mutating func put(
    utf8 bytes: UnsafeBufferPointer<UInt8>, at point: Point, style: Style,
    maximumColumns: Int = .max
  ) -> Int {
    let rowIsVisible = point.row >= clip.row && point.row < clip.endRow
    var used = 0
    TextScanner.scan(bytes) { glyph in
      let columns = glyph.columns(atColumn: used)
      if columns > maximumColumns - used { return false }
      let column = point.column + used
      used += columns
      // Past the right edge nothing is drawn, but the count goes on.
      guard rowIsVisible, column < clip.endColumn else { return true }
      if let ascii = glyph.ascii, ascii >= 0x20, ascii != 0x7F {
        if column >= clip.column {
          set(glyph: UInt32(ascii), columns: 1, column: column, row: point.row, style: style)
        }
      } else if glyph.isTab {
        for offset in 0..<columns {
          place(glyph: 0x20, columns: 1, column: column + offset, row: point.row, style: style)
        }
      } else {
        var offset = 0
        let character = glyph.character
        let ascii = glyph.ascii.map { Character(Unicode.Scalar($0)) }
        guard let drawn = character ?? ascii else { return true }
        DisplayWidth.forEachPiece(of: drawn.unicodeScalars) { piece in
          let number =
            piece.marks.isEmpty
            ? piece.base : ClusterTable.number(for: [piece.base] + piece.marks)
          place(
            glyph: number, columns: piece.columns, column: column + offset, row: point.row,
            style: style)
          offset += piece.columns
        }
      }
      return true
    }
    return used
  }

  /// Draws text at the right end of a span: it ends before `endColumn`.
  @discardableResult
  package mutating func putRight(
    _ text: some StringProtocol, endColumn: Int, row: Int, style: Style
  ) -> Int {
    let columns = DisplayWidth.columns(of: text)
    return put(text, at: Point(column: endColumn - columns, row: row), style: style)
  }

  /// Draws text cut to so many columns, with an ellipsis in the last one if it was cut.
  @discardableResult
  package mutating func putTruncated(
    _ text: some StringProtocol, at point: Point, style: Style, columns: Int
  ) -> Int {
    guard columns > 0 else { return 0 }
    let total = DisplayWidth.columns(of: text)
    if total <= columns { return put(text, at: point, style: style, maximumColumns: columns) }
    let used = put(text, at: point, style: style, maximumColumns: columns - 1)
    put(
      String(glyphs.ellipsis), at: Point(column: point.column + used, row: point.row),
      style: style)
    return used + 1
  }

  /// Places a glyph if the clip has all of it; half of a wide one becomes a blank.
  private mutating func place(glyph: UInt32, columns: Int, column: Int, row: Int, style: Style) {
    let first = max(column, clip.column)
    let end = min(column + columns, clip.endColumn)
    guard first < end else { return }
    if first == column && end == column + columns {
      set(glyph: glyph, columns: columns, column: column, row: row, style: style)
    } else {
      set(glyph: 0x20, columns: 1, column: first, row: row, style: style)
    }
  }
}
