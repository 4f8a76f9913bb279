/// The sampling policy a reply was made with, as numbers: a copy for the record, so that a
/// reply can be made again. A missing value means that the setting was not in use.
package struct SamplingRecord: Sendable, Equatable, Codable {
  package var temperature: Double?
  package var topK: Int?
  package var topP: Double?
  package var minP: Double?
  package var repeatPenalty: Double?
  /// Tokens looked back on by the penalty.
  package var repeatWindow: Int?
  package var seed: UInt64?

  package init(
    temperature: Double? = nil, topK: Int? = nil, topP: Double? = nil, minP: Double? = nil,
    repeatPenalty: Double? = nil, repeatWindow: Int? = nil, seed: UInt64? = nil
  ) {
    self.temperature = temperature
    self.topK = topK
    self.topP = topP
    self.minP = minP
    self.repeatPenalty = repeatPenalty
    self.repeatWindow = repeatWindow
    self.seed = seed
  }
}

/// What a reply cost. Counts in tokens, times in seconds, rates in tokens per second.
package struct ReplyStats: Sendable, Equatable, Codable {
  package var promptTokens: Int?
  package var reusedTokens: Int?
  package var generatedTokens: Int?
  package var firstTokenSeconds: Double?
  package var prefillTokensPerSecond: Double?
  package var decodeTokensPerSecond: Double?

  package init(
    promptTokens: Int? = nil, reusedTokens: Int? = nil, generatedTokens: Int? = nil,
    firstTokenSeconds: Double? = nil, prefillTokensPerSecond: Double? = nil,
    decodeTokensPerSecond: Double? = nil
  ) {
    self.promptTokens = promptTokens
    self.reusedTokens = reusedTokens
    self.generatedTokens = generatedTokens
    self.firstTokenSeconds = firstTokenSeconds
    self.prefillTokensPerSecond = prefillTokensPerSecond
    self.decodeTokensPerSecond = decodeTokensPerSecond
  }
}

/// How a reply came about: what to make it again with, what it cost, why it ended.
package struct ReplyDetails: Sendable, Equatable, Codable {
  /// The model's name as shown.
  package var model: String?
  /// What tells this model file from others; opaque here.
  package var fingerprint: String?
  /// `PromptFormat.name`.
  package var format: String?
  package var sampling: SamplingRecord?
  package var stats: ReplyStats?
  /// `nil` while the reply is being made.
  package var stop: StopReason?

  package init(
    model: String? = nil, fingerprint: String? = nil, format: String? = nil,
    sampling: SamplingRecord? = nil, stats: ReplyStats? = nil, stop: StopReason? = nil
  ) {
    self.model = model
    self.fingerprint = fingerprint
    self.format = format
    self.sampling = sampling
    self.stats = stats
    self.stop = stop
  }
}
