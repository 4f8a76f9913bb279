/// A SentencePiece-style vocabulary of any size: control pieces, bytes, characters, and
/// made-up syllables that merge from smaller pieces.
struct MadeUpVocabulary {
  /// Token types as GGUF numbers them.
  private enum Kind: Int32 {
    case normal = 1
    case unknown = 2
    case control = 3
    case byte = 6
  }

  private(set) var pieces: [[UInt8]] = []
  private(set) var scores: [Float] = []
  private(set) var types: [Int32] = []

  /// The smallest vocabulary: three control pieces, the bytes, ▁ and printable ASCII.
  static let minimumSize = 3 + 256 + 1 + 94

  /// - Parameter size: from `minimumSize` on.
  init(size: Int) {
    add("<unk>", 0, .unknown)
    add("<s>", 0, .control)
    add("</s>", 0, .control)
    for byte in 0..<256 {
      let digits = String(byte, radix: 16, uppercase: true)
      add("<0x" + (digits.count == 1 ? "0" : "") + digits + ">", 0, .byte)
    }
    // The more frequent a piece, the higher its score; merges prefer the earlier ones.
    let made = MadeUpPieces(count: size - Self.minimumSize)
    for (rank, piece) in made.pieces.enumerated() { add(piece, -Float(rank), .normal) }
    let last = Float(made.pieces.count)
    add("▁", -last, .normal)
    for (index, character) in (0x21...0x7E).enumerated() {
      add(String(UnicodeScalar(UInt8(character))), -last - 1 - Float(index), .normal)
    }
  }

  private mutating func add(_ piece: String, _ score: Float, _ kind: Kind) {
    pieces.append(Array(piece.utf8))
    scores.append(score)
    types.append(kind.rawValue)
  }
}

/// Distinct pieces, shortest first; each splits into two that come before it or are single
/// characters, so that merging by score can reach it.
private struct MadeUpPieces {
  private(set) var pieces: [String] = []

  private static let consonants = "tnsrhldcmfpgwybvkjxz".map(String.init)
  private static let vowels = "eaiou".map(String.init)

  init(count: Int) {
    let syllables = Self.consonants.flatMap { c in Self.vowels.map { c + $0 } }
    // Each row pairs two lists of earlier or single pieces; patterns of consonants and
    // vowels differ between rows, so that no piece comes twice.
    let starts = (Self.consonants + Self.vowels).map { "▁" + $0 }
    take(starts, upTo: count)
    take(syllables, upTo: count)
    take(syllables.map { "▁" + $0 }, upTo: count)
    take(pairs(syllables, Self.consonants), upTo: count)
    take(pairs(syllables.map { "▁" + $0 }, Self.consonants), upTo: count)
    take(pairs(syllables, syllables), upTo: count)
    take(pairs(syllables.map { "▁" + $0 }, syllables), upTo: count)
    let long = pairs(syllables, syllables)
    for syllable in syllables {
      guard pieces.count < count else { return }
      take(long.map { $0 + syllable }, upTo: count)
    }
  }

  private mutating func take(_ more: [String], upTo count: Int) {
    pieces += more.prefix(max(0, count - pieces.count))
  }

  private func pairs(_ first: [String], _ second: [String]) -> [String] {
    first.flatMap { one in second.map { one + $0 } }
  }
}
