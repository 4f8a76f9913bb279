/// Decides how many workers the next step gets.
///
/// Workers meet hundreds of times in a token. While something else keeps the cores busy, one
/// of them is often off its core, and then all wait: measured on two cores with a compiler
/// running on both, two workers made 6 tokens a second where one alone made 70. So when a
/// step was mostly waiting, twice in a row, the team is halved for a while, and then the whole
/// team is tried again, at growing intervals. The results do not depend on the team.
package struct TeamGovernor: Sendable {
  private let workerCount: Int
  /// Workers that the next step is given to.
  package private(set) var teamSize: Int

  private var stallCount = 0
  private var goodCount = 0
  /// Steps until the whole team is tried again.
  private var pause = 0
  private var nextPause = Self.shortestPause

  private static let shortestPause = 16
  private static let longestPause = 512

  /// Starts with the whole team.
  package init(workerCount: Int) {
    self.workerCount = workerCount
    teamSize = workerCount
  }

  /// Takes in how long a step took, and how much of that was waiting for other workers.
  package mutating func took(seconds: Double, stalled: Double) {
    if teamSize < workerCount {
      pause -= 1
      if pause <= 0 { teamSize = workerCount }
    }
    guard teamSize > 1 else { return }
    if stalled > seconds / 2 {
      stallCount += 1
      goodCount = 0
    } else {
      stallCount = 0
      // What a part of the team does well says nothing about the whole.
      if teamSize == workerCount { goodCount += 1 }
      if goodCount > 64 { nextPause = Self.shortestPause }
    }
    if stallCount >= 2 {
      teamSize = max(1, teamSize / 2)
      stallCount = 0
      pause = nextPause
      nextPause = min(2 * nextPause, Self.longestPause)
    }
  }
}
