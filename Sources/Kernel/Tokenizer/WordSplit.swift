/// The patterns by which byte-level vocabularies cut text into words before merging.
///
/// A file names its pattern in `tokenizer.ggml.pre`. The patterns are walked by hand over
/// UTF-8: a regular-expression engine is slower than everything else together.
package enum WordSplit: String, Sendable, CaseIterable {
  /// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
  case gpt2 = "gpt-2"
  /// Numbers one character at a time, then `gpt2` between them.
  case smollm = "smollm"
  /// `(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|`
  /// `\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
  case llama3 = "llama-bpe"
  /// `llama3` with numbers one character at a time.
  case qwen2 = "qwen2"

  /// The split a file means, nil for one that is not implemented.
  ///
  /// A file without the key, or with `default`, gets `gpt2`: such files were written before
  /// the key existed, when that was the one pattern.
  package init?(fileName name: String?) {
    switch name {
    case nil, "", "default", "gpt-2", "gpt2", "phi-2": self = .gpt2
    case "smollm": self = .smollm
    case "llama-bpe", "llama3", "llama-v3": self = .llama3
    case "qwen2", "deepseek-r1-qwen": self = .qwen2
    default: return nil
    }
  }

  /// Whether a word that is a piece is that piece, whatever the merges would make of it.
  var prefersWholeWords: Bool { self == .llama3 }
}

extension WordSplit {
  /// How many bytes each word of a text has: what merging never reaches across.
  package func wordByteCounts(of bytes: [UInt8]) -> [Int] {
    bytes.withUnsafeBufferPointer { text in
      var counts: [Int] = []
      var start = 0
      while start < text.count {
        let end = wordEnd(text, from: start)
        counts.append(end - start)
        start = end
      }
      return counts
    }
  }

  /// The end of the word that starts at `start`, which is inside `text`. Linear in the word.
  @inline(__always)
  func wordEnd(_ text: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
    let cursor = WordCursor(text: text)
    return switch self {
    case .gpt2: cursor.gpt2WordEnd(from: start, numbersAlone: false)
    case .smollm: cursor.gpt2WordEnd(from: start, numbersAlone: true)
    case .llama3: cursor.llama3WordEnd(from: start, numberLength: 3)
    case .qwen2: cursor.llama3WordEnd(from: start, numberLength: 1)
    }
  }
}

/// Walks over runs of characters of a kind.
private struct WordCursor {
  let text: UnsafeBufferPointer<UInt8>

  func gpt2WordEnd(from start: Int, numbersAlone: Bool) -> Int {
    if let end = contractionEnd(from: start, anyCase: false) { return end }
    let first = ClassifiedScalar(text, at: start)
    var head = first
    var headOffset = start
    if text[start] == 0x20, start + 1 < text.count {
      // ` ?` takes one space when a word follows, and with numbers cut out beforehand a number
      // does not follow but ends the text.
      let second = ClassifiedScalar(text, at: start + 1)
      if !second.kind.isWhitespace && !(numbersAlone && second.kind == .number) {
        head = second
        headOffset = start + 1
      }
    }
    let afterHead = headOffset + head.length
    switch head.kind {
    case .number where numbersAlone: return afterHead
    case .letter, .number, .other: return runEnd(from: afterHead) { $0 == head.kind }
    case .space, .lineBreak: return spaceEnd(from: start, stopsAtNumbers: numbersAlone)
    }
  }

  func llama3WordEnd(from start: Int, numberLength: Int) -> Int {
    if let end = contractionEnd(from: start, anyCase: true) { return end }
    let first = ClassifiedScalar(text, at: start)
    let afterFirst = start + first.length
    switch first.kind {
    case .letter: return runEnd(from: afterFirst) { $0 == .letter }
    case .number:
      var end = afterFirst
      var count = 1
      while count < numberLength, end < text.count {
        let next = ClassifiedScalar(text, at: end)
        guard next.kind == .number else { break }
        end += next.length
        count += 1
      }
      return end
    case .space, .other:
      if afterFirst < text.count {
        let second = ClassifiedScalar(text, at: afterFirst)
        // `[^\r\n\p{L}\p{N}]?\p{L}+`
        if second.kind == .letter {
          return runEnd(from: afterFirst + second.length) { $0 == .letter }
        }
        // ` ?[^\s\p{L}\p{N}]+[\r\n]*`, with the space
        if text[start] == 0x20 && second.kind == .other {
          return lineBreaksEnd(
            from: runEnd(from: afterFirst + second.length) { $0 == .other })
        }
      }
      // The same without
      if first.kind == .other {
        return lineBreaksEnd(from: runEnd(from: afterFirst) { $0 == .other })
      }
    case .lineBreak: break
    }
    // `\s*[\r\n]+` reaches to the last line break of the white space, if it has one.
    var end = start
    var afterLastBreak: Int?
    while end < text.count {
      let next = ClassifiedScalar(text, at: end)
      guard next.kind.isWhitespace else { break }
      end += next.length
      if next.kind == .lineBreak { afterLastBreak = end }
    }
    return afterLastBreak ?? spaceEnd(from: start, stopsAtNumbers: false)
  }

  /// `\s+(?!\S)|\s+`: white space leaves its last character to the word that follows, unless
  /// it has only one.
  private func spaceEnd(from start: Int, stopsAtNumbers: Bool) -> Int {
    var end = start
    var lastStart = start
    while end < text.count {
      let next = ClassifiedScalar(text, at: end)
      guard next.kind.isWhitespace else {
        if stopsAtNumbers && next.kind == .number { return end }
        return lastStart > start ? lastStart : end
      }
      lastStart = end
      end += next.length
    }
    return end
  }

  @inline(__always)
  private func runEnd(from start: Int, while belongs: (ScalarClass) -> Bool) -> Int {
    var end = start
    while end < text.count {
      let next = ClassifiedScalar(text, at: end)
      guard belongs(next.kind) else { break }
      end += next.length
    }
    return end
  }

  private func lineBreaksEnd(from start: Int) -> Int {
    var end = start
    while end < text.count, text[end] == 0x0A || text[end] == 0x0D { end += 1 }
    return end
  }

  /// `'s|'t|'re|'ve|'m|'ll|'d`
  @inline(__always)
  private func contractionEnd(from start: Int, anyCase: Bool) -> Int? {
    guard text[start] == 0x27, start + 1 < text.count else { return nil }
    let caseBit: UInt8 = anyCase ? 0x20 : 0
    let first = text[start + 1] | caseBit
    switch first {
    case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"):
      return start + 2
    case UInt8(ascii: "r"), UInt8(ascii: "v"), UInt8(ascii: "l"):
      guard start + 2 < text.count else { return nil }
      let second = first == UInt8(ascii: "l") ? first : UInt8(ascii: "e")
      return text[start + 2] | caseBit == second ? start + 3 : nil
    default: return nil
    }
  }
}
