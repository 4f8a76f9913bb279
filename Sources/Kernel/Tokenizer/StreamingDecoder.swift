/// Turns tokens into text as they come, never half a character.
///
/// An incomplete character is held back until it is whole. Bytes that cannot become one turn
/// into U+FFFD as soon as that is known, one for each maximal subpart (Unicode standard,
/// chapter 3.9). All texts together are what decoding all bytes at once gives.
package struct StreamingDecoder: Sendable {
  private let tokenizer: Tokenizer
  /// Bytes of a character that is not whole yet: at most three.
  private var held: [UInt8] = []
  /// Whether the next byte, if it is a space, is the one that encoding put there.
  private var dropsSpace: Bool

  /// - Parameter continuing: whether the tokens follow text that was written before. When not,
  ///   the space that SentencePiece puts before a text is dropped.
  package init(_ tokenizer: Tokenizer, continuing: Bool) {
    self.tokenizer = tokenizer
    dropsSpace = !continuing && tokenizer.addsSpacePrefix
  }

  /// The text that can be shown after this token; often empty. Special tokens and ids outside
  /// the vocabulary write nothing.
  package mutating func push(_ token: TokenID) -> String {
    guard tokenizer.contains(token) else { return "" }
    var bytes = tokenizer.written[Int(token)]
    guard let first = bytes.first else { return "" }
    if dropsSpace {
      dropsSpace = false
      if first == 0x20 { bytes = bytes.dropFirst() }
    }
    held.append(contentsOf: bytes)
    let whole = held.count - Self.incompleteByteCount(held)
    let text = String(decoding: held[..<whole], as: UTF8.self)
    held.removeFirst(whole)
    return text
  }

  /// What was held back, as U+FFFD: no more tokens come.
  package mutating func finish() -> String {
    let text = String(decoding: held, as: UTF8.self)
    held.removeAll()
    return text
  }

  /// How many bytes at the end start a character that may yet become whole.
  private static func incompleteByteCount(_ bytes: [UInt8]) -> Int {
    for count in 1...3 where count <= bytes.count {
      let lead = bytes[bytes.count - count]
      if lead & 0xC0 == 0x80 { continue }
      guard UTF8Shape.length(lead: lead) > count else { return 0 }
      if count > 1, !UTF8Shape.allows(lead: lead, second: bytes[bytes.count - count + 1]) {
        return 0
      }
      return count
    }
    return 0
  }
}
