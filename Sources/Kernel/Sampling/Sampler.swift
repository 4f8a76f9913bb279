import Glibc

/// Draws tokens by a policy. A value: its state is the random source and the recent tokens.
///
/// Its memory grows with the first draw and is used again in each one after it.
package struct Sampler: Sendable {
  package let policy: SamplingPolicy
  private var random: SplitMix64
  private var recent: RecentTokens
  private var candidates = Candidates()
  /// The largest logit of each block, or its weight.
  private var maxima: [Float] = []
  /// Logits after the repetition penalty.
  private var penalized: [Float] = []

  /// Up to this many tokens a heap finds the most likely ones; beyond, selection does.
  private static let heapLimit = 256
  /// How far below the best the first ring of candidates goes: it holds most nuclei.
  private static let ringWidth: Float = 7
  /// Tokens this far below the best are hardly ever asked for.
  private static let lastRing: Float = 21

  /// - Parameter history: the tokens before the first draw, for the repetition penalty.
  package init(policy: SamplingPolicy, history: ArraySlice<TokenID> = []) {
    self.policy = policy
    random = SplitMix64(seed: policy.seed)
    recent = RecentTokens(limit: policy.repeatPenalty == 1 ? 0 : policy.repeatWindow)
    for token in history.suffix(policy.repeatWindow) { recent.append(token) }
  }

  /// Draws the next token and remembers it. `logits`: one for each token of the vocabulary, of
  /// which there is at least one; all finite.
  ///
  /// O(vocabulary), and nothing is sorted.
  package mutating func draw(from logits: UnsafeBufferPointer<Float>) -> TokenID {
    let token: TokenID
    if recent.isEmpty {
      token = choose(from: logits)
    } else {
      // Out of `self` while it is looked at, which costs nothing.
      var copy = penalized
      penalized = []
      penalize(logits, into: &copy)
      token = copy.withUnsafeBufferPointer { choose(from: $0) }
      penalized = copy
    }
    recent.append(token)
    return token
  }

  private func penalize(_ logits: UnsafeBufferPointer<Float>, into copy: inout [Float]) {
    if copy.count != logits.count { copy = [Float](repeating: 0, count: logits.count) }
    let penalty = Float(policy.repeatPenalty)
    copy.withUnsafeMutableBufferPointer { copy in
      _ = copy.update(fromContentsOf: logits)
      // From the logit itself each time, so that a token that comes twice is penalized once.
      for token in recent.tokens where logits.indices.contains(Int(token)) {
        let logit = logits[Int(token)]
        let changed = logit > 0 ? logit / penalty : logit * penalty
        // A penalty below 1 may carry the logits of a damaged model beyond all numbers.
        copy[Int(token)] = max(-.greatestFiniteMagnitude, min(changed, .greatestFiniteMagnitude))
      }
    }
  }

  private mutating func choose(from logits: UnsafeBufferPointer<Float>) -> TokenID {
    // A temperature that a float holds as zero divides like zero.
    if Float(policy.temperature) == 0 || policy.topK == 1 { return Self.mostLikely(logits) }
    let best = LogitScan.maxima(of: logits, into: &maxima)
    if policy.allowsAll(of: logits.count) { return chooseOfAll(logits, best: best) }
    if policy.topK > 0 && policy.topK < logits.count {
      gatherMostLikely(logits, best: best)
    } else {
      gatherNucleus(logits, best: best)
    }
    if policy.minP > 0 { candidates.keep(weightFrom: policy.minP) }
    // The token at which the weights, summed from the most likely on, pass a random part of all.
    candidates.weigh(best: best, temperature: policy.temperature)
    return candidates.keep(reaching: random.unit() * candidates.weight)
  }

  /// Among all tokens, by their ids: no order by likelihood is needed.
  private mutating func chooseOfAll(
    _ logits: UnsafeBufferPointer<Float>, best: Float
  ) -> TokenID {
    let temperature = Float(policy.temperature)
    let total = LogitScan.weights(
      of: logits, below: best, temperature: temperature, into: &maxima)
    var left = random.unit() * total
    var start = 0
    for (block, weight) in maxima.enumerated() where weight > 0 {
      start = block * LogitScan.blockSize
      if left < Double(weight) { break }
      left -= Double(weight)
    }
    var likeliest = start
    for token in start..<min(start + LogitScan.blockSize, logits.count) {
      left -= exp(Double((logits[token] - best) / temperature))
      if left < 0 { return TokenID(token) }
      if logits[token] > logits[likeliest] { likeliest = token }
    }
    // The block's weight was rounded up a little.
    return TokenID(likeliest)
  }

  /// Top-k, and top-p of what it leaves.
  private mutating func gatherMostLikely(_ logits: UnsafeBufferPointer<Float>, best: Float) {
    if policy.topK <= Self.heapLimit {
      candidates.addMostLikely(policy.topK, of: logits, best: best, maxima: maxima)
    } else {
      candidates.removeAll()
      let limit = policy.topK
      addRings(logits, best: best, to: .infinity) { $0.count >= limit }
      candidates.keep(mostLikely: limit)
      candidates.weigh(best: best)
    }
    if policy.topP < 1 { candidates.keep(reaching: policy.topP * candidates.weight) }
  }

  /// Top-p of all tokens, without those that min-p rules out in any case.
  private mutating func gatherNucleus(_ logits: UnsafeBufferPointer<Float>, best: Float) {
    candidates.removeAll()
    // A little more than min-p allows: how far exactly is decided by the weights.
    let allowed = policy.minP > 0 ? Float(-log(policy.minP)) + 1e-3 : .infinity
    guard policy.topP < 1 else {
      return addRings(logits, best: best, to: allowed) { _ in false }
    }
    let reach = min(allowed, Self.ringWidth)
    addRings(logits, best: best, to: reach) { _ in false }
    let goal =
      policy.topP
      * (candidates.weight
        + LogitScan.weight(of: logits, beyond: reach, below: best, maxima: maxima))
    if reach < allowed {
      addRings(logits, best: best, from: reach, to: allowed) { $0.weight >= goal }
    }
    candidates.keep(reaching: goal)
  }

  /// Adds rings of candidates from one distance below the best to another, until there are enough.
  private mutating func addRings(
    _ logits: UnsafeBufferPointer<Float>, best: Float, from start: Float = -1, to end: Float,
    until isEnough: (Candidates) -> Bool
  ) {
    var reach = start
    while reach < end, !isEnough(candidates) {
      // What lies deeper than the last ring that is worth one of its own goes into one.
      let next = reach < 0 ? Self.ringWidth : reach + 2
      let outer = next > Self.lastRing ? end : min(next, end)
      candidates.addRing(logits, from: reach, to: outer, below: best, maxima: maxima)
      reach = outer
    }
  }

  /// The token with the largest logit, the first of equals.
  package static func mostLikely(_ logits: UnsafeBufferPointer<Float>) -> TokenID {
    TokenID(LogitScan.firstLargest(logits))
  }
}

extension SamplingPolicy {
  /// Whether every one of `count` tokens may be drawn.
  fileprivate func allowsAll(of count: Int) -> Bool {
    (topK == 0 || topK >= count) && topP == 1 && minP == 0
  }
}

/// The last tokens up to a limit, in no order.
private struct RecentTokens: Sendable {
  let limit: Int
  private(set) var tokens: [TokenID] = []
  /// The oldest one's place, once there are `limit`.
  private var oldest = 0

  init(limit: Int) { self.limit = limit }

  var isEmpty: Bool { tokens.isEmpty }

  mutating func append(_ token: TokenID) {
    if tokens.count < limit {
      tokens.append(token)
    } else if limit > 0 {
      tokens[oldest] = token
      oldest = oldest + 1 == limit ? 0 : oldest + 1
    }
  }
}
