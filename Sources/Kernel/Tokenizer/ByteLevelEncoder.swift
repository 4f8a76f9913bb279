/// Byte-level byte-pair encoding (Radford et al. 2019): a pattern cuts the text into words, and
/// in each word neighbours merge, the merge of lowest rank first.
struct ByteLevelEncoder: Sendable {
  private let split: WordSplit
  /// The token of each byte, -1 for none.
  private let byteTokens: [TokenID]
  private let merges: PairTable
  private let words: SpanTable

  /// - Parameter written: what each piece writes, as bytes.
  init(_ vocabulary: Vocabulary, roles: [PieceRole], written: PieceList) {
    split = vocabulary.split
    var words = SpanTable(keys: written, capacity: written.count)
    words.insert { roles[$0] == .text }
    self.words = words
    byteTokens = words.withView { view in
      (0...255).map { value in
        withUnsafePointer(to: UInt8(value)) { view.find($0, 1) }
      }
    }
    merges = Self.parse(vocabulary.merges, words: words)
  }

  /// Merges that name a piece, or make one, that the vocabulary lacks are left out: no text can
  /// reach them.
  private static func parse(_ merges: PieceList, words: SpanTable) -> PairTable {
    var table = PairTable(capacity: merges.count)
    var both: [UInt8] = []
    ByteAlphabet.withDecoder { decoder in
      words.withView { words in
        merges.bytes.withUnsafeBufferPointer { bytes in
          for rank in 0..<merges.count {
            let text = UnsafeBufferPointer(
              rebasing: bytes[Int(merges.offsets[rank])..<Int(merges.offsets[rank + 1])])
            guard let gap = text.dropFirst().firstIndex(of: 0x20) else { continue }
            both.removeAll(keepingCapacity: true)
            guard decoder.decode(UnsafeBufferPointer(rebasing: text[..<gap]), into: &both) else {
              continue
            }
            let leftCount = both.count
            guard
              decoder.decode(UnsafeBufferPointer(rebasing: text[(gap + 1)...]), into: &both)
            else { continue }
            both.withUnsafeBufferPointer { both in
              guard let base = both.baseAddress else { return }
              let left = words.find(base, leftCount)
              let right = words.find(base + leftCount, both.count - leftCount)
              let result = words.find(base, both.count)
              guard left >= 0, right >= 0, result >= 0 else { return }
              table.insert(left: left, right: right, rank: UInt32(rank), result: result)
            }
          }
        }
      }
    }
    return table
  }

  /// Appends the tokens of a run of text without special tokens.
  ///
  /// n log n in the longest word. A byte that has no token is left out, as the library that
  /// such vocabularies are trained with does.
  func encode(
    _ text: UnsafeBufferPointer<UInt8>, scratch: inout EncodeScratch, into tokens: inout [TokenID]
  ) {
    guard let base = text.baseAddress else { return }
    words.withView { words in
      merges.withView { merges in
        byteTokens.withUnsafeBufferPointer { byteTokens in
          var start = 0
          while start < text.count {
            let end = split.wordEnd(text, from: start)
            defer { start = end }
            if split.prefersWholeWords {
              let id = words.find(base + start, end - start)
              if id >= 0 {
                tokens.append(id)
                continue
              }
            }
            scratch.symbols.removeAll(keepingCapacity: true)
            for offset in start..<end {
              let id = byteTokens[Int(text[offset])]
              guard id >= 0 else { continue }
              scratch.symbols.append(
                MergeSymbol(start: Int32(truncatingIfNeeded: offset), length: 1, id: id))
            }
            scratch.merger.merge(&scratch.symbols, by: merges)
            for symbol in scratch.symbols { tokens.append(symbol.id) }
          }
        }
      }
    }
  }
}

/// Buffers that encoding uses again from word to word.
struct EncodeScratch {
  var symbols: [MergeSymbol] = []
  var merger = PairMerger()
  var text: [UInt8] = []
}
