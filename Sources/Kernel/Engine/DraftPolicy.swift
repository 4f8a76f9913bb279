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
///
/// What drafts cost in vain is kept within bounds by a balance: they have to live on a little
/// credit and on what earlier ones have saved, so that a reply that repeats nothing takes at most
/// about 2 % longer.
package struct DraftPolicy: Sendable {
  /// Most tokens that are drafted at a time.
  package static let draftLimit = PassCosts.tokenLimit - 1
  /// A pass has to be expected to save this much, since expectations err.
  private static let margin = 1.05

  /// Time to lose on drafts that turn out wrong, in passes over one token.
  private var balance = 1.0
  /// What each token of the reply adds to it.
  private static let allowance = 0.01
  /// More is not saved up.
  private static let balanceLimit = 8.0

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
    Record(from: 3, guess: 0.25, weight: 3), Record(from: 4, guess: 0.4, weight: 3),
    Record(from: 5, guess: 0.65, weight: 3), Record(from: 8, guess: 0.85, weight: 4),
    Record(from: 16, guess: 0.95, weight: 6),
  ]

  package init() {}

  /// Takes in whether the token after a match was the one that followed its earlier place.
  package mutating func observe(matchLength: Int, wasRight: Bool) {
    let index = recordIndex(matchLength)
    records[index].rightCount = 0.93 * records[index].rightCount + (wasRight ? 1 : 0)
    records[index].count = 0.93 * records[index].count + 1
  }

  /// Takes in that a pass is over that drafted so many tokens, possibly none.
  package mutating func finished(draftCount: Int, acceptedCount: Int, costs: PassCosts) {
    let saved = Double(1 + acceptedCount) - costs.multiple(tokenCount: 1 + draftCount)
    let allowed = Self.allowance * Double(1 + acceptedCount)
    balance = min(Self.balanceLimit, balance + saved + allowed)
  }

  /// How many of up to `limit` tokens to draft after a match: those that give the most tokens
  /// for the time, of those that could be paid for if all were wrong.
  package func draftCount(matchLength: Int, limit: Int, costs: PassCosts) -> Int {
    var best = (count: 0, rate: Self.margin)
    var reached = 1.0
    var expected = 1.0
    for count in 1...max(1, min(limit, Self.draftLimit)) where limit > 0 {
      // Each token that is right makes the match of the next one longer.
      reached *= records[recordIndex(matchLength + count - 1)].share
      expected += reached
      let multiple = costs.multiple(tokenCount: 1 + count)
      if multiple - 1 > balance { continue }
      let rate = expected / multiple
      if rate > best.rate { best = (count, rate) }
    }
    return best.count
  }

  private func recordIndex(_ matchLength: Int) -> Int {
    records.lastIndex { $0.length <= matchLength } ?? 0
  }
}
