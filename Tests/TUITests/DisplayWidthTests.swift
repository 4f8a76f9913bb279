import TUI
import Testing

/// Expected widths are those of Unicode's East Asian Width and of what terminals agree on.
@Suite struct DisplayWidthTests {
  @Test(
    arguments: [
      ("a", 1), ("é", 1), ("e\u{301}", 1), ("ß", 1), ("Ж", 1), ("α", 1), ("ا", 1), ("ש", 1),
      ("界", 2), ("あ", 2), ("한", 2), ("ｶ", 1), ("Ａ", 2), ("。", 2),
      ("🙂", 2), ("👍", 2), ("👍🏽", 2), ("👨‍👩‍👧‍👦", 2), ("👩‍💻", 2), ("🇸🇪", 2), ("🏴󠁧󠁢󠁥󠁮󠁧󠁿", 2),
      ("❤️", 1), ("1️⃣", 1), ("✓", 1), ("─", 1), ("█", 1), ("…", 1), ("→", 1),
      ("\u{200B}", 0), ("\u{AD}", 0), ("\u{FEFF}", 0), ("का", 2), ("กำ", 2),
      ("\u{1B}", 1), ("\u{9B}", 1), ("\u{202E}", 1), ("\u{301}", 1),
    ] as [(String, Int)])
  func columns(_ text: String, _ columns: Int) {
    #expect(DisplayWidth.columns(of: text) == columns)
  }

  @Test func aLineIsAsWideAsItsParts() {
    #expect(DisplayWidth.columns(of: "héllo 世界 🙂!") == 5 + 1 + 4 + 1 + 2 + 1)
    #expect(DisplayWidth.columns(of: "a\tb") == 5)
    #expect(DisplayWidth.columns(of: "\t\tb") == 9)
  }

  @Test func emojiSequencesAreDrawnAsTheirFirst() {
    var surface = surface(8, 1)
    surface.put("👨‍👩‍👧‍👦👍🏽❤️", at: Point(column: 0, row: 0), style: Style())
    #expect(surface.lines == ["👨👍❤\u{FE0E}".replacingSelector()])
  }

  @Test func flagsAreDrawnAsLetters() {
    var surface = surface(8, 1)
    surface.put("🇸🇪|🇫🇮", at: Point(column: 0, row: 0), style: Style())
    #expect(surface.lines == ["SE|FI"])
  }

  @Test func marksStayOnTheirBaseUpToFour() throws {
    var surface = surface(8, 1)
    surface.put(
      "a\u{300}\u{301}\u{302}\u{303}\u{304}\u{306}b", at: Point(column: 0, row: 0),
      style: Style())
    let first = try #require(surface[0, 0])
    #expect(first.scalars == [0x61, 0x300, 0x301, 0x302, 0x303])
    #expect(surface[1, 0]?.scalars == [0x62])
  }

  @Test func longRunsWithoutAsciiAreCountedWhole() {
    #expect(DisplayWidth.columns(of: String(repeating: "世", count: 5000)) == 10_000)
    #expect(DisplayWidth.columns(of: String(repeating: "e\u{301}", count: 3000)) == 3000)
    #expect(DisplayWidth.columns(of: String(repeating: "🇸🇪", count: 1000)) == 2000)
  }

  @Test func aMegabyteOfMarksOnOneLetterIsOneColumn() {
    #expect(DisplayWidth.columns(of: "a" + String(repeating: "\u{301}", count: 100_000)) == 1)
  }
}

extension String {
  /// Without variation selectors, which are never drawn.
  fileprivate func replacingSelector() -> String {
    String(String.UnicodeScalarView(unicodeScalars.filter { $0.value != 0xFE0E }))
  }
}
