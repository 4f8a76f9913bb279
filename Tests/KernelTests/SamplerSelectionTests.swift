import Glibc
import Kernel
import Testing

/// The definition of the policy, with everything sorted: what the sampler has to agree with.
private func drawn(
  _ logits: [Float], _ policy: SamplingPolicy, recent: [TokenID], random: Double
) -> TokenID {
  var logits = logits
  for token in Set(recent) {
    let logit = logits[Int(token)]
    let penalty = Float(policy.repeatPenalty)
    logits[Int(token)] = logit > 0 ? logit / penalty : logit * penalty
  }
  var order = logits.indices.sorted { (logits[$0], -$0) > (logits[$1], -$1) }
  let best = Double(logits[order[0]])
  // Where every token may be drawn they are taken by id.
  if policy.topP == 1, policy.minP == 0, policy.topK == 0 || policy.topK >= logits.count {
    order = Array(logits.indices)
  }
  if policy.topK > 0 { order = Array(order.prefix(policy.topK)) }
  var shares = order.map { exp(Double(logits[$0]) - best) }
  let all = shares.reduce(0, +)
  var sum = 0.0
  var count = 0
  while count < order.count,
    count == 0 || (policy.topP < 1 && sum < policy.topP * all) || policy.topP == 1
  {
    sum += shares[count]
    count += 1
  }
  while count > 1, shares[count - 1] < policy.minP { count -= 1 }
  order = Array(order.prefix(count))
  shares = order.map { exp((Double(logits[$0]) - best) / policy.temperature) }
  var left = random * shares.reduce(0, +)
  for (token, share) in zip(order, shares) {
    left -= share
    if left < 0 { return TokenID(token) }
  }
  return TokenID(order[order.count - 1])
}

@Suite struct SamplerSelectionTests {
  /// A bell of logits as models give them, with many equal ones.
  private func bell(_ count: Int, width: Float, seed: UInt64) -> [Float] {
    var random = SplitMix64(seed: seed)
    return (0..<count).map { _ in
      let sum = (0..<12).reduce(Float(0)) { sum, _ in sum + Float.random(in: 0..<1, using: &random)
      }
      return ((sum - 6) * width * 64).rounded() / 64
    }
  }

  static let policies: [(topK: Int, topP: Double, minP: Double, temperature: Double)] = [
    (0, 1, 0, 1), (0, 1, 0, 0.7), (0, 1, 0, 3), (0, 0.95, 0, 1), (0, 0.95, 0, 0.5),
    (0, 0.3, 0, 2), (0, 0.9999, 0, 1), (0, 0, 0, 1), (0, 1, 0.02, 1), (0, 0.9, 0.1, 1.5),
    (40, 0.95, 0, 0.8), (40, 1, 0.05, 0.8), (1, 1, 0, 1), (2, 0.5, 0, 1), (300, 0.95, 0, 1),
    (2_990, 1, 0, 1), (2_999, 0.99, 0, 1), (3_000, 0.5, 0, 1), (100_000, 0.95, 0, 1),
  ]

  /// Flat, ordinary and steep logits; the count is no multiple of anything the loops use.
  @Test(arguments: policies.indices)
  func drawsWhatTheDefinitionDraws(index: Int) {
    let (topK, topP, minP, temperature) = Self.policies[index]
    for (width, penalty) in [(0.1, 1), (1, 1.3), (3, 1), (8, 0.8)] {
      let logits = bell(3_001, width: Float(width), seed: UInt64(index))
      let history: [TokenID] = [5, 77, 77, 3_000, 5]
      for seed in 0..<20 {
        let policy = SamplingPolicy(
          temperature: temperature, topK: topK, topP: topP, minP: minP, repeatPenalty: penalty,
          repeatWindow: 4, seed: UInt64(seed))
        var sampler = Sampler(policy: policy, history: history[...])
        var numbers = SplitMix64(seed: UInt64(seed))
        var recent = Array(history.suffix(4))
        for _ in 0..<3 {
          let token = logits.withUnsafeBufferPointer { sampler.draw(from: $0) }
          let number = topK == 1 ? 0 : Double(numbers.next() >> 11) * 0x1p-53
          #expect(
            token == drawn(logits, policy, recent: penalty == 1 ? [] : recent, random: number))
          recent = Array((recent + [token]).suffix(4))
        }
      }
    }
  }

  /// Vocabularies of all sizes around those of the loops' steps.
  @Test(arguments: [1, 2, 7, 8, 9, 15, 16, 17, 63, 64, 65, 71, 128, 129])
  func theLikeliestIsFoundWhereverItIs(count: Int) {
    var logits = [Float](repeating: -3, count: count)
    for place in logits.indices {
      logits[place] = -2
      let token = logits.withUnsafeBufferPointer { Sampler.mostLikely($0) }
      #expect(token == 0)
      logits[place] = -1
      #expect(logits.withUnsafeBufferPointer { Sampler.mostLikely($0) } == place)
      logits[place] = -2
    }
    logits = [Float](repeating: -.greatestFiniteMagnitude, count: count)
    #expect(logits.withUnsafeBufferPointer { Sampler.mostLikely($0) } == 0)
    logits[count - 1] = 0
    #expect(logits.withUnsafeBufferPointer { Sampler.mostLikely($0) } == count - 1)
  }

  /// One logit that is no number, or too large for one, anywhere among others.
  @Test(arguments: [1, 7, 8, 15, 16, 17, 33, 64, 70])
  func whatIsNotFiniteIsSeenWhereverItIs(count: Int) {
    var logits = (0..<count).map { Float($0 % 3) - 1 }
    logits[count / 2] = -.greatestFiniteMagnitude
    logits[0] = .greatestFiniteMagnitude
    #expect(logits.withUnsafeBufferPointer { LogitScan.areFinite($0) })
    for place in logits.indices {
      for wrong in [Float.nan, .infinity, -.infinity, .signalingNaN] {
        var damaged = logits
        damaged[place] = wrong
        #expect(!damaged.withUnsafeBufferPointer { LogitScan.areFinite($0) })
      }
    }
  }
}
