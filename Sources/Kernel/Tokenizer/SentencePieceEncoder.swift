/// SentencePiece's byte-pair encoding (Kudo and Richardson 2018): neighbours merge into the
/// piece of highest score, the leftmost of equals first, and what is no piece becomes bytes.
///
/// Works on text in which ▁ has become a space, as in the pieces' written form.
struct SentencePieceEncoder: Sendable {
  private let pieces: SpanTable
  /// Lower for higher scores, one for each piece.
  private let priorities: [UInt32]
  /// The token of each byte, -1 for none.
  private let byteTokens: [TokenID]
  private let unknown: TokenID?
  /// Whether a space that follows something else starts a new word: no piece reaches across.
  private let spacesStartWords: Bool

  /// - Parameter written: what each piece writes, as bytes.
  init(_ vocabulary: Vocabulary, roles: [PieceRole], written: PieceList) {
    var pieces = SpanTable(keys: written, capacity: written.count)
    pieces.insert(roles.indices.lazy.filter { roles[$0] == .text })
    self.pieces = pieces
    priorities = vocabulary.scores.map(Self.priority)
    var byteTokens = [TokenID](repeating: -1, count: 256)
    for (index, role) in roles.enumerated() where role == .byte {
      guard let byte = written[index].first else { continue }
      byteTokens[Int(byte)] = TokenID(index)
    }
    self.byteTokens = byteTokens
    unknown = vocabulary.unknown
    spacesStartWords = !roles.indices.contains { index in
      guard roles[index] == .text else { return false }
      var previous = UInt8(ascii: " ")
      for byte in written[index] {
        if byte == 0x20 && previous != 0x20 { return true }
        previous = byte
      }
      return false
    }
  }

  /// Order-preserving bits of a finite score, the highest score first.
  private static func priority(_ score: Float) -> UInt32 {
    // Adding zero makes -0 and 0 one.
    let bits = (score + 0).bitPattern
    return bits >> 31 == 1 ? bits : ~(bits | 0x8000_0000)
  }

  /// Appends the tokens of a run of text without special tokens. n log n in the longest word,
  /// or in the whole run when the vocabulary has pieces that reach across words.
  func encode(
    _ text: UnsafeBufferPointer<UInt8>, scratch: inout EncodeScratch, into tokens: inout [TokenID]
  ) {
    guard let base = text.baseAddress else { return }
    pieces.withView { pieces in
      priorities.withUnsafeBufferPointer { priorities in
        let rule = SpanRule(text: base, pieces: pieces, priorities: priorities)
        var followsUnknown = false
        var offset = 0
        while offset < text.count {
          scratch.symbols.removeAll(keepingCapacity: true)
          let wordStart = offset
          while offset < text.count {
            if spacesStartWords, offset > wordStart, text[offset] == 0x20,
              text[offset &- 1] != 0x20
            {
              break
            }
            // A byte that is not UTF-8 is a symbol of its own.
            let length = max(1, UTF8Shape.length(of: text, at: offset))
            scratch.symbols.append(
              MergeSymbol(
                start: Int32(truncatingIfNeeded: offset),
                length: Int32(truncatingIfNeeded: length), id: -1))
            offset &+= length
          }
          scratch.merger.merge(&scratch.symbols, by: rule)
          for symbol in scratch.symbols {
            let id =
              symbol.id >= 0
              ? symbol.id : pieces.find(base + Int(symbol.start), Int(symbol.length))
            if id >= 0 {
              tokens.append(id)
              followsUnknown = false
            } else {
              appendBytes(of: symbol, in: text, followsUnknown: &followsUnknown, into: &tokens)
            }
          }
        }
      }
    }
  }

  /// Bytes that have no token of their own become the unknown token, one for a row of them.
  private func appendBytes(
    of symbol: MergeSymbol, in text: UnsafeBufferPointer<UInt8>, followsUnknown: inout Bool,
    into tokens: inout [TokenID]
  ) {
    for offset in Int(symbol.start)..<Int(symbol.start + symbol.length) {
      let id = byteTokens[Int(text[offset])]
      if id >= 0 {
        tokens.append(id)
        followsUnknown = false
      } else if let unknown, !followsUnknown {
        tokens.append(unknown)
        followsUnknown = true
      }
    }
  }

  private struct SpanRule: MergeRule {
    let text: UnsafePointer<UInt8>
    let pieces: SpanTable.View
    let priorities: UnsafeBufferPointer<UInt32>

    @inline(__always)
    func candidate(_ left: MergeSymbol, _ right: MergeSymbol) -> MergeCandidate {
      let id = pieces.find(text + Int(left.start), Int(left.length &+ right.length))
      return id < 0 ? .none : MergeCandidate(priority: priorities[Int(id)], id: id)
    }
  }
}
