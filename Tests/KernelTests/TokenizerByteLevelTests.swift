import Kernel
import Testing

@Suite struct TokenizerByteLevelTests {
  /// Encodes and shows the pieces, separated by a space, which no piece contains.
  private func pieces(_ tokenizer: Tokenizer, _ text: String) -> String {
    tokenizer.encode(text).map { tokenizer.pieceText(of: $0) }.joined(separator: " ")
  }

  @Test func `merges go by rank and stay inside words`() throws {
    let tokenizer = try TokenizerFixtures.byteLevel(
      merges: ["b c", "a b", "Ġ a", "c Ġ", "Ã ©", "Ġa bc"])
    #expect(pieces(tokenizer, "abc") == "a bc")
    #expect(pieces(tokenizer, "abab") == "ab ab")
    // Rank 3 would join the words, but a space starts the next one.
    #expect(pieces(tokenizer, "c abc") == "c Ġabc")
    #expect(pieces(tokenizer, "é") == "Ã©")
  }

  @Test(arguments: [2, 9, 24, 25, 40, 300])
  func `merging is that of the definition, for short and for long words`(length: Int) throws {
    var generator = SeededGenerator(state: UInt64(length))
    var made = ["x", "y", "z"]
    var merges: [String] = []
    while merges.count < 40 {
      guard let left = made.randomElement(using: &generator),
        let right = made.randomElement(using: &generator), left.count + right.count <= 6
      else { continue }
      let merge = left + " " + right
      if merges.contains(merge) { continue }
      merges.append(merge)
      if !made.contains(left + right) { made.append(left + right) }
    }
    let tokenizer = try TokenizerFixtures.byteLevel(merges: merges)
    let ranks = Dictionary(uniqueKeysWithValues: merges.enumerated().map { ($1, $0) })
    for _ in 0..<40 {
      let text = (0..<length).map { _ in ["x", "y", "z"].randomElement(using: &generator) ?? "x" }
      var symbols = text
      while true {
        var best: (index: Int, rank: Int)?
        for index in symbols.indices.dropLast() {
          guard let rank = ranks[symbols[index] + " " + symbols[index + 1]] else { continue }
          if rank < best?.rank ?? .max { best = (index, rank) }
        }
        guard let best else { break }
        symbols[best.index] += symbols.remove(at: best.index + 1)
      }
      #expect(pieces(tokenizer, text.joined()) == symbols.joined(separator: " "))
    }
  }

  @Test(arguments: [
    (WordSplit.gpt2, "12 3 4 5 6 7"), (.smollm, "1 2 3 4 5 6 7"), (.llama3, "12 3 45 6 7"),
    (.qwen2, "1 2 3 4 5 6 7"),
  ])
  func `each split has its way with numbers`(split: WordSplit, expected: String) throws {
    // "45" is inside a word only where numbers go by three; gpt-2 meets 12 first, and then
    // would need 34.
    let merges = split == .gpt2 ? ["1 2", "2 3"] : ["1 2", "2 3", "4 5", "3 4"]
    let tokenizer = try TokenizerFixtures.byteLevel(split: split, merges: merges)
    #expect(pieces(tokenizer, "1234567") == expected)
  }

  @Test(arguments: [
    (WordSplit.gpt2, "x 's a ' Sb"), (.smollm, "x 's a ' Sb"), (.llama3, "x 's a 'S b"),
    (.qwen2, "x 's a 'S b"),
  ])
  func `contractions in capitals are words in the newer splits`(
    split: WordSplit, expected: String
  ) throws {
    let tokenizer = try TokenizerFixtures.byteLevel(
      split: split, merges: ["s a", "S b", "' s", "' S", "x '"])
    #expect(pieces(tokenizer, "x'sa'Sb") == expected)
  }

  @Test(arguments: [
    // White space before a number: all of it where numbers were cut out before.
    (WordSplit.gpt2, "a  1", "a Ġ Ġ1"), (.smollm, "a  1", "a ĠĠ 1"), (.llama3, "a  1", "a Ġ Ġ 1"),
    // A tab goes with the letters that follow only in the newer splits.
    (.gpt2, "a\tb", "a ĉ b"), (.llama3, "a\tb", "a ĉb"),
    // Line breaks end the signs before them, and white space up to the last of them is one.
    (.gpt2, "!\n", "! Ċ"), (.llama3, "!\n", "!Ċ"), (.llama3, "a \n \nb", "a ĠĊĠĊ b"),
  ])
  func `each split has its way with white space`(
    split: WordSplit, text: String, expected: String
  ) throws {
    let tokenizer = try TokenizerFixtures.byteLevel(
      split: split, merges: ["Ġ Ġ", "Ġ 1", "ĉ b", "! Ċ", "Ġ Ċ", "ĠĊ ĠĊ"])
    #expect(pieces(tokenizer, text) == expected)
  }

  @Test func `a word that is a piece beats the merges with Llama 3's split alone`() throws {
    for split in WordSplit.allCases {
      var parts = TokenizerFixtures.byteLevelParts(split: split, merges: ["a b", "b c"])
      parts.pieces.append(Array("abc".utf8))
      parts.types?.append(1)
      let tokenizer = Tokenizer(vocabulary: try Vocabulary(parts, place: "test"))
      #expect(pieces(tokenizer, "abc") == (split == .llama3 ? "abc" : "ab c"))
    }
  }

  @Test func `every byte passes, UTF-8 or not`() throws {
    for split in WordSplit.allCases {
      let tokenizer = try TokenizerFixtures.byteLevel(split: split, merges: ["Ġ a", "Ã ©"])
      var generator = SeededGenerator(state: 7)
      for length in 0..<200 {
        let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let ids = tokenizer.encode(bytes: bytes)
        #expect(ids.flatMap { tokenizer.bytes(of: $0) } == bytes)
      }
    }
  }

  @Test func `a byte without a token is left out`() throws {
    var parts = TokenizerFixtures.byteLevelParts()
    parts.pieces = PieceList(["a", "b", "ab"])
    parts.types = nil
    parts.merges = PieceList(["a b"])
    let tokenizer = Tokenizer(vocabulary: try Vocabulary(parts, place: "test"))
    #expect(tokenizer.encode("axb") == [2])
    #expect(tokenizer.encode("🦙") == [])
  }

  @Test func `of equal pieces the last id wins`() throws {
    // ab is 256 and 258, cd is 257 and 259, a is 97 and 260.
    var parts = TokenizerFixtures.byteLevelParts(merges: ["a b", "c d"])
    for piece in ["ab", "cd", "a"] { parts.pieces.append(Array(piece.utf8)) }
    parts.types? += [1, 1, 1]
    let tokenizer = Tokenizer(vocabulary: try Vocabulary(parts, place: "test"))
    #expect(tokenizer.encode("ab") == [258])
    #expect(tokenizer.encode("cd") == [259])
    #expect(tokenizer.encode("a") == [260])
  }

  @Test func `an unused piece is not made`() throws {
    var parts = TokenizerFixtures.byteLevelParts(merges: ["a b", "c d"])
    parts.types?[257] = 5
    let tokenizer = Tokenizer(vocabulary: try Vocabulary(parts, place: "test"))
    #expect(pieces(tokenizer, "abcd") == "ab c d")
  }

  @Test func `merges that make no sense are left out`() throws {
    var parts = TokenizerFixtures.byteLevelParts(merges: ["a b"])
    parts.merges = PieceList([
      "", " ", "a", "a ", " b", "  ", "zz a", "a zz", "b a", "€ €", "\u{1} a", "a b c", "a b",
    ])
    let tokenizer = Tokenizer(vocabulary: try Vocabulary(parts, place: "test"))
    #expect(pieces(tokenizer, "abab") == "ab ab")
  }

  @Test func `a long word takes no quadratic time`() throws {
    // At a million squared this would take minutes.
    let tokenizer = try TokenizerFixtures.byteLevel(merges: ["a a", "aa aa", "aaaa aaaa"])
    let text = String(repeating: "a", count: 200_000)
    let clock = ContinuousClock()
    var count = 0
    let time = clock.measure { count = tokenizer.encode(text).count }
    #expect(count == 25_000)
    #expect(time < .seconds(20))
  }
}
