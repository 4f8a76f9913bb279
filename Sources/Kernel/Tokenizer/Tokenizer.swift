/// Turns text into a model's tokens and back.
package struct Tokenizer: Sendable {
  enum Encoder: Sendable {
    case sentencePiece(SentencePieceEncoder)
    case byteLevel(ByteLevelEncoder)
  }

  /// What the tokenizer was built from.
  package let vocabulary: Vocabulary
  let roles: [PieceRole]
  /// What each token writes; empty for special ones.
  let written: PieceList
  let encoder: Encoder
  /// Special tokens, by the text that the file gives them.
  let specialTokens: MarkerTable
  /// User-defined pieces of text, by what they write.
  let wholeTexts: MarkerTable

  /// The token that ends a turn: the file's, or a special token known to.
  package let eot: TokenID?
  /// The tokens at which a reply is over: the file's end of text, turn and message, and every
  /// special token whose name is known to mean one of them.
  package let endOfGeneration: Set<TokenID>

  /// Builds a tokenizer from what `tokenizer.ggml.*` says.
  ///
  /// - Throws: `unsupportedTokenizer` naming what is supported, and what
  ///   `Vocabulary.init(metadata:)` throws.
  package init(metadata: GGUFMetadata) throws(KernelError) {
    self.init(vocabulary: try Vocabulary(metadata: metadata))
  }

  /// Builds a tokenizer from a checked vocabulary, in time linear in its bytes.
  package init(vocabulary: Vocabulary) {
    self.vocabulary = vocabulary
    let roles = PieceRole.roles(of: vocabulary)
    let written = Self.written(vocabulary, roles)
    encoder =
      switch vocabulary.model {
      case .sentencePiece:
        .sentencePiece(SentencePieceEncoder(vocabulary, roles: roles, written: written))
      case .byteLevel:
        .byteLevel(ByteLevelEncoder(vocabulary, roles: roles, written: written))
      }
    specialTokens = MarkerTable(vocabulary.pieces, roles: roles, role: .special)
    wholeTexts = MarkerTable(written, roles: roles, role: .wholeText)
    let ends = TurnEnd.find(in: vocabulary, roles: roles)
    eot = vocabulary.eot ?? ends.turn
    endOfGeneration = ends.all.union(
      [vocabulary.eos, vocabulary.eot, vocabulary.eom].compactMap(\.self))
    self.roles = roles
    self.written = written
  }

  /// Tokens, from 0 up.
  package var vocabularySize: Int { vocabulary.pieces.count }
  /// The token that starts a text.
  package var bos: TokenID? { vocabulary.bos }
  /// The token that ends a text.
  package var eos: TokenID? { vocabulary.eos }
  /// The token for what the vocabulary cannot say.
  package var unknown: TokenID? { vocabulary.unknown }
  /// Whether a prompt starts with `bos`; false when there is none.
  package var addsBOS: Bool { vocabulary.addsBOS }
  /// Whether a text that is not to be continued ends with `eos`; false when there is none.
  package var addsEOS: Bool { vocabulary.addsEOS }
  /// Whether text at the start and after special tokens gets a space put before it.
  package var addsSpacePrefix: Bool { vocabulary.addsSpacePrefix }

  /// Whether a token is a special one: it writes nothing, and typed text never becomes it.
  /// False for ids outside the vocabulary.
  package func isSpecial(_ token: TokenID) -> Bool {
    contains(token) && roles[Int(token)] == .special
  }

  /// Whether the vocabulary has the token.
  package func contains(_ token: TokenID) -> Bool {
    token >= 0 && Int(token) < vocabularySize
  }

  /// The token of a special piece, by the text that the file gives it, such as `<|im_end|>`.
  package func special(named text: String) -> TokenID? {
    Array(text.utf8).withUnsafeBufferPointer { bytes in
      guard let match = specialTokens.firstMatch(in: bytes, from: 0),
        match.range == 0..<bytes.count
      else { return nil }
      return match.id
    }
  }
}
