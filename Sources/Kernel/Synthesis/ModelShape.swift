/// The sizes that make a LLaMA: what `synthesize` builds a file from.
package struct ModelShape: Sendable, Equatable {
  /// What the shape is called on the command line: `7B`.
  package var name: String
  package var layerCount: Int
  /// The width of the residual stream; a multiple of 256, so that every block type fits.
  package var width: Int
  package var headCount: Int
  /// Heads of keys and values; divides `headCount`.
  package var headCountKV: Int
  /// The width of the feed-forward layer; a multiple of 256.
  package var feedForwardWidth: Int
  package var vocabularySize: Int
  /// Positions the model says it was trained for.
  package var contextLength: Int

  package init(
    name: String, layerCount: Int, width: Int, headCount: Int, headCountKV: Int,
    feedForwardWidth: Int, vocabularySize: Int, contextLength: Int = 2048
  ) {
    self.name = name
    self.layerCount = layerCount
    self.width = width
    self.headCount = headCount
    self.headCountKV = headCountKV
    self.feedForwardWidth = feedForwardWidth
    self.vocabularySize = vocabularySize
    self.contextLength = contextLength
  }

  /// Values in a head.
  package var headWidth: Int { width / headCount }

  /// A model for tests: under 2 million values, grouped-query attention.
  package static let tiny = ModelShape(
    name: "tiny", layerCount: 2, width: 256, headCount: 4, headCountKV: 2, feedForwardWidth: 512,
    vocabularySize: 512)
  package static let m160 = ModelShape(
    name: "160M", layerCount: 12, width: 768, headCount: 12, headCountKV: 12,
    feedForwardWidth: 3072, vocabularySize: 32_000)
  /// TinyLlama's sizes.
  package static let b1 = ModelShape(
    name: "1B", layerCount: 22, width: 2048, headCount: 32, headCountKV: 4,
    feedForwardWidth: 5632, vocabularySize: 32_000)
  /// LLaMA 7B, and so Alpaca.
  package static let b7 = ModelShape(
    name: "7B", layerCount: 32, width: 4096, headCount: 32, headCountKV: 32,
    feedForwardWidth: 11_008, vocabularySize: 32_000)
  /// LLaMA 13B.
  package static let b13 = ModelShape(
    name: "13B", layerCount: 40, width: 5120, headCount: 40, headCountKV: 40,
    feedForwardWidth: 13_824, vocabularySize: 32_000)

  /// All named shapes, smallest first.
  package static let all: [ModelShape] = [.tiny, .m160, .b1, .b7, .b13]

  /// The shape of that name, whatever its case; nil when there is none.
  package static func named(_ name: String) -> ModelShape? {
    all.first { $0.name.lowercased() == name.lowercased() }
  }

  /// One tensor of the model.
  struct Tensor {
    enum Role {
      /// Values near 1, one for each of the stream's.
      case norm
      /// A matrix whose rows are dotted with a vector: deviation `gain / √(row width)`.
      case matrix(gain: Float)
      /// Rows that are looked up, of deviation 1.
      case embedding
    }
    var name: String
    /// Fastest first.
    var shape: [Int]
    var role: Role
  }

  /// The tensors by their GGUF names, in file order.
  var tensors: [Tensor] {
    let widthKV = headWidth * headCountKV
    var tensors = [
      Tensor(name: "token_embd.weight", shape: [width, vocabularySize], role: .embedding)
    ]
    for layer in 0..<layerCount {
      func norm(_ name: String) {
        tensors.append(Tensor(name: "blk.\(layer).\(name).weight", shape: [width], role: .norm))
      }
      func matrix(_ name: String, _ inputs: Int, _ outputs: Int) {
        tensors.append(
          Tensor(
            name: "blk.\(layer).\(name).weight", shape: [inputs, outputs], role: .matrix(gain: 1)))
      }
      norm("attn_norm")
      matrix("attn_q", width, width)
      matrix("attn_k", width, widthKV)
      matrix("attn_v", width, widthKV)
      matrix("attn_output", width, width)
      norm("ffn_norm")
      matrix("ffn_gate", width, feedForwardWidth)
      matrix("ffn_up", width, feedForwardWidth)
      matrix("ffn_down", feedForwardWidth, width)
    }
    tensors.append(Tensor(name: "output_norm.weight", shape: [width], role: .norm))
    // A gain of 3 spreads the logits, so that sampling has something to choose by.
    tensors.append(
      Tensor(name: "output.weight", shape: [width, vocabularySize], role: .matrix(gain: 3)))
    return tensors
  }
}
