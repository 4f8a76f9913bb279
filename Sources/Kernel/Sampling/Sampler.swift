import Glibc

/// Draws tokens by a policy. A value: its state is the random source and the recent tokens.
package struct Sampler: Sendable {
  package let policy: SamplingPolicy
  private var random: SplitMix64
  private var recent: [TokenID] = []
  private var candidates: [Candidate] = []

  /// A token that may be drawn.
  struct Candidate: Equatable {
    let token: TokenID
    var logit: Float

    /// More likely first; of equals the lower id, so that the order never depends on the way
    /// the candidates were found.
    func isBefore(_ other: Candidate) -> Bool {
      logit > other.logit || (logit == other.logit && token < other.token)
    }
  }

  /// - Parameter history: the tokens before the first draw, for the repetition penalty.
  package init(policy: SamplingPolicy, history: ArraySlice<TokenID> = []) {
    self.policy = policy
    random = SplitMix64(seed: policy.seed)
    recent = Array(history.suffix(policy.repeatWindow))
  }

  /// Draws the next token and remembers it. `logits`: one for each token of the vocabulary, of
  /// which there is at least one; all finite.
  ///
  /// O(vocabulary) with a top-k (plus k log k); without one, what is sorted are the tokens
  /// that can still be drawn.
  package mutating func draw(from logits: UnsafeBufferPointer<Float>) -> TokenID {
    let token = choose(from: logits)
    if policy.repeatWindow > 0, policy.repeatPenalty != 1 {
      if recent.count >= policy.repeatWindow { recent.removeFirst() }
      recent.append(token)
    }
    return token
  }

  private mutating func choose(from logits: UnsafeBufferPointer<Float>) -> TokenID {
    guard policy.repeatPenalty != 1, !recent.isEmpty else { return choose(unpenalized: logits) }
    let penalty = Float(policy.repeatPenalty)
    return withUnsafeTemporaryAllocation(of: Float.self, capacity: logits.count) { copy in
      _ = copy.initialize(fromContentsOf: logits)
      for token in Set(recent) where copy.indices.contains(Int(token)) {
        let logit = copy[Int(token)]
        let penalized = logit > 0 ? logit / penalty : logit * penalty
        // A penalty below 1 may carry the logits of a damaged model beyond all numbers.
        copy[Int(token)] = max(-.greatestFiniteMagnitude, min(penalized, .greatestFiniteMagnitude))
      }
      return choose(unpenalized: UnsafeBufferPointer(copy))
    }
  }

  private mutating func choose(unpenalized logits: UnsafeBufferPointer<Float>) -> TokenID {
    if policy.temperature == 0 || policy.topK == 1 { return Self.mostLikely(logits) }
    let isLimited = policy.topK > 0 && policy.topK < logits.count
    if isLimited {
      Self.select(policy.topK, from: logits, into: &candidates)
    } else {
      select(nucleusOf: logits)
    }
    // `total` is over all that top-k left, drawn or not.
    let best = candidates[0].logit
    var weights = candidates.map { exp(Double($0.logit - best)) }
    let total = isLimited ? weights.reduce(0, +) : Self.totalWeight(of: logits, best: best)
    var kept = weights.count
    if policy.topP < 1 {
      var reached = 0.0
      kept =
        (weights.firstIndex { weight in
          reached += weight
          return reached >= policy.topP * total
        } ?? weights.count - 1) + 1
    }
    if policy.minP > 0 {
      kept = min(kept, max(1, weights.prefix(kept).count { $0 >= policy.minP }))
    }
    for i in 0..<kept {
      weights[i] = exp(Double(candidates[i].logit - best) / policy.temperature)
    }
    var left = random.unit() * weights.prefix(kept).reduce(0, +)
    for i in 0..<kept {
      left -= weights[i]
      if left < 0 { return candidates[i].token }
    }
    return candidates[kept - 1].token
  }

  /// Without a top-k: every token that top-p and min-p could leave, most likely first.
  private mutating func select(nucleusOf logits: UnsafeBufferPointer<Float>) {
    let best = logits[Int(Self.mostLikely(logits))]
    let total = Self.totalWeight(of: logits, best: best)
    // Tokens within `reach` of the best; more of them until they hold the nucleus.
    var reach: Float = policy.minP > 0 ? Float(-log(policy.minP)) + 1e-3 : 12
    while true {
      candidates.removeAll(keepingCapacity: true)
      var weight = 0.0
      for (token, logit) in logits.enumerated() where best - logit <= reach {
        candidates.append(Candidate(token: TokenID(token), logit: logit))
        weight += exp(Double(logit - best))
      }
      let isWhole = candidates.count == logits.count
      if isWhole || policy.minP > 0 || (policy.topP < 1 && weight >= policy.topP * total) { break }
      reach *= 4
    }
    candidates.sort { $0.isBefore($1) }
  }

  private static func totalWeight(of logits: UnsafeBufferPointer<Float>, best: Float) -> Double {
    logits.reduce(0.0) { $0 + exp(Double($1 - best)) }
  }

  /// The token with the largest logit, the first of equals.
  package static func mostLikely(_ logits: UnsafeBufferPointer<Float>) -> TokenID {
    var best = 0
    for token in 1..<max(1, logits.count) where logits[token] > logits[best] { best = token }
    return TokenID(best)
  }

  /// The `count` most likely tokens, most likely first: a heap whose root is the least of them.
  private static func select(
    _ count: Int, from logits: UnsafeBufferPointer<Float>, into heap: inout [Candidate]
  ) {
    heap.removeAll(keepingCapacity: true)
    for token in 0..<count {
      heap.append(Candidate(token: TokenID(token), logit: logits[token]))
    }
    for root in stride(from: count / 2 - 1, through: 0, by: -1) { sink(root, in: &heap) }
    for token in count..<logits.count where logits[token] > heap[0].logit {
      heap[0] = Candidate(token: TokenID(token), logit: logits[token])
      sink(0, in: &heap)
    }
    heap.sort { $0.isBefore($1) }
  }

  private static func sink(_ start: Int, in heap: inout [Candidate]) {
    var parent = start
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2]
      where child < heap.count && heap[least].isBefore(heap[child]) {
        least = child
      }
      if least == parent { return }
      heap.swapAt(parent, least)
      parent = least
    }
  }
}
