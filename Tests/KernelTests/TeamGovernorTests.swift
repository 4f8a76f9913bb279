import Kernel
import Testing

@Suite struct TeamGovernorTests {
  private func good(_ governor: inout TeamGovernor) { governor.took(seconds: 0.01, stalled: 0.001) }
  private func bad(_ governor: inout TeamGovernor) { governor.took(seconds: 0.1, stalled: 0.09) }

  /// Steps until the whole team of two is at work again.
  private func pause(_ governor: inout TeamGovernor) -> Int {
    var steps = 0
    while governor.teamSize < 2 {
      good(&governor)
      steps += 1
    }
    return steps
  }

  @Test func oneBadStepIsNoReason() {
    var governor = TeamGovernor(workerCount: 2)
    for _ in 0..<20 {
      bad(&governor)
      good(&governor)
    }
    #expect(governor.teamSize == 2)
  }

  @Test func twoBadStepsHalveTheTeamForGrowingPauses() {
    var governor = TeamGovernor(workerCount: 2)
    var pauses: [Int] = []
    for _ in 0..<7 {
      bad(&governor)
      bad(&governor)
      #expect(governor.teamSize == 1)
      pauses.append(pause(&governor))
    }
    #expect(pauses == [16, 32, 64, 128, 256, 512, 512])
    // A long good time, and it begins anew.
    for _ in 0..<100 { good(&governor) }
    bad(&governor)
    bad(&governor)
    #expect(pause(&governor) == 16)
  }

  @Test func largeTeamsShrinkStepByStep() {
    var governor = TeamGovernor(workerCount: 8)
    var sizes: [Int] = []
    for _ in 0..<3 {
      bad(&governor)
      bad(&governor)
      sizes.append(governor.teamSize)
    }
    #expect(sizes == [4, 2, 1])
  }

  /// Eight threads on two cores: a part of the team does well for as long as it is left alone.
  @Test func aTeamThatIsAlwaysTooLargeIsTriedRarely() {
    var governor = TeamGovernor(workerCount: 8)
    var badCount = 0
    for _ in 0..<10_000 {
      if governor.teamSize > 2 {
        bad(&governor)
        badCount += 1
      } else {
        good(&governor)
      }
    }
    // Four bad steps a try, and soon 512 steps between tries.
    #expect((4...120).contains(badCount), "\(badCount)")
  }

  @Test func oneWorkerStaysOne() {
    var governor = TeamGovernor(workerCount: 1)
    for _ in 0..<10 { bad(&governor) }
    #expect(governor.teamSize == 1)
  }
}
