/// Finds where the last tokens of a text stood before, and so what may follow them now.
///
/// The idea is from prompt lookup decoding (Saxena, 2023): replies that quote, correct or rewrite
/// repeat long stretches of what they were asked. For each length from `shortestSuffix` to
/// `longestSuffix` a hash table holds, of every different run of that many tokens, where it was
/// seen last. Appending a token costs one look into each, and nothing is searched.
package struct PromptLookup: Sendable {
  /// Tokens at the end that have to have stood somewhere before, at the least.
  package static let shortestSuffix = 3
  /// A longer suffix is not asked for: where the last five tokens stood decides.
  package static let longestSuffix = 5
  /// How far back `Match.length` counts.
  package static let lengthLimit = 32

  /// An earlier place of the suffix.
  package struct Match: Sendable, Equatable {
    /// Index of the token that followed the suffix there.
    package let next: Int
    /// How many tokens before the two places are the same: `shortestSuffix` to `lengthLimit`.
    package let length: Int

    package init(next: Int, length: Int) {
      self.next = next
      self.length = length
    }
  }

  /// The text so far.
  package private(set) var tokens: [TokenID] = []
  /// The longest suffix's earlier place, and of equally long ones the latest.
  package private(set) var match: Match?

  /// By length, longest first.
  private var tables: [RunTable]

  /// Takes in a text to begin with: O(tokens).
  package init(_ text: some Sequence<TokenID>) {
    tables = (Self.shortestSuffix...Self.longestSuffix).reversed().map { RunTable(length: $0) }
    for token in text { append(token) }
  }

  /// Adds a token and looks for the suffix that it completes. Amortised O(1).
  package mutating func append(_ token: TokenID) {
    tokens.append(token)
    var earlier: Int?
    for index in tables.indices {
      // Every table has to learn the new run, also when a longer one has been found already.
      let place = tables[index].exchangeLast(of: tokens)
      if earlier == nil { earlier = place }
    }
    match = earlier.map { Match(next: $0, length: length(ofMatchEndingAt: $0)) }
  }

  /// Adds what followed the match to `batch`: up to `limit` tokens, none without a match.
  package func propose(_ limit: Int, into batch: inout [TokenID]) {
    guard let match else { return }
    batch.append(contentsOf: tokens[match.next..<min(tokens.count, match.next + max(0, limit))])
  }

  private func length(ofMatchEndingAt place: Int) -> Int {
    let shift = tokens.count - place
    var length = Self.shortestSuffix
    while length < min(Self.lengthLimit, place),
      tokens[place - 1 - length] == tokens[place + shift - 1 - length]
    {
      length += 1
    }
    return length
  }
}

/// Where each different run of `length` tokens was seen last: open addressing, at most half full.
private struct RunTable: Sendable {
  private let length: Int
  /// Index of the token after the run; 0 is free, since no run ends there.
  private var places = [UInt32](repeating: 0, count: 256)
  private var runCount = 0

  init(length: Int) { self.length = length }

  /// Notes that the text's last run ends here and gives the place it was noted with before.
  mutating func exchangeLast(of tokens: [TokenID]) -> Int? {
    guard tokens.count >= length else { return nil }
    if 2 * runCount >= places.count { grow(tokens) }
    let slot = slot(ofRunBefore: tokens.count, tokens)
    defer { places[slot] = UInt32(tokens.count) }
    if places[slot] > 0 { return Int(places[slot]) }
    runCount += 1
    return nil
  }

  /// The slot that has the run before `end`, or the free one where it belongs.
  private func slot(ofRunBefore end: Int, _ tokens: [TokenID]) -> Int {
    let mask = places.count - 1
    var hash: UInt64 = 0
    for token in tokens[end - length..<end] {
      hash = (hash ^ UInt64(UInt32(bitPattern: token))) &* 0x9E37_79B9_7F4A_7C15
      hash ^= hash >> 32
    }
    var slot = Int(truncatingIfNeeded: hash) & mask
    while places[slot] > 0 {
      let other = Int(places[slot])
      if (1...length).allSatisfy({ tokens[other - $0] == tokens[end - $0] }) { break }
      slot = (slot + 1) & mask
    }
    return slot
  }

  private mutating func grow(_ tokens: [TokenID]) {
    let old = places
    places = [UInt32](repeating: 0, count: 4 * old.count)
    for place in old where place > 0 {
      places[slot(ofRunBefore: Int(place), tokens)] = place
    }
  }
}
