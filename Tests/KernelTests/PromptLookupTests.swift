import Kernel
import Testing

@Suite struct PromptLookupTests {
  private typealias Match = PromptLookup.Match

  private func proposal(_ lookup: PromptLookup, _ limit: Int) -> [TokenID] {
    var batch: [TokenID] = [99]
    lookup.propose(limit, into: &batch)
    #expect(batch.first == 99)
    return Array(batch.dropFirst())
  }

  @Test func threeTokensThatStoodBeforePropose() {
    var lookup = PromptLookup([1, 2, 3, 4, 5, 1, 2])
    #expect(lookup.match == nil)
    #expect(proposal(lookup, 7) == [])
    lookup.append(3)
    #expect(lookup.match == Match(next: 3, length: 3))
    #expect(proposal(lookup, 2) == [4, 5])
    #expect(proposal(lookup, 0) == [])
    // No further than the text goes.
    #expect(proposal(lookup, 7) == [4, 5, 1, 2, 3])
    lookup.append(6)
    #expect(lookup.match == nil)
  }

  /// The text, the index of the token after the match, and the match's length.
  static let places: [(text: [TokenID], next: Int?, length: Int)] = [
    ([], nil, 0),
    ([1, 2], nil, 0),
    ([1, 2, 1, 2], nil, 0),
    // A run may overlap itself.
    ([7, 7, 7], nil, 0),
    ([7, 7, 7, 7], 3, 3),
    ([1, 2, 1, 2, 1], 3, 3),
    // Of places with equally long matches the latest.
    ([1, 2, 3, 40, 1, 2, 3, 50, 1, 2, 3], 7, 3),
    ([9, 1, 2, 3, 40, 9, 1, 2, 3, 50, 9, 1, 2, 3], 9, 4),
    // Five tokens win over four, and four over three, however late those stood.
    ([9, 1, 2, 3, 40, 8, 1, 2, 3, 50, 9, 1, 2, 3], 4, 4),
    ([6, 9, 1, 2, 3, 40, 5, 9, 1, 2, 3, 50, 6, 9, 1, 2, 3], 5, 5),
    // Beyond five the latest wins again; its own length is told.
    ([4, 6, 9, 1, 2, 3, 40, 7, 6, 9, 1, 2, 3, 50, 4, 6, 9, 1, 2, 3], 13, 5),
    ([4, 6, 9, 1, 2, 3, 40, 4, 6, 9, 1, 2, 3], 6, 6),
    // Ids at both ends of their range are tokens like others.
    ([0, .max, .min, 5, 0, .max, .min], 3, 3),
  ]

  @Test(arguments: places.indices)
  func findsTheLongestAndLatestPlace(index: Int) {
    let (text, next, length) = Self.places[index]
    let expected = next.map { Match(next: $0, length: length) }
    #expect(PromptLookup(text).match == expected)
    var grown = PromptLookup([])
    for token in text { grown.append(token) }
    #expect(grown.match == expected)
  }

  @Test func lengthsAreCountedToALimit() {
    let text = (0..<100).map(TokenID.init)
    #expect(PromptLookup(text + text.prefix(20)).match == Match(next: 20, length: 20))
    #expect(PromptLookup(text + text.prefix(60)).match == Match(next: 60, length: 32))
  }

  /// Random texts of few different tokens, where the same runs come again and again, against a
  /// search through all of the text.
  @Test(arguments: [2, 3, 8, 40])
  func agreesWithASearch(tokenCount: Int32) {
    var random = SplitMix64(seed: UInt64(tokenCount))
    var lookup = PromptLookup([])
    var text: [TokenID] = []
    for _ in 0..<2_000 {
      let token = TokenID.random(in: 0..<tokenCount, using: &random)
      text.append(token)
      lookup.append(token)
      var best: (next: Int, length: Int)?
      for next in 3..<max(3, text.count) {
        var length = 0
        while length < 5, length < next,
          text[next - 1 - length] == text[text.count - 1 - length]
        {
          length += 1
        }
        if length >= 3, length >= (best?.length ?? 0) { best = (next, length) }
      }
      #expect(lookup.match?.next == best?.next)
    }
  }

  @Test(.timeLimit(.minutes(1))) func aLongTextTakesNoLonger() {
    var lookup = PromptLookup((0..<400_000).map { TokenID($0 % 50_021) })
    // The text has come round seven times; the last one counts.
    #expect(lookup.match == PromptLookup.Match(next: 400_000 - 50_021, length: 32))
    lookup.append(1_000_000)
    #expect(lookup.match == nil)
  }
}
