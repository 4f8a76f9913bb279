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
    words.insert(roles.indices.lazy.filter { roles[$0] == .text })
    self.words = words
    byteTokens = words.withView { view in
      (0...255).map { value in
        withUnsafePointer(to: UInt8(value)) { view.find($0, 1) }
      }
    }
    merges = PairTable(Self.parse(vocabulary.merges, words: words))
  }

  /// The merges as ids, in order.
  ///
  /// Those that name a piece, or make one, that the vocabulary lacks are left out: no text can
  /// reach them.
  private static func parse(_ texts: PieceList, words: SpanTable) -> [Merge] {
    var merges: [Merge] = []
    merges.reserveCapacity(texts.count)
    // Files list pieces in the order in which merges make them: the next piece is the first
    // guess, and it is in the cache.
    var guess: TokenID = 0
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: texts.longestByteCount + 1) { both in
      guard let both = both.baseAddress else { return }
      ByteAlphabet.withDecoder { decoder in
        words.withView { words in
          texts.bytes.withUnsafeBufferPointer { bytes in
            for index in 0..<texts.count {
              let text = UnsafeBufferPointer(
                rebasing: bytes[Int(texts.offsets[index])..<Int(texts.offsets[index + 1])])
              guard let gap = text.dropFirst().firstIndex(of: 0x20),
                let leftCount = decoder.decode(
                  UnsafeBufferPointer(rebasing: text[..<gap]), into: both),
                let rightCount = decoder.decode(
                  UnsafeBufferPointer(rebasing: text[(gap + 1)...]), into: both + leftCount)
              else { continue }
              let result = words.find(both, leftCount + rightCount, guess: guess)
              guard result >= 0 else { continue }
              guess = result + 1
              let left = words.find(both, leftCount)
              let right = words.find(both + leftCount, rightCount)
              guard left >= 0, right >= 0 else { continue }
              merges.append(Merge(left: left, right: right, result: result))
            }
          }
        }
      }
    }
    return merges
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
