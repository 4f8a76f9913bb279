import TUI
import Testing

@Suite struct SurfaceTests {
  private let red = Style(foreground: .indexed(1))

  @Test func putsTextAndCountsColumns() {
    var surface = surface(10, 2)
    #expect(surface.put("héllo", at: Point(column: 1, row: 0), style: Style()) == 5)
    #expect(surface.put("世界", at: Point(column: 0, row: 1), style: Style()) == 4)
    expect(surface, " héllo\n世界")
  }

  @Test func cutsAtEveryEdge() {
    var surface = surface(5, 1)
    surface.put("0123456789", at: Point(column: -2, row: 0), style: Style())
    expect(surface, "23456")
    surface.put("abc", at: Point(column: 4, row: 0), style: Style())
    surface.put("above", at: Point(column: 0, row: -1), style: Style())
    surface.put("below", at: Point(column: 0, row: 1), style: Style())
    expect(surface, "2345a")
  }

  @Test func halfAWideGlyphIsABlank() {
    var surface = surface(4, 1)
    surface.put("世界", at: Point(column: -1, row: 0), style: Style())
    expect(surface, " 界")
    surface.put("世", at: Point(column: 3, row: 0), style: Style())
    expect(surface, " 界")
    #expect(surface[3, 0]?.scalars == [0x20])
  }

  @Test func overwritingHalfAWideGlyphBlanksTheOther() {
    var surface = surface(4, 1)
    surface.put("世界", at: Point(column: 0, row: 0), style: Style())
    surface.put("x", at: Point(column: 1, row: 0), style: Style())
    expect(surface, " x界")
    surface.put("y", at: Point(column: 2, row: 0), style: Style())
    expect(surface, " xy")
    surface.put("世", at: Point(column: 0, row: 0), style: Style())
    surface.put("界", at: Point(column: 1, row: 0), style: Style())
    expect(surface, " 界")
    surface.put("世", at: Point(column: 0, row: 0), style: Style())
    expect(surface, "世")
  }

  @Test func aWideGlyphThatDoesNotFitIsLeftOut() {
    var surface = surface(10, 1)
    let used = surface.put(
      "a世界", at: Point(column: 0, row: 0), style: Style(), maximumColumns: 4)
    #expect(used == 3)
    expect(surface, "a世")
  }

  @Test func truncatesWithAnEllipsis() {
    var surface = surface(6, 3)
    surface.putTruncated("abcdef", at: Point(column: 0, row: 0), style: Style(), columns: 6)
    surface.putTruncated("abcdefg", at: Point(column: 0, row: 1), style: Style(), columns: 6)
    surface.putTruncated("世界世界", at: Point(column: 0, row: 2), style: Style(), columns: 6)
    expect(surface, "abcdef\nabcde…\n世界…")
  }

  @Test func inheritedColoursShowWhatIsBelow() {
    var surface = surface(3, 1)
    surface.fill(rect(3, 1), style: Style(background: .indexed(4)))
    surface.put("x", at: Point(column: 1, row: 0), style: red)
    #expect(surface[1, 0]?.style == Style(foreground: .indexed(1), background: .indexed(4)))
    #expect(
      surface[0, 0]?.style == Style(foreground: .terminalDefault, background: .indexed(4)))
  }

  @Test func clippingNestsAndEnds() {
    var surface = surface(6, 2)
    surface.clipped(to: Rect(column: 1, row: 0, columns: 3, rows: 1)) { surface in
      surface.clipped(to: Rect(column: 2, row: 0, columns: 9, rows: 9)) { surface in
        surface.put("abcdef", at: Point(column: 0, row: 0), style: Style())
        surface.put("abcdef", at: Point(column: 0, row: 1), style: Style())
      }
    }
    expect(surface, "  cd")
    surface.put("z", at: Point(column: 0, row: 1), style: Style())
    expect(surface, "  cd\nz")
  }

  @Test func boxesHaveATitleAndAnAsciiForm() {
    var drawn = surface(12, 3)
    drawn.box(rect(12, 3), style: Style(), title: "Models")
    expect(
      drawn,
      """
      ╭─ Models ─╮
      │          │
      ╰──────────╯
      """)
    var plain = Surface(size: Size(columns: 12, rows: 3), glyphs: .ascii)
    plain.box(rect(12, 3), style: Style(), title: "A very long title")
    expect(
      plain,
      """
      +- A ver~ -+
      |          |
      +----------+
      """)
  }

  @Test func runsFollowStyles() {
    var surface = surface(6, 1)
    surface.put("abc", at: Point(column: 1, row: 0), style: red)
    #expect(
      surface.runs(row: 0) == [
        Surface.Run(column: 0, text: " ", style: .terminal),
        Surface.Run(column: 1, text: "abc", style: red.over(.terminal)),
        Surface.Run(column: 4, text: "  ", style: .terminal),
      ])
  }

  @Test func changesAreTheSmallestStretchOfWholeGlyphs() {
    let before = {
      var surface = surface(8, 3)
      surface.put("abc世界", at: Point(column: 0, row: 1), style: Style())
      return surface
    }()
    var after = before
    #expect(after.changes(since: before).isEmpty)
    after.put("B", at: Point(column: 1, row: 1), style: Style())
    #expect(after.changes(since: before) == [Surface.Change(row: 1, columns: 1..<2)])
    after = before
    after.put("x", at: Point(column: 4, row: 1), style: Style())
    #expect(after.changes(since: before) == [Surface.Change(row: 1, columns: 3..<5)])
    #expect(
      after.changes(since: nil) == (0..<3).map { Surface.Change(row: $0, columns: 0..<8) })
    #expect(after.changes(since: surface(7, 3)).count == 3)
  }

  @Test(arguments: [(0, 0), (1, 1), (1, 0), (0, 5), (2, 1)] as [(Int, Int)])
  func drawingOnAlmostNothingIsHarmless(_ columns: Int, _ rows: Int) {
    var surface = surface(columns, rows)
    surface.put("世abc\t", at: Point(column: 0, row: 0), style: Style())
    surface.box(Rect(column: -1, row: -1, columns: 20, rows: 20), style: Style(), title: "title")
    surface.fill(Rect(column: -5, row: -5, columns: 50, rows: 50), style: red)
    surface.paint(Rect(column: 0, row: 0, columns: 50, rows: 50), style: red)
    #expect(surface.cells.count == columns * rows)
    #expect(surface.lines.count == rows)
  }
}
