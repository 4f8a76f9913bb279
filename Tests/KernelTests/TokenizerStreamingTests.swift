import Kernel
import Testing

@Suite struct TokenizerStreamingTests {
  /// One token a byte: what each push gives, and finish last.
  private func stream(_ bytes: [UInt8]) throws -> [String] {
    let tokenizer = try TokenizerFixtures.byteLevel()
    var decoder = StreamingDecoder(tokenizer, continuing: false)
    return bytes.map { decoder.push(TokenID($0)) } + [decoder.finish()]
  }

  @Test func `a character is held back until it is whole`() throws {
    #expect(try stream(Array("é".utf8)) == ["", "é", ""])
    #expect(try stream(Array("a€".utf8)) == ["a", "", "", "€", ""])
    #expect(try stream(Array("🦙!".utf8)) == ["", "", "", "🦙", "!", ""])
    #expect(
      try stream(Array("👍🏽".utf8)) == ["", "", "", "👍", "", "", "", "🏽", ""])
  }

  @Test func `what cannot become whole is replaced as soon as that is known`() throws {
    #expect(try stream([0xFF, 0x61]) == ["\u{FFFD}", "a", ""])
    #expect(try stream([0xE2, 0x82, 0x61]) == ["", "", "\u{FFFD}a", ""])
    #expect(try stream([0xC3, 0xC3, 0xA9]) == ["", "\u{FFFD}", "é", ""])
    #expect(try stream([0xED, 0xA0]) == ["", "\u{FFFD}\u{FFFD}", ""])
    #expect(try stream([0xF0, 0x9F, 0xA6]) == ["", "", "", "\u{FFFD}"])
  }

  /// The examples of the Unicode standard, tables 3-8 to 3-11.
  @Test(
    arguments: [
      ([0xC0, 0xAF, 0xE0, 0x80, 0xBF, 0xF0, 0x81, 0x82, 0x41], "????????A"),
      ([0xED, 0xA0, 0x80, 0xED, 0xBF, 0xBF, 0xED, 0xAF, 0x41], "????????A"),
      ([0xF4, 0x91, 0x92, 0x93, 0xFF, 0x41, 0x80, 0xBF, 0x42], "?????A??B"),
      ([0xE1, 0x80, 0xE2, 0xF0, 0x91, 0x92, 0xF1, 0xBF, 0x41], "????A"),
    ] as [([UInt8], String)])
  func `one replacement for each maximal subpart`(bytes: [UInt8], expected: String) throws {
    let text = try stream(bytes).joined()
    #expect(text == String(expected.map { $0 == "?" ? "\u{FFFD}" : $0 }))
  }

  @Test func `any bytes give what decoding them at once gives`() throws {
    var generator = SeededGenerator(state: 11)
    let likely: [UInt8] = [0x41, 0x80, 0xBF, 0xC3, 0xE0, 0xE2, 0xED, 0xF0, 0xF4, 0xFF, 0x9F, 0xA0]
    for _ in 0..<500 {
      let bytes = (0..<12).map { _ in likely.randomElement(using: &generator) ?? 0 }
      #expect(try stream(bytes).joined() == String(decoding: bytes, as: UTF8.self))
    }
  }

  @Test func `special tokens write nothing and do not part a character`() throws {
    let tokenizer = try TokenizerFixtures.byteLevel(specials: ["<|im_end|>"])
    var decoder = StreamingDecoder(tokenizer, continuing: false)
    #expect(decoder.push(256) == "")
    #expect(decoder.push(0xC3) == "")
    #expect(decoder.push(256) == "")
    #expect(decoder.push(0xA9) == "é")
    #expect(decoder.push(9999) == "")
    #expect(decoder.push(-1) == "")
    #expect(decoder.finish() == "")
  }

  @Test func `SentencePiece drops the one space that it put there`() throws {
    let tokenizer = try TokenizerFixtures.sentencePiece([("▁a", -1), ("▁", -2), ("a", -3)])
    let (spaceA, space, a): (TokenID, TokenID, TokenID) = (259, 260, 261)
    func text(_ ids: [TokenID], continuing: Bool = false) -> String {
      tokenizer.decode(ids, continuing: continuing)
    }
    #expect(text([spaceA, spaceA]) == "a a")
    #expect(text([space, spaceA]) == " a")
    #expect(text([space]) == "")
    #expect(text([a, spaceA]) == "a a")
    #expect(text([TokenizerFixtures.bos, spaceA]) == "a")
    #expect(text([spaceA], continuing: true) == " a")
    // Byte tokens are bytes, also the one of a space.
    #expect(text([a, 3 + 0x20, 3 + 0xC3, 3 + 0xA9]) == "a é")
  }

  @Test(arguments: ["", " ", "  a", "a  b ", "▁", "🦙 é", "<s>"])
  func `decoding gives back what was encoded`(text: String) throws {
    let tokenizer = try TokenizerFixtures.sentencePiece([("▁a", -1), ("▁", -2), ("a", -3)])
    #expect(
      tokenizer.decode(tokenizer.encode(text)) == String(text.map { $0 == "▁" ? " " : $0 }))
  }
}
