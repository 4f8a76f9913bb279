import TUI
import Testing

@Suite struct InputDecoderTests {
  private static let up: Int32 = 259

  private func decode(_ text: String) -> [Event] {
    var decoder = InputDecoder(keys: [Self.up: Key(.up)])
    return decoder.decode(text.unicodeScalars.map { .scalar($0.value) })
  }

  private func keys(_ notation: String) throws -> [Event] {
    try Key.sequence(notation).map { Event.key($0) }
  }

  @Test(
    arguments: [
      ("aé世", "aé世"), ("\r", "<Enter>"), ("\n", "<C-j>"), ("\t", "<Tab>"),
      ("\u{7F}", "<Backspace>"),
      ("\u{8}", "<C-h>"), ("\u{1}\u{1A}", "<C-a><C-z>"), ("\u{1F}", "<C-_>"), ("\0", "<C-Space>"),
      ("\u{1B}", "<Esc>"), ("\u{1B}b", "<A-b>"), ("\u{1B}\r", "<A-Enter>"), ("\u{1B}B", "<A-B>"),
      ("\u{1B}\u{7F}", "<A-Backspace>"), ("\u{1B}_x\u{1B}\\a", "a"), ("\u{1B}[", "<A-[>"),
      ("\u{1B}O", "<A-O>"), ("\u{1B}_", "<A-_>"), ("\u{1B}P", "<A-P>"), ("\u{1B}]", "<A-]>"),
      ("\u{1B}\u{1B}", "<Esc><Esc>"), ("\u{1B}é", "<A-é>"),
      // Unknown sequences leave nothing behind.
      ("\u{1B}[99;99xa", "a"), ("\u{1B}Oxa", "a"), ("\u{1B}]0;title\u{7}a", "a"),
      ("\u{1B}P1$r0m\u{1B}\\a", "a"), ("\u{1B}[?62;4ca", "a"), ("\u{1B}[12\u{1B}a", "<A-a>"),
      // A string without an end gives the keys back at the next control character.
      ("\u{1B}_xy\ra", "<Enter>a"), ("\u{1B}]0;title\u{1B}a", "<A-a>"),
    ] as [(String, String)])
  func decodes(_ text: String, _ notation: String) throws {
    #expect(decode(text) == (try keys(notation)))
  }

  @Test(
    arguments: [
      ("\u{1B}[<0;10;5M", .press, 9, 4), ("\u{1B}[<0;10;5m", .release, 9, 4),
      ("\u{1B}[<32;300;5M", .drag, 299, 4), ("\u{1B}[<64;1;1M", .wheelUp, 0, 0),
      ("\u{1B}[<65;1;1M", .wheelDown, 0, 0), ("\u{1B}[<20;3;2M", .press, 2, 1),
      ("\u{1B}[M #!", .press, 2, 0), ("\u{1B}[M##!", .release, 2, 0),
      ("\u{1B}[M`!!", .wheelUp, 0, 0),
    ] as [(String, Event.Mouse.Action, Int, Int)])
  func mouse(_ text: String, _ action: Event.Mouse.Action, _ column: Int, _ row: Int) {
    #expect(
      decode(text + "a")
        == [.mouse(Event.Mouse(action, at: Point(column: column, row: row))), .key("a")])
  }

  @Test(
    arguments: [
      "\u{1B}[<1;10;5M", "\u{1B}[<2;10;5M", "\u{1B}[<0;0;5M", "\u{1B}[<0;10M", "\u{1B}[<;;M",
      "\u{1B}[<99999999999999999999;1;1M", "\u{1B}[<0;1;1;1M", "\u{1B}[<M",
    ])
  func mouseReportsOfNoUseLeaveNothing(_ text: String) {
    #expect(decode(text + "a") == [.key("a")])
  }

  @Test func codesAndAltWithCodes() throws {
    var decoder = InputDecoder(keys: [Self.up: Key(.up)])
    #expect(
      decoder.decode([.code(Self.up), .scalar(27), .code(Self.up), .code(999), .scalar(97)])
        == (try keys("<Up><A-Up>a")))
  }

  @Test func anUnknownSequenceMayEndInTheNextBatch() throws {
    var decoder = InputDecoder(keys: [:])
    #expect(decoder.decode("\u{1B}[38;5".unicodeScalars.map { .scalar($0.value) }).isEmpty)
    #expect(
      decoder.decode(";1ma".unicodeScalars.map { .scalar($0.value) }) == (try keys("a")))
  }

  private func paste(_ text: String) -> [InputDecoder.Token] {
    [.code(InputDecoder.pasteStart)] + text.unicodeScalars.map { .scalar($0.value) }
      + [.code(InputDecoder.pasteEnd)]
  }

  @Test func pastesArriveWholeAndClean() throws {
    var decoder = InputDecoder(keys: [Self.up: Key(.up)])
    let text = "one\r\ntwo\rthree\nfour\tfive\u{1B}[31m\u{7}\u{0}\u{9B}six🙂"
    #expect(
      decoder.decode(paste(text) + [.scalar(97)])
        == [.paste("one\ntwo\nthree\nfour\tfive[31msix🙂"), .key("a")])
  }

  @Test func aPasteMayComeInPieces() {
    var decoder = InputDecoder(keys: [:])
    let tokens = paste("a\u{1B}b\n\nc")
    var events: [Event] = []
    for token in tokens { events += decoder.decode([token]) }
    #expect(events == [.paste("ab\n\nc")])
  }

  @Test func escapeInAPasteDoesNotEndIt() {
    var decoder = InputDecoder(keys: [Self.up: Key(.up)])
    let start: [InputDecoder.Token] = [.code(InputDecoder.pasteStart), .scalar(0x1B)]
    #expect(decoder.decode(start).isEmpty)
    #expect(
      decoder.decode([.code(Self.up), .scalar(0x62), .code(InputDecoder.pasteEnd)])
        == [.paste("b")])
  }
}
