import Kernel
import Testing

/// Costs as they are learned from passes that take these multiples of 10 ms.
private func costs(_ multiple: (Int) -> Double) -> PassCosts {
  var costs = PassCosts()
  costs.beginReply()
  for _ in 0..<30 {
    for count in 1...8 { costs.took(seconds: 0.01 * multiple(count), tokenCount: count) }
  }
  return costs
}

@Suite struct PassCostsTests {
  @Test func multiplesAreLearned() {
    let found = costs { 1 + 0.25 * Double($0 - 1) }
    #expect(found.multiple(tokenCount: 1) == 1)
    for count in 2...8 {
      #expect(abs(found.multiple(tokenCount: count) - (1 + 0.25 * Double(count - 1))) < 0.05)
    }
  }

  @Test func unknownSizesFollowTheNearestKnownOne() {
    var costs = PassCosts()
    #expect(abs(costs.multiple(tokenCount: 4) - 1.3) < 1e-9)
    costs.beginReply()
    costs.took(seconds: 0.01, tokenCount: 1)
    for _ in 0..<40 { costs.took(seconds: 0.015, tokenCount: 2) }
    for _ in 0..<40 { costs.took(seconds: 0.024, tokenCount: 8) }
    // Half a token more for each further one, as with two; a fifth, as with eight.
    #expect(abs(costs.multiple(tokenCount: 3) - 2) < 0.2)
    #expect(abs(costs.multiple(tokenCount: 7) - 2.2) < 0.2)
  }

  /// The cache fills, the machine gets slower: multiples stay.
  @Test func anotherReplyMayHaveSlowerPasses() {
    var found = costs { 1 + 0.25 * Double($0 - 1) }
    found.beginReply()
    for _ in 0..<3 {
      found.took(seconds: 0.05, tokenCount: 1)
      found.took(seconds: 0.1, tokenCount: 5)
    }
    #expect(abs(found.multiple(tokenCount: 5) - 2) < 0.05)
    // Also when it begins with a draft.
    found.beginReply()
    found.took(seconds: 0.02, tokenCount: 5)
    found.took(seconds: 0.01, tokenCount: 1)
    found.took(seconds: 0.02, tokenCount: 5)
    #expect(abs(found.multiple(tokenCount: 5) - 2) < 0.05)
  }

  @Test func onePassThatWasHeldUpChangesLittle() {
    var found = costs { 1 + 0.25 * Double($0 - 1) }
    found.took(seconds: 10, tokenCount: 5)
    #expect(found.multiple(tokenCount: 5) < 2.5)
    found.took(seconds: 10, tokenCount: 1)
    found.took(seconds: 0.02, tokenCount: 5)
    #expect(found.multiple(tokenCount: 5) > 1.6)
  }
}

@Suite struct DraftPolicyTests {
  private let cheap = costs { 1 + 0.02 * Double($0 - 1) }

  @Test func longMatchesAreTrustedFromTheStart() {
    let policy = DraftPolicy()
    let moderate = costs { 1 + 0.14 * Double($0 - 1) }
    let counts = [3, 4, 5, 16].map {
      policy.draftCount(matchLength: $0, limit: 7, costs: moderate)
    }
    #expect(counts == counts.sorted())
    #expect(counts[2] >= 2)
    #expect(counts[3] == 7)
  }

  @Test func neverMoreThanThereIsRoomFor() {
    let policy = DraftPolicy()
    for limit in 0...7 {
      #expect(policy.draftCount(matchLength: 20, limit: limit, costs: cheap) == limit)
    }
    #expect(policy.draftCount(matchLength: 20, limit: 1_000, costs: cheap) == 7)
    #expect(policy.draftCount(matchLength: 20, limit: -3, costs: cheap) == 0)
  }

  @Test func itSwitchesItselfOffAndOnAgain() {
    var policy = DraftPolicy()
    let some = costs { 1 + 0.3 * Double($0 - 1) }
    for _ in 0..<30 { policy.observe(matchLength: 5, wasRight: false) }
    #expect(policy.draftCount(matchLength: 5, limit: 7, costs: some) == 0)
    // Seen without drafts.
    for _ in 0..<40 { policy.observe(matchLength: 5, wasRight: true) }
    #expect(policy.draftCount(matchLength: 5, limit: 7, costs: some) > 0)
  }

  /// Two tokens that cost as much as two: even a draft that is always right gains nothing.
  @Test func whatCostsAsMuchAsItGivesIsNotDone() {
    var policy = DraftPolicy()
    let dear = costs(Double.init)
    for length in [3, 5, 8, 16, 32] {
      for _ in 0..<100 { policy.observe(matchLength: length, wasRight: true) }
      #expect(policy.draftCount(matchLength: length, limit: 7, costs: dear) == 0)
    }
  }

  /// Four tokens cost as one, five as four: the draft ends where the step is.
  @Test func theDraftEndsBeforeTheStepInTheCost() {
    var policy = DraftPolicy()
    for _ in 0..<100 {
      policy.observe(matchLength: 32, wasRight: true)
      policy.finished(draftCount: 1, acceptedCount: 1, costs: cheap)
    }
    let steps = costs { $0 <= 4 ? 1.1 : 4 }
    #expect(policy.draftCount(matchLength: 32, limit: 7, costs: steps) == 3)
  }

  /// However sure it is of itself: a reply in which every draft is wrong takes little longer.
  @Test(arguments: [64, 200, 1_000])
  func whatIsLostIsBounded(tokenCount: Int) {
    var policy = DraftPolicy()
    let some = costs { 1 + 0.1 * Double($0 - 1) }
    var time = 0.0
    var draftedCount = 0
    for _ in 0..<tokenCount {
      for _ in 0..<5 { policy.observe(matchLength: 20, wasRight: true) }
      let count = policy.draftCount(matchLength: 20, limit: 7, costs: some)
      policy.finished(draftCount: count, acceptedCount: 0, costs: some)
      time += 1 + 0.1 * Double(count)
      draftedCount += count
    }
    #expect(draftedCount > 5)
    #expect(time < 1.01 * Double(tokenCount) + 1.1)
  }

  /// And once drafts come true they may be long at once.
  @Test func savedTimeMayBeSpent() {
    var policy = DraftPolicy()
    let dear = costs { 1 + 0.4 * Double($0 - 1) }
    #expect(policy.draftCount(matchLength: 32, limit: 7, costs: dear) < 3)
    for _ in 0..<3 { policy.finished(draftCount: 2, acceptedCount: 2, costs: dear) }
    #expect(policy.draftCount(matchLength: 32, limit: 7, costs: dear) > 3)
  }
}
