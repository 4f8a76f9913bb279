import Glibc

/// Rotary position embedding of adjacent pairs (RoFormer, arXiv:2104.09864), with the ways of
/// stretching it to longer contexts that files ask for.
package struct RopeParameters: Sendable, Equatable {
  /// Values of a head that are rotated; the rest stay as they are.
  package let dimensionCount: Int
  package let base: Double
  package let scaling: Scaling

  /// How positions beyond the training length are reached.
  package enum Scaling: Sendable, Equatable {
    case none
    /// Positions divided by the factor.
    case linear(factor: Double)
    /// YaRN (arXiv:2309.00071): low frequencies are interpolated, high ones kept.
    case yarn(factor: Double, originalContext: Int, attentionFactor: Double)
  }

  init(metadata: GGUFMetadata, headSize: Int) throws(KernelError) {
    let dimensions = try metadata.int("llama.rope.dimension_count") ?? headSize
    guard dimensions >= 2, dimensions <= headSize, dimensions % 2 == 0 else {
      throw metadata.failure(
        "llama.rope.dimension_count",
        "found \(dimensions), expected an even number up to the head's \(headSize)")
    }
    dimensionCount = dimensions
    base = try metadata.double("llama.rope.freq_base") ?? 10_000
    guard base > 0 else {
      throw metadata.failure(
        "llama.rope.freq_base", "found \(base), expected a positive number")
    }
    // A factor alone, under its present or its older key, means linear; 0 stands for none.
    let type = try metadata.string("llama.rope.scaling.type") ?? "linear"
    let older = try metadata.double("llama.rope.scale_linear")
    var factor = try metadata.double("llama.rope.scaling.factor") ?? older ?? 1
    if factor == 0 { factor = 1 }
    guard factor > 0 else {
      throw metadata.failure(
        "llama.rope.scaling.factor", "found \(factor), expected a positive number")
    }
    switch type {
    case "none":
      scaling = .none
    case "linear":
      scaling = factor == 1 ? .none : .linear(factor: factor)
    case "yarn":
      let context = try metadata.int("llama.rope.scaling.original_context_length")
      let trained = try metadata.int("llama.context_length")
      scaling = .yarn(
        factor: factor, originalContext: max(1, context ?? trained ?? 2048),
        attentionFactor: try metadata.double("llama.rope.scaling.attn_factor") ?? 1)
    default:
      throw metadata.failure(
        "llama.rope.scaling.type", "found '\(type)'; this program knows none, linear and yarn",
        code: .unsupportedArchitecture)
    }
  }

  /// Angle per position for each pair, and the factor on cosine and sine.
  ///
  /// `divisors`: one for each pair where the file has them (`rope_freqs.weight`, Llama 3.1).
  func frequencies(divisors: FloatVector?) -> (perPosition: [Double], magnitude: Double) {
    let pairs = dimensionCount / 2
    var result = (0..<pairs).map { pair in
      let frequency = pow(base, -2 * Double(pair) / Double(dimensionCount))
      return divisors.map { frequency / Double($0.data[pair]) } ?? frequency
    }
    var magnitude = 1.0
    switch scaling {
    case .none: break
    case .linear(let factor):
      result = result.map { $0 / factor }
    case .yarn(let factor, let originalContext, let attentionFactor):
      // The pair that turns `turns` times over the original context.
      func pair(turning turns: Double) -> Double {
        Double(dimensionCount) * log(Double(originalContext) / (turns * 2 * .pi)) / (2 * log(base))
      }
      let first = max(0, pair(turning: 32).rounded(.down))
      let last = min(Double(dimensionCount - 1), pair(turning: 1).rounded(.up))
      for i in 0..<pairs {
        let ramp = min(1, max(0, (Double(i) - first) / max(0.001, last - first)))
        result[i] = result[i] / factor * ramp + result[i] * (1 - ramp)
      }
      magnitude = attentionFactor * (factor > 1 ? 0.1 * log(factor) + 1 : 1)
    }
    return (result, magnitude)
  }
}
