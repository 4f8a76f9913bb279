/// Whether replies are drafted from what the conversation has said before. The text of a reply
/// does not depend on it, only the time it takes.
package enum Drafting: Sendable, Equatable {
  case off
  /// As many tokens as are expected to save time, often none.
  case whenItPays
  /// As many as can be proposed: for tests and measurements.
  case always
}

/// Decides how many tokens to draft: how often the lookup has been right of late, by the length
/// of the match, against what a larger pass costs.
///
/// How often it is right shows at every token that had a match, drafted or not. So nothing has to
/// be tried out, and drafting begins again by itself when the reply turns to quoting.
package struct DraftPolicy: Sendable {
  /// Most tokens that are drafted at a time.
  package static let draftLimit = PassCosts.tokenLimit - 1
  /// A pass has to be expected to save this much, since expectations err.
  private static let margin = 1.05

  /// How often matches of certain lengths were right. What was seen long ago counts for less.
  private struct Record: Sendable {
    /// Lengths from here on, up to the next record's.
    let length: Int
    /// Right and all, starting with a few that are made up.
    var rightCount: Double
    var count: Double

    init(from length: Int, guess: Double, weight: Double) {
      self.length = length
      rightCount = guess * weight
      count = weight
    }

    var share: Double { rightCount / count }
  }

  /// Few of the short matches are worth anything in prose; long ones hardly ever fail.
  private var records = [
    Record(from: 3, guess: 0.3, weight: 3), Record(from: 4, guess: 0.45, weight: 3),
    Record(from: 5, guess: 0.7, weight: 3), Record(from: 8, guess: 0.85, weight: 4),
    Record(from: 16, guess: 0.95, weight: 6),
  ]

  package init() {}

  /// Takes in whether the token after a match was the one that followed its earlier place.
  package mutating func observe(matchLength: Int, wasRight: Bool) {
    let index = recordIndex(matchLength)
    records[index].rightCount = 0.93 * records[index].rightCount + (wasRight ? 1 : 0)
    records[index].count = 0.93 * records[index].count + 1
  }

  /// How many of up to `limit` tokens to draft after a match: those that give the most tokens
  /// for the time.
  package func draftCount(matchLength: Int, limit: Int, costs: PassCosts) -> Int {
    var best = (count: 0, rate: Self.margin)
    var reached = 1.0
    var expected = 1.0
    for count in 1...max(1, min(limit, Self.draftLimit)) where limit > 0 {
      // Each token that is right makes the match of the next one longer.
      reached *= records[recordIndex(matchLength + count - 1)].share
      expected += reached
      let rate = expected / costs.multiple(tokenCount: 1 + count)
      if rate > best.rate { best = (count, rate) }
    }
    return best.count
  }

  private func recordIndex(_ matchLength: Int) -> Int {
    records.lastIndex { $0.length <= matchLength } ?? 0
  }
}
