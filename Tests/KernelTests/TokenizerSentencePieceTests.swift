import Kernel
import Testing

@Suite struct TokenizerSentencePieceTests {
  /// Encodes and shows the pieces, separated by `|`.
  private func pieces(
    _ tokenizer: Tokenizer, _ text: String, atStart: Bool = true, parsingSpecial: Bool = false
  ) -> String {
    tokenizer.encode(text, parsingSpecial: parsingSpecial, atStart: atStart)
      .map { tokenizer.pieceText(of: $0) }.joined(separator: "|")
  }

  @Test func `the highest score merges first`() throws {
    // "abc" can become ab|c or a|bc; bc scores higher.
    let tokenizer = try TokenizerFixtures.sentencePiece([
      ("a", -10), ("b", -11), ("c", -12), ("ab", -2), ("bc", -1),
    ])
    #expect(pieces(tokenizer, "abc", atStart: false) == "a|bc")
    #expect(pieces(tokenizer, "abab", atStart: false) == "ab|ab")
    #expect(pieces(tokenizer, "abcab", atStart: false) == "a|bc|ab")
  }

  @Test func `of equal scores the leftmost merges first`() throws {
    let tokenizer = try TokenizerFixtures.sentencePiece([("a", -9), ("aa", -1), ("aaaa", -1)])
    #expect(pieces(tokenizer, "aaa", atStart: false) == "aa|a")
    // Left to right in pairs, then pairs of pairs from the left.
    #expect(pieces(tokenizer, "aaaaaaa", atStart: false) == "aaaa|aa|a")
    let long = String(repeating: "a", count: 103)
    let expected = [String](repeating: "aaaa", count: 25) + ["aa", "a"]
    #expect(pieces(tokenizer, long, atStart: false) == expected.joined(separator: "|"))
  }

  @Test(arguments: [3, 10, 23, 24, 25, 26, 60, 400])
  func `merging is that of the definition, for short and for long words`(length: Int) throws {
    // A dense vocabulary over three letters, in which most candidates go stale.
    var generator = SeededGenerator(state: UInt64(length))
    var scored: [(text: String, score: Float)] = [("x", -50), ("y", -51), ("z", -52)]
    for first in ["x", "y", "z", "xy", "zz", "yx"] {
      for second in ["x", "y", "z", "zx", "yy", "xyz"]
      where !scored.contains(where: { $0.text == first + second }) {
        scored.append((first + second, -Float(Int.random(in: 1...12, using: &generator))))
      }
    }
    let tokenizer = try TokenizerFixtures.sentencePiece(scored)
    let scores = Dictionary(uniqueKeysWithValues: scored.map { ($0.text, $0.score) })
    for _ in 0..<40 {
      let text = (0..<length).map { _ in ["x", "y", "z"].randomElement(using: &generator) ?? "x" }
      var symbols = text
      while true {
        var best: (index: Int, score: Float)?
        for index in symbols.indices.dropLast() {
          guard let score = scores[symbols[index] + symbols[index + 1]] else { continue }
          if score > best?.score ?? -.infinity { best = (index, score) }
        }
        guard let best else { break }
        symbols[best.index] += symbols.remove(at: best.index + 1)
      }
      #expect(
        pieces(tokenizer, text.joined(), atStart: false) == symbols.joined(separator: "|"))
    }
  }

  @Test func `a space is put before text only at the start and after special tokens`() throws {
    let tokenizer = try TokenizerFixtures.sentencePiece([("▁", -1), ("a", -2)])
    #expect(pieces(tokenizer, "a") == "▁|a")
    #expect(pieces(tokenizer, "a", atStart: false) == "a")
    #expect(pieces(tokenizer, "") == "")
    #expect(pieces(tokenizer, " a") == "▁|▁|a")
    #expect(
      pieces(tokenizer, "a</s>a<s></s>a", parsingSpecial: true) == "▁|a|</s>|▁|a|<s>|</s>|▁|a")
    #expect(pieces(tokenizer, "</s>a", atStart: false, parsingSpecial: true) == "</s>|▁|a")
    #expect(pieces(tokenizer, "a</s>", parsingSpecial: true) == "▁|a|</s>")
  }

  @Test func `a file can do without the space`() throws {
    var parts = TokenizerFixtures.sentencePieceParts([("▁", -1), ("a", -2)])
    parts.addsSpacePrefix = false
    let tokenizer = Tokenizer(vocabulary: try Vocabulary(parts, place: "test"))
    #expect(pieces(tokenizer, "a</s>a", parsingSpecial: true) == "a|</s>|a")
    #expect(tokenizer.decode(tokenizer.encode(" a")) == " a")
  }

  @Test func `what is no piece becomes the tokens of its bytes`() throws {
    let tokenizer = try TokenizerFixtures.sentencePiece([("a", -1), ("é", -2)])
    #expect(pieces(tokenizer, "aé🦙", atStart: false) == "a|é|<0xF0>|<0x9F>|<0xA6>|<0x99>")
    #expect(pieces(tokenizer, "\n\0", atStart: false) == "<0x0A>|<0x00>")
    #expect(tokenizer.decode(tokenizer.encode("🦙\n")) == "🦙\n")
  }

  @Test func `bytes that are not UTF-8 become their tokens`() throws {
    let tokenizer = try TokenizerFixtures.sentencePiece([("a", -1), ("é", -2)])
    let bytes: [UInt8] = [0xFF, 0x61, 0xC3, 0x61, 0xC3, 0xA9, 0xE2, 0x96]
    let ids = tokenizer.encode(bytes: bytes, atStart: false)
    #expect(
      ids.map { tokenizer.pieceText(of: $0) }
        == ["<0xFF>", "a", "<0xC3>", "a", "é", "<0xE2>", "<0x96>"])
    #expect(ids.flatMap { tokenizer.bytes(of: $0) } == bytes)
  }

  @Test func `without byte tokens a row of unknown characters is one unknown token`() throws {
    var parts = Vocabulary.Parts()
    parts.pieces = PieceList(["<unk>", "<s>", "</s>", "a"])
    parts.scores = [0, 0, 0, -1]
    parts.types = [2, 3, 3, 1]
    let tokenizer = Tokenizer(vocabulary: try Vocabulary(parts, place: "test"))
    #expect(tokenizer.encode("éü a€a", atStart: false) == [0, 3, 0, 3])
  }

  @Test func `a written-out space mark is a space`() throws {
    let tokenizer = try TokenizerFixtures.sentencePiece([("▁", -3), ("a", -2), ("▁a", -1)])
    #expect(pieces(tokenizer, "▁a") == "▁|▁a")
    #expect(tokenizer.encode("▁a▁") == tokenizer.encode(" a "))
  }

  @Test func `pieces that reach across words are found`() throws {
    let tokenizer = try TokenizerFixtures.sentencePiece([
      ("a", -9), ("b", -9), ("▁", -9), ("▁b", -2), ("a▁b", -1),
    ])
    #expect(pieces(tokenizer, "a b", atStart: false) == "a▁b")
  }

  @Test func `control, unknown and byte tokens are not found in text`() throws {
    let tokenizer = try TokenizerFixtures.sentencePiece(
      "<s>/0xA".map { (String($0), -5) } + [("<s", -1)])
    #expect(pieces(tokenizer, "<s>", atStart: false) == "<s|>")
    #expect(pieces(tokenizer, "<0x0A>", atStart: false) == "<|0|x|0|A|>")
  }
}

/// SplitMix64 (Steele, Lea and Flood 2014), so that a failure comes again.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
    return value ^ value >> 31
  }
}
