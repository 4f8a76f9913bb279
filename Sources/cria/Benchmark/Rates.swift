/// Rates of several runs, in tokens per second.
package struct Rates: Sendable {
  package var values: [Double] = []

  package init(_ values: [Double] = []) { self.values = values }

  /// 0 where nothing was measured.
  package var mean: Double { values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count) }

  /// The middle one, or the mean of the middle two; 0 where nothing was measured.
  package var median: Double {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return 0 }
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }

  /// The sample's standard deviation; 0 for one run.
  package var deviation: Double {
    guard values.count > 1 else { return 0 }
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (squares / Double(values.count - 1)).squareRoot()
  }

  /// `123.4 ± 1.2`.
  package var text: String { "\(Readable.oneDecimal(mean)) ± \(Readable.oneDecimal(deviation))" }

  func json(tokenCount: Int) -> String {
    JSONText.object([
      ("tokens", String(tokenCount)), ("mean", JSONText.number(mean)),
      ("median", JSONText.number(median)), ("deviation", JSONText.number(deviation)),
    ])
  }
}
