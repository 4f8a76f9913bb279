import Kernel

/// What one token has to read and to multiply: what the limits are the limits of.
package struct TokenWork: Sendable, Equatable {
  /// Bytes of weights that a token reads when it is computed alone.
  package var weightBytes: Double
  /// Bytes of keys and values that it reads, for the mean of the positions measured.
  package var cacheBytes: Double
  /// Multiply-accumulates with weights, for the mean token of the prompt; without attention's.
  package var promptMACs: Double

  package init(weightBytes: Double, cacheBytes: Double, promptMACs: Double) {
    self.weightBytes = weightBytes
    self.cacheBytes = cacheBytes
    self.promptMACs = promptMACs
  }

  /// The work of a model where `prompt` tokens are read or `generate` are written, one by one,
  /// after `depth` others.
  package init(model: LlamaModel, prompt: Int, generate: Int, depth: Int) {
    weightBytes = Double(model.weightBytesPerToken)
    cacheBytes =
      Self.meanPositions(generate: generate, depth: depth)
      * Double(model.hyperparameters.cacheBytesPerPosition)
    promptMACs =
      prompt > 0 ? Double(model.weightMACCount(promptTokens: prompt)) / Double(prompt) : 0
  }

  /// Positions that the mean token attends to: all before it, and its own.
  package static func meanPositions(generate: Int, depth: Int) -> Double {
    generate > 0 ? Double(depth) + Double(generate + 1) / 2 : 0
  }
}

/// Rates as shares of what the machine allows; 1 is all of it.
package struct LimitShares: Sendable, Equatable {
  /// Of the read rate, by a token's weights alone.
  package var decode: Double
  /// Of the read rate, by weights and keys and values.
  package var decodeWithCache: Double
  /// Of the multiply rate.
  package var prefill: Double

  /// - Parameters:
  ///   - prefill: tokens of a prompt in a second; 0 where it was not measured.
  ///   - decode: tokens in a second, one by one; 0 where it was not measured.
  package init(work: TokenWork, limits: MachineLimits, prefill: Double, decode: Double) {
    self.decode = decode * work.weightBytes / limits.readBytesPerSecond
    decodeWithCache = decode * (work.weightBytes + work.cacheBytes) / limits.readBytesPerSecond
    self.prefill = prefill * work.promptMACs / limits.int8MACsPerSecond
  }
}
