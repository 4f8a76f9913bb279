import Chat
import Kernel

/// A reply on its way.
struct ReplyProgress: Sendable {
  enum Phase: Sendable, Equatable {
    /// The model is not loaded yet.
    case waitingForModel
    /// The prompt is being put together.
    case preparing
    case prefill(done: Int, total: Int, reused: Int)
    case decoding
  }

  /// What becomes of the reply that is there.
  enum Kind: Sendable, Equatable {
    /// There is none: it follows the last message.
    case new
    /// It stays beside the new one.
    case another(than: MessageID)
    /// It has no text and takes the new one.
    case filling(MessageID)
    /// It was broken off and is gone on with.
    case continuing(MessageID)
  }

  let number: Int
  let kind: Kind
  var policy: SamplingPolicy
  var phase = Phase.waitingForModel
  /// The message that the text goes to, from when the prompt is known to fit.
  var message: MessageID?
  var startedAt: Double
  var prefillStartedAt: Double?
  var firstTokenAt: Double?
  var tokenCount = 0
  /// Times of the last tokens, for the rate of now.
  var recentTokens: [Double] = []
  /// How many of the drafted tokens were right, 0 to 1; nil while none were drafted.
  var acceptedShare: Double?
  var isStopping = false
  /// Whether a stop string of the format has ended it.
  var didMatchStop = false

  init(number: Int, kind: Kind, policy: SamplingPolicy, startedAt: Double) {
    self.number = number
    self.kind = kind
    self.policy = policy
    self.startedAt = startedAt
  }

  var isContinuation: Bool {
    if case .continuing = kind { return true }
    return false
  }

  mutating func countToken(at time: Double) {
    phase = .decoding
    if firstTokenAt == nil { firstTokenAt = time }
    tokenCount += 1
    recentTokens.append(time)
    if recentTokens.count > 4, time - recentTokens[0] > 1 {
      recentTokens.removeAll { time - $0 > 1 }
    }
  }

  /// Tokens a second over the last second or so.
  var currentRate: Double? {
    guard let first = recentTokens.first, let last = recentTokens.last, recentTokens.count > 2,
      last > first
    else { return nil }
    return Double(recentTokens.count - 1) / (last - first)
  }

  /// Tokens a second since the first one.
  var averageRate: Double? {
    guard let firstTokenAt, let last = recentTokens.last, tokenCount > 1, last > firstTokenAt
    else { return nil }
    return Double(tokenCount - 1) / (last - firstTokenAt)
  }
}
