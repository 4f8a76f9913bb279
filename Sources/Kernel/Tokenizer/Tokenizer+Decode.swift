extension Tokenizer {
  /// The bytes a token writes: not always whole characters. None for special tokens and for ids
  /// outside the vocabulary.
  package func bytes(of token: TokenID) -> [UInt8] {
    contains(token) ? Array(written[Int(token)]) : []
  }

  /// The text of tokens, with U+FFFD for what is not UTF-8.
  ///
  /// - Parameter continuing: whether they follow text that was written before; when not, the
  ///   space that encoding put before the text is dropped.
  package func decode(_ tokens: some Sequence<TokenID>, continuing: Bool = false) -> String {
    var decoder = StreamingDecoder(self, continuing: continuing)
    var text = ""
    for token in tokens { text += decoder.push(token) }
    return text + decoder.finish()
  }

  /// The vocabulary's own writing of a token, to show: `<|im_end|>`, `Ġthe`, `▁the`, `<0x0A>`.
  ///
  /// Control characters and what is not UTF-8 appear as U+FFFD. Empty for ids outside the
  /// vocabulary.
  package func pieceText(of token: TokenID) -> String {
    guard contains(token) else { return "" }
    var text = String.UnicodeScalarView()
    for scalar in String(decoding: vocabulary.pieces[Int(token)], as: UTF8.self).unicodeScalars {
      text.append(scalar.properties.generalCategory == .control ? "\u{FFFD}" : scalar)
    }
    return String(text)
  }

  /// What each piece writes.
  static func written(_ vocabulary: Vocabulary, _ roles: [PieceRole]) -> PieceList {
    ByteAlphabet.withDecoder { decoder in
      vocabulary.pieces.mapPieces { index, piece, output in
        switch (roles[index], vocabulary.model) {
        case (.special, _): return 0
        case (.byte, _):
          guard let byte = Vocabulary.byte(writtenAs: piece) else { return 0 }
          output[0] = byte
          return 1
        case (_, .sentencePiece): return SpaceMark.replace(in: piece, into: output)
        case (.wholeText, .byteLevel): break
        case (_, .byteLevel):
          // A piece outside the alphabet was added by hand and means itself.
          if let count = decoder.decode(piece, into: output) { return count }
        }
        for (offset, byte) in piece.enumerated() { output[offset] = byte }
        return piece.count
      }
    }
  }
}
