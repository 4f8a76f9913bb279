/// The sizes and constants of a LLaMA model, as the file's metadata gives them.
package struct Hyperparameters: Sendable, Equatable {
  /// Token embeddings, and logits.
  package let vocabularySize: Int
  /// Values in the residual stream of a token (`embedding_length`).
  package let width: Int
  package let layerCount: Int
  /// Query heads.
  package let headCount: Int
  /// Key and value heads; each serves `headCount / headCountKV` query heads.
  package let headCountKV: Int
  /// Values in one head.
  package let headSize: Int
  package let feedForwardWidth: Int
  /// Positions the model was trained for.
  package let contextLength: Int
  package let rmsEpsilon: Float
  package let rope: RopeParameters

  /// Query heads that share a key and value head.
  var headsPerGroup: Int { headCount / headCountKV }
  /// Width of all query heads together.
  var queryWidth: Int { headCount * headSize }
  /// Width of all key heads together, and of all value heads.
  var keyValueWidth: Int { headCountKV * headSize }

  /// Bytes of F16 keys and values for one position, in all layers.
  package var cacheBytesPerPosition: Int { layerCount * 2 * keyValueWidth * 2 }

  /// Reads and checks the metadata of a file of the `llama` architecture.
  ///
  /// - Throws: `unsupportedArchitecture` for others and for LLaMA's variants that compute
  ///   something else (experts), `missing` and `malformed` for the keys.
  package init(metadata: GGUFMetadata) throws(KernelError) {
    guard let architecture = try metadata.string("general.architecture") else {
      throw metadata.failure(
        "general.architecture", "the key is not there", code: .missing)
    }
    guard architecture == "llama" else {
      throw metadata.failure(
        "general.architecture", "found '\(architecture)'; this program runs 'llama'",
        code: .unsupportedArchitecture)
    }
    func count(_ key: String, upTo limit: Int, default fallback: Int? = nil) throws(KernelError)
      -> Int
    {
      guard let value = try metadata.int("llama.\(key)") ?? fallback else {
        throw metadata.failure(
          "llama.\(key)", "the key is not there", code: .missing)
      }
      guard value >= 1, value <= limit else {
        throw metadata.failure(
          "llama.\(key)", "found \(value), expected 1 to \(limit)")
      }
      return value
    }
    let widthLimit = VectorTable.widthLimit
    width = try count("embedding_length", upTo: widthLimit)
    layerCount = try count("block_count", upTo: 1024)
    headCount = try count("attention.head_count", upTo: 1024)
    headCountKV = try count("attention.head_count_kv", upTo: 1024, default: headCount)
    feedForwardWidth = try count("feed_forward_length", upTo: widthLimit)
    contextLength = try count("context_length", upTo: LoadRequest.contextLimit)
    guard headCount % headCountKV == 0 else {
      throw metadata.failure(
        "llama.attention.head_count_kv",
        "\(headCount) heads cannot be shared out among \(headCountKV)")
    }
    headSize = try count("attention.key_length", upTo: 1024, default: max(1, width / headCount))
    let valueSize = try count("attention.value_length", upTo: 1024, default: headSize)
    guard valueSize == headSize, headSize % 2 == 0 else {
      throw metadata.failure(
        "llama.attention.key_length",
        "heads of \(headSize) for keys and \(valueSize) for values; expected one even size")
    }
    guard headSize * headCount <= widthLimit else {
      throw metadata.failure(
        "llama.attention.head_count",
        "\(headCount) heads of \(headSize) values, expected at most \(widthLimit) in all")
    }
    if let experts = try metadata.int("llama.expert_count"), experts > 0 {
      throw metadata.failure(
        "llama.expert_count", "a mixture of \(experts) experts; this program runs dense models",
        code: .unsupportedArchitecture)
    }
    let epsilon = try metadata.double("llama.attention.layer_norm_rms_epsilon") ?? 1e-5
    guard epsilon > 0, epsilon < 1 else {
      throw metadata.failure(
        "llama.attention.layer_norm_rms_epsilon",
        "found \(epsilon), expected a small positive number")
    }
    rmsEpsilon = Float(epsilon)
    let tokens = try metadata.array("tokenizer.ggml.tokens")?.count
    vocabularySize = try count("vocab_size", upTo: 1 << 24, default: tokens)
    rope = try RopeParameters(metadata: metadata, headSize: headSize)
  }
}
