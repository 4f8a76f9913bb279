/// What a tokenizer does with a piece.
enum PieceRole: UInt8, Sendable {
  /// Found by merging.
  case text
  /// A special token: recognised only where special tokens are parsed, writes nothing.
  case special
  /// A user-defined piece of ordinary text: one token wherever it stands.
  case wholeText
  /// SentencePiece's token for a byte.
  case byte
  /// Never produced by encoding.
  case unused
}

extension PieceRole {
  /// The roles of a vocabulary's pieces.
  ///
  /// Control and unknown pieces are special. So are user-defined ones in angle or square
  /// brackets: files exist that mark `<|im_end|>` or `<end_of_turn>` as user-defined, and
  /// nobody may end a turn by typing such a thing. The price is that a user-defined `<table>`
  /// in a user's text becomes several tokens. A piece that can only mean the end of a turn is
  /// special whatever its type.
  static func roles(of vocabulary: Vocabulary) -> [PieceRole] {
    var roles = vocabulary.types.map { (type) -> PieceRole in
      switch type {
      case .normal: .text
      case .control, .unknown: .special
      case .userDefined: .wholeText
      case .unused: .unused
      case .byte: vocabulary.model == .sentencePiece ? .byte : .text
      }
    }
    for (index, role) in roles.enumerated() {
      let piece = vocabulary.pieces[index]
      guard let first = piece.first, first == UInt8(ascii: "<") || first == UInt8(ascii: "["),
        let last = piece.last, last == UInt8(ascii: ">") || last == UInt8(ascii: "]"),
        piece.count > 2
      else { continue }
      if role == .wholeText || role == .text && TurnEnd.isUnmistakable(piece) {
        roles[index] = .special
      }
    }
    return roles
  }
}

/// The special tokens by which models end what they say.
enum TurnEnd {
  /// Written like nothing else, the first that a vocabulary has being its end of turn.
  private static let unmistakable = [
    "<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<|end_of_turn|>", "<|endoftext|>",
    "<|end_of_text|>", "<|eom_id|>", "<end_of_utterance>", "<｜end▁of▁sentence｜>",
  ]
  /// Could be ordinary text, so that only a piece that is special counts.
  private static let ambiguous = ["</s>", "<eos>", "<EOT>", "[EOT]", "[EOS]", "<|EOT|>"]
  /// The names above that end a turn rather than a document.
  private static let turnNames = unmistakable.prefix(5) + ["<end_of_utterance>"]

  static func isUnmistakable(_ piece: ArraySlice<UInt8>) -> Bool {
    unmistakable.contains { piece.elementsEqual($0.utf8) }
  }

  /// The special tokens among the names, and the one that ends a turn if there is one.
  static func find(
    in vocabulary: Vocabulary, roles: [PieceRole]
  ) -> (all: Set<TokenID>, turn: TokenID?) {
    var byName: [String: TokenID] = [:]
    let names = Set(unmistakable + ambiguous)
    for (index, role) in roles.enumerated() where role == .special {
      let name = String(decoding: vocabulary.pieces[index], as: UTF8.self)
      if names.contains(name) { byName[name] = TokenID(index) }
    }
    return (Set(byName.values), turnNames.lazy.compactMap { byName[$0] }.first)
  }
}
