import Kernel
import Testing

@Suite struct TokenizerVocabularyTests {
  private func code(_ parts: Vocabulary.Parts) -> KernelError.Code? {
    do throws(KernelError) {
      _ = Tokenizer(vocabulary: try Vocabulary(parts, place: "test"))
      return nil
    } catch {
      return error.code
    }
  }

  private let honest = TokenizerFixtures.sentencePieceParts([("a", -1)])

  @Test func `the honest parts are taken`() { #expect(code(honest) == nil) }

  typealias Spoil = @Sendable (inout Vocabulary.Parts) -> Void

  private static let lies: [(name: String, spoil: Spoil)] = [
    ("no pieces", { $0.pieces = PieceList() }),
    ("scores too few", { _ = $0.scores?.popLast() }),
    ("scores too many", { $0.scores?.append(0) }),
    ("a score that is no number", { $0.scores?[7] = .nan }),
    ("an infinite score", { $0.scores?[7] = -.infinity }),
    ("types too few", { _ = $0.types?.popLast() }),
    ("a type that is none", { $0.types?[0] = 7 }),
    ("a negative type", { $0.types?[0] = -1 }),
    ("an enormous type", { $0.types?[0] = 257 }),
    ("bos outside", { $0.bos = 260 }),
    ("eos outside", { $0.eos = Int.max }),
    ("eot negative", { $0.eot = -2 }),
    ("eom outside", { $0.eom = 1 << 40 }),
    ("unknown outside", { $0.unknown = 260 }),
    (
      "a token of enormous length",
      {
        $0.pieces.append([UInt8](repeating: 0x61, count: Vocabulary.longestPieceByteCount + 1))
        $0.scores?.append(0)
        $0.types?.append(1)
      }
    ),
  ]

  @Test(arguments: lies.indices)
  func `parts that cannot be true are refused`(index: Int) {
    var parts = honest
    Self.lies[index].spoil(&parts)
    #expect(code(parts) == .malformed, "\(Self.lies[index].name)")
  }

  @Test func `scores and merges are needed where the model merges by them`() {
    var parts = honest
    parts.scores = nil
    #expect(code(parts) == .missing)
    var bytes = TokenizerFixtures.byteLevelParts()
    bytes.merges = nil
    #expect(code(bytes) == .missing)
  }

  @Test func `odd pieces do no harm`() throws {
    var parts = TokenizerFixtures.sentencePieceParts([("", 9), ("a", -1), ("", 8), ("a", -2)])
    // Bytes that are not UTF-8, and a byte token that names no byte.
    parts.pieces.append([0xFF, 0xC3])
    parts.pieces.append(Array("<0xZZ>".utf8))
    parts.scores? += [-3, 0]
    parts.types? += [1, 6]
    let tokenizer = Tokenizer(vocabulary: try Vocabulary(parts, place: "test"))
    #expect(tokenizer.encode("aa", atStart: false) == [262, 262])
    #expect(tokenizer.encode(bytes: [0xFF, 0xC3], atStart: false) == [263])
    #expect(tokenizer.bytes(of: 264) == [])
    #expect(tokenizer.pieceText(of: 263) == "\u{FFFD}\u{FFFD}")
  }

  @Test func `what is shown of a piece has no control characters`() throws {
    let tokenizer = try TokenizerFixtures.sentencePiece([("a\u{1B}[2Jb\u{7F}\u{9B}", -1)])
    #expect(tokenizer.pieceText(of: 259) == "a\u{FFFD}[2Jb\u{FFFD}\u{FFFD}")
  }

  @Test func `without types bytes and special tokens are known by their names`() throws {
    var parts = honest
    parts.types = nil
    let tokenizer = Tokenizer(vocabulary: try Vocabulary(parts, place: "test"))
    #expect(tokenizer.bos == 1 && tokenizer.eos == 2 && tokenizer.unknown == 0)
    #expect((0...3).map { tokenizer.isSpecial($0) } == [true, true, true, false])
    #expect(tokenizer.encode("\n", atStart: false) == [3 + 10])
    #expect(tokenizer.endOfGeneration == [2])
  }

  @Test func `whether BOS is added`() throws {
    func adds(_ parts: Vocabulary.Parts) throws -> Bool {
      Tokenizer(vocabulary: try Vocabulary(parts, place: "test")).addsBOS
    }
    var parts = honest
    #expect(try adds(parts))
    parts.addsBOS = false
    #expect(try !adds(parts))
    for split in WordSplit.allCases {
      var bytes = TokenizerFixtures.byteLevelParts(split: split, specials: ["<|bos|>"])
      #expect(try !adds(bytes))
      bytes.bos = 256
      #expect(try adds(bytes) == (split == .llama3))
      bytes.addsBOS = true
      #expect(try adds(bytes))
    }
  }

  @Test func `none is written as minus one`() throws {
    var parts = TokenizerFixtures.byteLevelParts()
    parts.bos = -1
    parts.eos = Int(UInt32.max)
    let tokenizer = Tokenizer(vocabulary: try Vocabulary(parts, place: "test"))
    #expect(tokenizer.bos == nil && tokenizer.eos == nil)
    #expect(tokenizer.endOfGeneration.isEmpty)
  }
}
