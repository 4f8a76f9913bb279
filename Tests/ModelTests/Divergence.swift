import Glibc

/// How far one model's distribution over the next token is from another's, over many positions.
///
/// The Kullback-Leibler divergence KL(reference ‖ other) in nats, in double precision.
struct Divergence: CustomStringConvertible {
  /// One value a position, ascending.
  let sorted: [Double]
  /// Share of positions with the same most likely token.
  let sameTop: Double

  /// - Parameters: logits of the same positions over the same vocabulary.
  init(of other: Logits, from reference: Logits) {
    precondition(
      other.values.count == reference.values.count
        && other.vocabularySize == reference.vocabularySize, "the same positions")
    var divergences: [Double] = []
    var agreementCount = 0
    for position in 0..<reference.positionCount {
      let (p, q) = (reference.row(position), other.row(position))
      divergences.append(Self.divergence(of: q, from: p))
      if Self.top(p) == Self.top(q) { agreementCount += 1 }
    }
    sorted = divergences.sorted()
    sameTop = Double(agreementCount) / Double(reference.positionCount)
  }

  var mean: Double { sorted.reduce(0, +) / Double(sorted.count) }
  var percentile99: Double { sorted[sorted.count * 99 / 100] }

  var description: String {
    "mean KL \(mean), 99 % \(percentile99), same top \(sameTop) of \(sorted.count) positions"
  }

  /// Infinite when `other` holds something that is not a finite number.
  private static func divergence(of other: ArraySlice<Float>, from reference: ArraySlice<Float>)
    -> Double
  {
    let (pNormalizer, qNormalizer) = (logSumExp(reference), logSumExp(other))
    var sum = 0.0
    for (p, q) in zip(reference, other) {
      let logP = Double(p) - pNormalizer
      sum += exp(logP) * (logP - (Double(q) - qNormalizer))
    }
    return sum.isFinite ? sum : .infinity
  }

  private static func logSumExp(_ row: ArraySlice<Float>) -> Double {
    let largest = Double(row.max() ?? 0)
    return largest + log(row.reduce(0.0) { $0 + exp(Double($1) - largest) })
  }

  private static func top(_ row: ArraySlice<Float>) -> Int? {
    row.indices.max { row[$0] < row[$1] }.map { $0 - row.startIndex }
  }
}
