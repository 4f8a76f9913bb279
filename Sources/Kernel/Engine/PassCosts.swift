/// What a pass over several tokens costs, as a multiple of a pass over one: learned from the
/// passes themselves.
///
/// The multiples depend on the machine and the model and are worth keeping from one reply to the
/// next; how long a pass over one token takes depends on how much the cache holds, and is learned
/// anew in each reply.
package struct PassCosts: Sendable {
  /// The most tokens whose pass is looked at.
  package static let tokenLimit = 8
  /// What each token more is taken to cost before anything is known.
  package static let firstGuess = 0.1

  /// Seconds of a pass over one token.
  private var single: Double?
  /// Multiples by token count less two, and how many passes each was learned from.
  private var multiples = [Double](repeating: 0, count: tokenLimit - 1)
  private var passCounts = [Int](repeating: 0, count: tokenLimit - 1)

  package init() {}

  /// Another reply begins.
  package mutating func beginReply() { single = nil }

  /// Takes in how long a pass took. One that something else on the machine held up counts as at
  /// most twice what was expected.
  package mutating func took(seconds: Double, tokenCount: Int) {
    guard (1...Self.tokenLimit).contains(tokenCount), seconds > 0 else { return }
    let expected = multiple(tokenCount: tokenCount)
    guard let known = single else {
      single = seconds / expected
      return
    }
    let found = min(seconds / known, 2 * expected)
    if tokenCount == 1 {
      single = known * (1 + 0.3 * (found - 1))
      return
    }
    // Should the cache fill while nothing but drafts are computed, this keeps up with it.
    single = known * (1 + 0.05 * (found / expected - 1))
    let index = tokenCount - 2
    passCounts[index] += 1
    let weight = max(0.15, 0.75 / Double(passCounts[index]))
    multiples[index] = expected + weight * (found - expected)
  }

  /// How many passes over one token a pass over `tokenCount` takes as long as.
  package func multiple(tokenCount: Int) -> Double {
    guard tokenCount > 1 else { return 1 }
    let index = min(tokenCount, Self.tokenLimit) - 2
    if passCounts[index] > 0 { return multiples[index] }
    // In proportion to the nearest size that is known.
    let known = passCounts.indices.filter { passCounts[$0] > 0 }
    guard let nearest = known.min(by: { abs($0 - index) < abs($1 - index) }) else {
      return 1 + Self.firstGuess * Double(index + 1)
    }
    return 1 + max(0, multiples[nearest] - 1) * Double(index + 1) / Double(nearest + 1)
  }
}
