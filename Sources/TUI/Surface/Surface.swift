/// A grid of cells: what a view draws on and what the screen shows.
///
/// Drawing outside of the surface, or of the current clip, is cut off without a word, so
/// widgets need no checks of their own.
package struct Surface: Hashable, Sendable {
  package let size: Size
  /// Row after row; `size.columns * size.rows` cells.
  package private(set) var cells: [Cell]
  /// Where the terminal's cursor stands; nil hides it.
  package var cursor: Point?
  /// The signs that lines, meters and marks are drawn with.
  package var glyphs: GlyphSet
  /// Drawing is cut to this block.
  package private(set) var clip: Rect

  /// An empty surface of one style; inherited colours become the terminal's own.
  package init(size: Size, style: Style = .terminal, glyphs: GlyphSet = .current) {
    self.size = size
    self.glyphs = glyphs
    clip = Rect(size)
    cells = Array(repeating: .blank(style.over(.terminal)), count: size.columns * size.rows)
  }

  package var bounds: Rect { Rect(size) }

  /// The cell at a place, or nil outside of the surface.
  package subscript(column: Int, row: Int) -> Cell? {
    guard bounds.contains(Point(column: column, row: row)) else { return nil }
    return cells[row * size.columns + column]
  }

  /// Runs `body` with drawing cut to a block as well as to the present clip.
  @discardableResult
  package mutating func clipped<R, E: Error>(
    to rect: Rect, _ body: (inout Surface) throws(E) -> R
  ) throws(E) -> R {
    let outer = clip
    clip = outer.intersection(rect)
    defer { clip = outer }
    return try body(&self)
  }

  /// Fills a block with blanks of a style; colours it leaves open stay what they were.
  package mutating func fill(_ rect: Rect, style: Style) {
    let area = rect.intersection(clip)
    guard !area.isEmpty else { return }
    for row in area.row..<area.endRow {
      breakWideGlyphs(row: row, from: area.column, to: area.endColumn)
      let start = row * size.columns
      for index in start + area.column..<start + area.endColumn {
        var base = cells[index].style
        base.attributes = []
        cells[index] = .blank(style.over(base))
      }
    }
  }

  /// Lays a style over what a block already shows.
  package mutating func paint(_ rect: Rect, style: Style) {
    let area = rect.intersection(clip)
    guard !area.isEmpty else { return }
    for row in area.row..<area.endRow {
      let start = row * size.columns
      for index in start + area.column..<start + area.endColumn {
        cells[index].style = style.over(cells[index].style)
      }
    }
  }

  /// Sets one glyph of known width within the clip; the caller has checked the place.
  @inline(__always)
  mutating func set(glyph: UInt32, columns: Int, column: Int, row: Int, style: Style) {
    let index = row * size.columns + column
    if cells[index].columns != 1 { breakWideGlyphs(row: row, from: column, to: column + columns) }
    let under = cells[index].style
    cells[index] = Cell(glyph: glyph, style: style.over(under), columns: UInt8(columns))
    if columns == 2 {
      if cells[index + 1].columns == 2 {
        breakWideGlyphs(row: row, from: column + 1, to: column + 2)
      }
      cells[index + 1] = Cell(glyph: 0, style: style.over(under), columns: 0)
    }
  }

  /// Blanks the halves that would be left of wide glyphs when a span is overwritten.
  private mutating func breakWideGlyphs(row: Int, from: Int, to: Int) {
    let start = row * size.columns
    if from > 0, from < size.columns, cells[start + from].isContinuation {
      cells[start + from - 1] = .blank(cells[start + from - 1].style)
      cells[start + from] = .blank(cells[start + from].style)
    }
    if to < size.columns, to > 0, cells[start + to].isContinuation {
      cells[start + to] = .blank(cells[start + to].style)
    }
  }
}
