import Kernel
import Testing

/// Draws many times and gives each token's share.
private func shares(
  _ logits: [Float], _ policy: SamplingPolicy, history: [TokenID] = [], draws: Int = 20_000
) -> [TokenID: Double] {
  var counts: [TokenID: Int] = [:]
  var policy = policy
  policy.repeatWindow = history.count
  // A sampler for each draw: what was drawn before must not count as history.
  for seed in 0..<draws {
    policy.seed = UInt64(seed)
    var sampler = Sampler(policy: policy, history: history[...])
    let token = logits.withUnsafeBufferPointer { sampler.draw(from: $0) }
    counts[token, default: 0] += 1
  }
  return counts.mapValues { Double($0) / Double(draws) }
}

/// Everything off: the plain softmax.
private let plain = SamplingPolicy(
  temperature: 1, topK: 0, topP: 1, minP: 0, repeatPenalty: 1, repeatWindow: 0)

/// ln of probabilities, so that softmax gives them back.
private let halves: [Float] = [-2.0794415, -0.6931472, -2.0794415, -1.3862944]  // 1/8 1/2 1/8 1/4

@Suite struct SamplerTests {
  @Test func temperatureZeroTakesTheLikeliestAndTheFirstOfEquals() {
    var policy = plain
    policy.temperature = 0
    #expect(shares(halves, policy, draws: 50) == [1: 1])
    #expect(shares([1, 3, 3, 2], policy, draws: 50) == [1: 1])
  }

  @Test func drawsFollowTheProbabilities() {
    let found = shares(halves, plain)
    for (token, probability) in [(0, 0.125), (1, 0.5), (2, 0.125), (3, 0.25)] {
      // Four standard deviations of 20,000 draws at one half are 0.014.
      #expect(abs((found[TokenID(token)] ?? 0) - probability) < 0.015)
    }
  }

  @Test func temperatureComesAfterTheCuts() {
    // At temperature 1/2 probabilities are squared: of 1/2 and 1/4 that leaves 4/5 and 1/5.
    var policy = plain
    policy.topK = 2
    policy.temperature = 0.5
    let found = shares(halves, policy)
    #expect(Set(found.keys) == [1, 3])
    #expect(abs((found[1] ?? 0) - 0.8) < 0.015)
  }

  @Test func topPKeepsTheTokenThatReachesIt() {
    var policy = plain
    policy.topP = 0.5
    #expect(Set(shares(halves, policy, draws: 2_000).keys) == [1])
    policy.topP = 0.51
    #expect(Set(shares(halves, policy, draws: 2_000).keys) == [1, 3])
    // Within top-k the shares are of what top-k left: 1/2 of 3/4 is two thirds.
    policy.topK = 2
    policy.topP = 0.66
    #expect(Set(shares(halves, policy, draws: 2_000).keys) == [1])
  }

  @Test func minPIsAShareOfTheLikeliest() {
    var policy = plain
    policy.minP = 0.4
    #expect(Set(shares(halves, policy, draws: 2_000).keys) == [1, 3])
    policy.minP = 0.24
    #expect(Set(shares(halves, policy, draws: 2_000).keys) == [0, 1, 2, 3])
  }

  @Test func penaltyDividesPositiveAndMultipliesNegativeLogits() {
    var policy = plain
    policy.temperature = 0
    policy.repeatPenalty = 2
    // 4 becomes 2, under 3; with −1 and −1.5, −1 becomes −2.
    #expect(shares([4, 3], policy, history: [0], draws: 1) == [1: 1])
    #expect(shares([-1, -1.5], policy, history: [0], draws: 1) == [1: 1])
    #expect(shares([4, 3], policy, history: [], draws: 1) == [0: 1])
  }

  @Test func aSeedRepeats() {
    let logits = (0..<1000).map { Float($0 % 37) / 10 }
    var policy = plain
    policy.seed = 42
    func sequence() -> [TokenID] {
      var sampler = Sampler(policy: policy)
      return (0..<100).map { _ in logits.withUnsafeBufferPointer { sampler.draw(from: $0) } }
    }
    let first = sequence()
    #expect(first == sequence())
    policy.seed = 43
    #expect(first != sequence())
  }

  @Test(arguments: [1, 2, 39, 40, 41, 999, 1000, 5000])
  func topKKeepsTheKLargest(k: Int) {
    // A fixed shuffle of distinct values: 1000 is no multiple of 7.
    let logits = (0..<1000).map { Float($0 * 7 % 1000) / 50 }
    var policy = plain
    policy.topK = k
    policy.temperature = 100
    let best = Set(logits.indices.sorted { logits[$0] > logits[$1] }.prefix(k).map(TokenID.init))
    let found = shares(logits, policy, draws: min(20_000, 50 * k))
    #expect(Set(found.keys).isSubset(of: best))
    if k <= 41 { #expect(found.count == min(k, 1000)) }
  }

  /// The largest numbers there are, made larger still by the penalty.
  @Test(.timeLimit(.minutes(1)), arguments: [0, 2])
  func logitsAtTheEdgeOfNumbersAreDrawnFrom(topK: Int) {
    let largest = Float.greatestFiniteMagnitude
    let policy = SamplingPolicy(
      temperature: 1, topK: topK, topP: 0.9, minP: 0, repeatPenalty: 0.01)
    var sampler = Sampler(policy: policy, history: [1, 2])
    for logits in [[-largest, largest, -largest, 0], [largest, largest, largest, largest]] {
      let token = logits.withUnsafeBufferPointer { sampler.draw(from: $0) }
      #expect(logits[Int(token)] == largest)
    }
  }

  @Test func impossibleSettingsAreNamed() {
    #expect(SamplingPolicy(temperature: -1).problem?.contains("temperature") == true)
    #expect(SamplingPolicy(temperature: .nan).problem?.contains("temperature") == true)
    #expect(SamplingPolicy(topP: 1.5).problem?.contains("top-p") == true)
    #expect(SamplingPolicy(minP: -0.1).problem?.contains("min-p") == true)
    #expect(SamplingPolicy(repeatPenalty: 0).problem?.contains("repeat penalty") == true)
    #expect(SamplingPolicy().problem == nil)
  }
}
