extension Tokenizer {
  /// The tokens of a text, without `bos` and `eos`.
  ///
  /// n log n in the longest word. Text that is not UTF-8 becomes the tokens of its bytes.
  ///
  /// - Parameters:
  ///   - parsingSpecial: whether special tokens are recognised, the leftmost first and of those
  ///     that begin at one place the longest. Never for what a person typed.
  ///   - atStart: whether the text starts the prompt or follows a special token, which is where
  ///     SentencePiece puts a space before text that is not empty.
  package func encode(
    _ text: String, parsingSpecial: Bool = false, atStart: Bool = true
  ) -> [TokenID] {
    encode(bytes: text.utf8, parsingSpecial: parsingSpecial, atStart: atStart)
  }

  /// The tokens of bytes that should be UTF-8; otherwise as for a text.
  package func encode(
    bytes: some Collection<UInt8>, parsingSpecial: Bool = false, atStart: Bool = true
  ) -> [TokenID] {
    var encoding = RunEncoding(self, atStart: atStart)
    encoding.append(bytes, parsingSpecial: parsingSpecial)
    return encoding.finish()
  }

  /// The tokens of a prompt made of the format's own text and of what people typed.
  ///
  /// The format's text is cut at special tokens first. What is left between two special tokens
  /// is encoded as one run, whoever wrote its parts: the same tokens as the whole prompt in one
  /// string has, provided that what people typed contains no special token.
  package func encode(_ segments: [PromptSegment]) -> [TokenID] {
    var encoding = RunEncoding(self, atStart: true)
    var format: [UInt8] = []
    for segment in segments where !segment.text.isEmpty {
      if segment.parsesSpecial {
        // Neighbouring parts of the format are one text, in which a special token may reach
        // from one into the next.
        format.append(contentsOf: segment.text.utf8)
      } else {
        encoding.append(format, parsingSpecial: true)
        format.removeAll(keepingCapacity: true)
        encoding.append(segment.text.utf8, parsingSpecial: false)
      }
    }
    encoding.append(format, parsingSpecial: true)
    return encoding.finish()
  }
}

/// Gathers text between special tokens and encodes it run by run.
private struct RunEncoding {
  /// Runs are cut to this so that offsets fit 32 bits with a prefix.
  private static let longestRunByteCount = 1 << 30

  private let tokenizer: Tokenizer
  private var tokens: [TokenID] = []
  private var run: [UInt8] = []
  /// Whether SentencePiece's space goes before the run: its start is the prompt's, or follows a
  /// special token, as every run after the first does.
  private var takesPrefix: Bool
  private var scratch = EncodeScratch()

  init(_ tokenizer: Tokenizer, atStart: Bool) {
    self.tokenizer = tokenizer
    takesPrefix = atStart
  }

  mutating func append(_ bytes: some Collection<UInt8>, parsingSpecial: Bool) {
    guard parsingSpecial, !tokenizer.specialTokens.isEmpty else {
      run.append(contentsOf: bytes)
      return
    }
    Array(bytes).withUnsafeBufferPointer { text in
      var start = 0
      while let match = tokenizer.specialTokens.firstMatch(in: text, from: start) {
        run.append(contentsOf: text[start..<match.range.lowerBound])
        endRun()
        tokens.append(match.id)
        takesPrefix = true
        start = match.range.upperBound
      }
      run.append(contentsOf: text[start...])
    }
  }

  mutating func finish() -> [TokenID] {
    endRun()
    return tokens
  }

  private mutating func endRun() {
    guard !run.isEmpty else { return }
    if case .sentencePiece = tokenizer.encoder {
      run = Self.withSpaces(run, prefix: takesPrefix && tokenizer.addsSpacePrefix)
    }
    run.withUnsafeBufferPointer { run in
      var start = 0
      while let match = tokenizer.wholeTexts.firstMatch(in: run, from: start) {
        encode(UnsafeBufferPointer(rebasing: run[start..<match.range.lowerBound]))
        tokens.append(match.id)
        start = match.range.upperBound
      }
      encode(UnsafeBufferPointer(rebasing: run[start...]))
    }
    run.removeAll(keepingCapacity: true)
  }

  private mutating func encode(_ text: UnsafeBufferPointer<UInt8>) {
    var start = 0
    while start < text.count {
      let end = min(text.count, start + Self.longestRunByteCount)
      let part = UnsafeBufferPointer(rebasing: text[start..<end])
      switch tokenizer.encoder {
      case .sentencePiece(let encoder):
        encoder.encode(part, scratch: &scratch, into: &tokens)
      case .byteLevel(let encoder):
        encoder.encode(part, scratch: &scratch, into: &tokens)
      }
      start = end
    }
  }

  /// The text with each ▁ as the space that it means, and one more before it if asked for.
  private static func withSpaces(_ text: [UInt8], prefix: Bool) -> [UInt8] {
    let prefixCount = prefix ? 1 : 0
    return [UInt8](unsafeUninitializedCapacity: text.count + prefixCount) { output, count in
      guard let start = output.baseAddress else { return }
      start.initialize(to: 0x20)
      count = text.withUnsafeBufferPointer {
        prefixCount + SpaceMark.replace(in: $0, into: start + prefixCount)
      }
    }
  }
}
