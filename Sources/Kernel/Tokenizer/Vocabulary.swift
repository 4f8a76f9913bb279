/// A vocabulary as a model file tells it, checked: what tokenizers are built from.
package struct Vocabulary: Sendable {
  /// How text becomes pieces; the raw value is what `tokenizer.ggml.model` says.
  package enum Model: String, Sendable, CaseIterable {
    /// SentencePiece's byte-pair encoding: merges by score.
    case sentencePiece = "llama"
    /// Byte-level byte-pair encoding: merges by rank.
    case byteLevel = "gpt2"
  }

  /// What a piece is, with the numbers of `tokenizer.ggml.token_type`.
  package enum PieceType: UInt8, Sendable {
    case normal = 1
    case unknown = 2
    case control = 3
    case userDefined = 4
    case unused = 5
    case byte = 6
  }

  /// What a vocabulary is made of, before it is checked.
  package struct Parts: Sendable {
    package var model = Model.sentencePiece
    package var split = WordSplit.gpt2
    package var pieces = PieceList()
    /// For `sentencePiece`, one for each piece: the highest merges first.
    package var scores: [Float]?
    /// As numbers of `PieceType`, one for each piece; nil when the file has none.
    package var types: [Int]?
    /// For `byteLevel`: two pieces with a space between, the best first.
    package var merges: PieceList?
    package var bos: Int?
    package var eos: Int?
    package var eot: Int?
    package var eom: Int?
    package var unknown: Int?
    /// Nil for what the field does: true for `sentencePiece` and the `llama3` split.
    package var addsBOS: Bool?
    package var addsEOS: Bool?
    /// Nil for true. Byte-level vocabularies never add one.
    package var addsSpacePrefix: Bool?

    package init() {}
  }

  /// The longest piece that is believed; real ones stay under 600 bytes.
  package static let longestPieceByteCount = 4096

  package let model: Model
  /// How words are cut; means nothing for `sentencePiece`.
  package var split: WordSplit
  /// The pieces as the file writes them.
  package let pieces: PieceList
  /// One for each piece; empty for `byteLevel`.
  package let scores: [Float]
  package let types: [PieceType]
  /// Empty for `sentencePiece`.
  package let merges: PieceList
  package let bos: TokenID?
  package let eos: TokenID?
  package let eot: TokenID?
  package let eom: TokenID?
  package let unknown: TokenID?
  package let addsBOS: Bool
  package let addsEOS: Bool
  package let addsSpacePrefix: Bool

  /// Checks the parts.
  ///
  /// - Parameter place: the file's name, for errors.
  /// - Throws: `malformed` for no pieces, a piece longer than `longestPieceByteCount`, scores
  ///   or types of another number than the pieces, a score that is not finite, a type that
  ///   does not exist, and an id outside the vocabulary; `missing` for a `sentencePiece`
  ///   without scores and a `byteLevel` without merges.
  package init(_ parts: Parts, place: String) throws(KernelError) {
    func failure(_ key: String, _ detail: String) -> KernelError {
      KernelError(.malformed, at: "\(place), key tokenizer.ggml.\(key)", detail)
    }
    func id(_ value: Int?, _ key: String) throws(KernelError) -> TokenID? {
      // Some writers say "none" with an unsigned -1.
      guard let value, value != -1, value != Int(UInt32.max) else { return nil }
      guard value >= 0, value < parts.pieces.count else {
        throw failure(
          key, "token \(value) is outside the vocabulary of \(parts.pieces.count)")
      }
      return TokenID(value)
    }

    let count = parts.pieces.count
    guard count > 0 else { throw failure("tokens", "there are none, expected at least one") }
    guard parts.pieces.longestByteCount <= Self.longestPieceByteCount else {
      throw failure(
        "tokens",
        "a token has \(parts.pieces.longestByteCount) bytes, expected at most "
          + "\(Self.longestPieceByteCount)")
    }
    model = parts.model
    split = parts.split
    pieces = parts.pieces

    switch model {
    case .sentencePiece:
      guard let scores = parts.scores else {
        throw KernelError(
          .missing, at: "\(place), key tokenizer.ggml.scores",
          "a vocabulary of model llama needs scores")
      }
      guard scores.count == count else {
        throw failure("scores", "there are \(scores.count) for \(count) tokens")
      }
      if let index = scores.firstIndex(where: { !$0.isFinite }) {
        throw failure("scores", "the score of token \(index) is not a finite number")
      }
      self.scores = scores
      merges = PieceList()
    case .byteLevel:
      guard let merges = parts.merges else {
        throw KernelError(
          .missing, at: "\(place), key tokenizer.ggml.merges",
          "a vocabulary of model gpt2 needs merges")
      }
      scores = []
      self.merges = merges
    }

    bos = try id(parts.bos, "bos_token_id") ?? Self.conventional(1, "<s>", in: parts)
    eos = try id(parts.eos, "eos_token_id") ?? Self.conventional(2, "</s>", in: parts)
    unknown =
      try id(parts.unknown, "unknown_token_id") ?? Self.conventional(0, "<unk>", in: parts)
    eot = try id(parts.eot, "eot_token_id")
    eom = try id(parts.eom, "eom_token_id")
    addsBOS = bos != nil && (parts.addsBOS ?? (model == .sentencePiece || split == .llama3))
    addsEOS = eos != nil && (parts.addsEOS ?? false)
    addsSpacePrefix = model == .sentencePiece && (parts.addsSpacePrefix ?? true)

    if let numbers = parts.types {
      guard numbers.count == count else {
        throw failure("token_type", "there are \(numbers.count) for \(count) tokens")
      }
      var types: [PieceType] = []
      types.reserveCapacity(count)
      for (index, number) in numbers.enumerated() {
        // 0, "undefined", stands for a plain piece in some files.
        guard
          let type = UInt8(exactly: max(number, number == 0 ? 1 : number))
            .flatMap(PieceType.init(rawValue:))
        else { throw failure("token_type", "the type of token \(index) is \(number)") }
        types.append(type)
      }
      self.types = types
    } else {
      var types = [PieceType](repeating: .normal, count: count)
      if model == .sentencePiece {
        for index in 0..<count where Self.byte(writtenAs: pieces[index]) != nil {
          types[index] = .byte
        }
      }
      for id in [bos, eos, eot, eom].compactMap(\.self) { types[Int(id)] = .control }
      if let unknown { types[Int(unknown)] = .unknown }
      self.types = types
    }
  }

  /// Where SentencePiece files that do not say have their special pieces.
  private static func conventional(_ id: Int, _ text: String, in parts: Parts) -> TokenID? {
    guard parts.model == .sentencePiece, id < parts.pieces.count,
      parts.pieces[id].elementsEqual(text.utf8)
    else { return nil }
    return TokenID(id)
  }

  /// The byte that a piece of the form `<0x0A>` stands for.
  static func byte(writtenAs piece: some BidirectionalCollection<UInt8>) -> UInt8? {
    guard piece.count == 6, piece.starts(with: "<0x".utf8), piece.last == UInt8(ascii: ">") else {
      return nil
    }
    var value: UInt8 = 0
    for digit in piece.dropFirst(3).prefix(2) {
      switch digit {
      case 0x30...0x39: value = value << 4 | (digit - 0x30)
      case 0x41...0x46: value = value << 4 | (digit - 0x41 + 10)
      case 0x61...0x66: value = value << 4 | (digit - 0x61 + 10)
      default: return nil
      }
    }
    return value
  }
}
