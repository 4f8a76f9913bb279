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
    let pieces = vocabulary.pieces
    var written = PieceList()
    written.reserveCapacity(pieces.count, byteCount: pieces.byteCount)
    var bytes: [UInt8] = []
    ByteAlphabet.withDecoder { decoder in
      pieces.bytes.withUnsafeBufferPointer { arena in
        for index in 0..<pieces.count {
          let piece = UnsafeBufferPointer(
            rebasing: arena[Int(pieces.offsets[index])..<Int(pieces.offsets[index + 1])])
          bytes.removeAll(keepingCapacity: true)
          switch (roles[index], vocabulary.model) {
          case (.special, _): break
          case (.byte, _):
            if let byte = Vocabulary.byte(writtenAs: pieces[index]) { bytes.append(byte) }
          case (_, .sentencePiece): SpaceMark.append(piece, to: &bytes)
          case (.wholeText, .byteLevel): bytes.append(contentsOf: piece)
          case (_, .byteLevel):
            // A piece outside the alphabet was added by hand and means itself.
            if !decoder.decode(piece, into: &bytes) { bytes.append(contentsOf: piece) }
          }
          written.append(bytes)
        }
      }
    }
    return written
  }
}
