import Kernel

/// Small vocabularies made by hand.
enum TokenizerFixtures {
  static let unknown: TokenID = 0
  static let bos: TokenID = 1
  static let eos: TokenID = 2

  /// `<unk> <s> </s>`, the 256 byte tokens from id 3 on, then `pieces` from id 259 on.
  static func sentencePieceParts(_ pieces: [(text: String, score: Float)]) -> Vocabulary.Parts {
    var parts = Vocabulary.Parts()
    parts.model = .sentencePiece
    let bytes = (0..<256).map { value in
      let digits = String(value, radix: 16, uppercase: true)
      return "<0x\(digits.count == 1 ? "0" : "")\(digits)>"
    }
    parts.pieces = PieceList(["<unk>", "<s>", "</s>"] + bytes + pieces.map(\.text))
    parts.scores = [Float](repeating: 0, count: 259) + pieces.map(\.score)
    parts.types =
      [2, 3, 3] + [Int](repeating: 6, count: 256) + [Int](repeating: 1, count: pieces.count)
    return parts
  }

  static func sentencePiece(_ pieces: [(text: String, score: Float)]) throws -> Tokenizer {
    Tokenizer(vocabulary: try Vocabulary(sentencePieceParts(pieces), place: "test"))
  }

  /// The byte alphabet's characters in the order of the bytes.
  static let byteCharacters: [String] = {
    var next: UInt32 = 0x100
    return (0..<256).map { (byte: UInt32) in
      let isItself = (0x21...0x7E).contains(byte) || (0xA1...0xFF).contains(byte) && byte != 0xAD
      defer { if !isItself { next += 1 } }
      return Unicode.Scalar(isItself ? byte : next).map { String(Character($0)) } ?? ""
    }
  }()

  /// The 256 bytes as ids 0 to 255, then what each merge makes, then `specials` as control
  /// tokens.
  static func byteLevelParts(
    split: WordSplit = .gpt2, merges: [String] = [], specials: [String] = []
  ) -> Vocabulary.Parts {
    var parts = Vocabulary.Parts()
    parts.model = .byteLevel
    parts.split = split
    let made = merges.map { $0.filter { $0 != " " } }
    parts.pieces = PieceList(byteCharacters + made + specials)
    parts.types =
      [Int](repeating: 1, count: 256 + made.count) + [Int](repeating: 3, count: specials.count)
    parts.merges = PieceList(merges)
    return parts
  }

  static func byteLevel(
    split: WordSplit = .gpt2, merges: [String] = [], specials: [String] = []
  ) throws -> Tokenizer {
    let parts = byteLevelParts(split: split, merges: merges, specials: specials)
    return Tokenizer(vocabulary: try Vocabulary(parts, place: "test"))
  }
}
