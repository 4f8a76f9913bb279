/// How the next token is drawn from the logits.
///
/// Applied in this order: repetition penalty, top-k, top-p, min-p, temperature, draw.
package struct SamplingPolicy: Sendable, Equatable {
  /// Divides the logits before the draw; 0 takes the most likely token.
  package var temperature: Double
  /// Keeps the k most likely tokens; 0 keeps all.
  package var topK: Int
  /// Keeps the smallest set of most likely tokens whose probabilities reach this; 1 keeps all.
  package var topP: Double
  /// Keeps tokens at least this fraction as likely as the most likely one; 0 keeps all.
  package var minP: Double
  /// Divides positive and multiplies negative logits of recent tokens; 1 changes nothing.
  package var repeatPenalty: Double
  /// How many recent tokens the penalty looks at.
  package var repeatWindow: Int
  /// Makes the draws reproducible.
  package var seed: UInt64

  package init(
    temperature: Double = 0.8, topK: Int = 40, topP: Double = 0.95, minP: Double = 0.05,
    repeatPenalty: Double = 1.1, repeatWindow: Int = 64, seed: UInt64 = 0
  ) {
    self.temperature = temperature
    self.topK = topK
    self.topP = topP
    self.minP = minP
    self.repeatPenalty = repeatPenalty
    self.repeatWindow = repeatWindow
    self.seed = seed
  }

  /// The first setting that cannot be, as a phrase that names it and its range.
  package var problem: String? {
    func check(_ name: String, _ value: Double, _ range: ClosedRange<Double>) -> String? {
      range.contains(value)
        ? nil : "\(name) is \(value), expected \(range.lowerBound) to \(range.upperBound)"
    }
    return check("temperature", temperature, 0...100)
      ?? check("top-k", Double(topK), 0...1e9)
      ?? check("top-p", topP, 0...1)
      ?? check("min-p", minP, 0...1)
      ?? check("repeat penalty", repeatPenalty, 0.01...100)
      ?? check("repeat window", Double(repeatWindow), 0...1e9)
  }
}
