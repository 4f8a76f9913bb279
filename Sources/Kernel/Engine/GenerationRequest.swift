/// A prompt to go on from, and how.
package struct GenerationRequest: Sendable {
  /// The whole prompt, BOS included where the model wants one. The engine computes what it
  /// does not hold already.
  package var tokens: [TokenID]
  package var sampling: SamplingPolicy
  /// Most tokens to generate; the window's end also ends a reply.
  package var tokenLimit: Int
  /// Whether the reply goes on with text that the prompt has begun: then the first token's
  /// leading space stays.
  package var isContinuation: Bool
  package var drafting: Drafting

  package init(
    tokens: [TokenID], sampling: SamplingPolicy, tokenLimit: Int = .max,
    isContinuation: Bool = false, drafting: Drafting = .whenItPays
  ) {
    self.tokens = tokens
    self.sampling = sampling
    self.tokenLimit = tokenLimit
    self.isContinuation = isContinuation
    self.drafting = drafting
  }
}

/// Why a generation ended.
package enum StopReason: String, Sendable {
  /// The model ended its turn.
  case endOfText = "eos"
  /// The token limit or the window's end.
  case limit
  /// `Engine.cancel`.
  case cancelled
}

/// Counts and times of one generation. Seconds are measured from the moment the engine took
/// the request up.
package struct GenerationStatistics: Sendable {
  package var promptTokenCount = 0
  /// Prompt tokens whose keys and values were there already.
  package var reusedTokenCount = 0
  package var generatedTokenCount = 0
  package var prefillSeconds = 0.0
  package var firstTokenSeconds: Double?
  /// From the first generated token to the last.
  package var decodeSeconds = 0.0
  /// Tokens that were proposed and checked.
  package var draftedTokenCount = 0
  /// Those of them that became part of the reply.
  package var acceptedTokenCount = 0

  /// Of a generation that did not begin.
  package init() {}

  package var prefillTokensPerSecond: Double? {
    let count = promptTokenCount - reusedTokenCount
    return count > 0 && prefillSeconds > 0 ? Double(count) / prefillSeconds : nil
  }

  /// The first token is prefill's work and is not counted.
  package var decodeTokensPerSecond: Double? {
    generatedTokenCount > 1 && decodeSeconds > 0
      ? Double(generatedTokenCount - 1) / decodeSeconds : nil
  }

  /// Accepted of the drafted tokens, 0 to 1; nil where none were drafted.
  package var acceptedShare: Double? {
    draftedTokenCount > 0 ? Double(acceptedTokenCount) / Double(draftedTokenCount) : nil
  }
}

/// What the engine tells while it works on a request. Sent from the engine's thread, in order;
/// exactly one `finished` or `failed` comes last.
package enum GenerationEvent: Sendable {
  /// `done` of `total` prompt tokens have keys and values, `reused` of them from before.
  case promptProgress(done: Int, total: Int, reused: Int)
  /// A token and the text that it completes (possibly none yet).
  case token(TokenID, text: String)
  /// Tokens that this reply has drafted so far, and how many of them were right. Follows the
  /// tokens of each pass that checked some, but one in which the reply ends: the statistics of
  /// `finished` have that.
  case drafted(count: Int, accepted: Int)
  /// `trailingText`: what the decoder still held back.
  case finished(StopReason, GenerationStatistics, trailingText: String)
  case failed(KernelError)
}
