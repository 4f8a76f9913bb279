/// A LLaMA model: its file, tokenizer, sizes, and where each weight lies in the mapping.
///
/// Opening reads the header and the vocabulary; weights are paged in as they are used, and
/// there is no second copy of them.
package final class LlamaModel: Sendable {
  package let file: GGUFFile
  package let hyperparameters: Hyperparameters
  package let tokenizer: Tokenizer

  let tokenEmbedding: Matrix  // (vocabulary, width)
  let layers: [Layer]
  let outputNorm: FloatVector  // (width)
  let output: Matrix  // (vocabulary, width), the embedding where the file ties them
  let ropeDivisors: FloatVector?  // (dimensionCount / 2)

  /// One transformer block.
  struct Layer: Sendable {
    let attentionNorm: FloatVector  // (width)
    let query: Matrix  // (headCount · headSize, width), rows permuted for adjacent pairs
    let key: Matrix  // (headCountKV · headSize, width), permuted likewise
    let value: Matrix  // (headCountKV · headSize, width)
    let attentionOutput: Matrix  // (width, headCount · headSize)
    let feedForwardNorm: FloatVector  // (width)
    let gate: Matrix  // (feedForwardWidth, width)
    let up: Matrix  // (feedForwardWidth, width)
    let down: Matrix  // (width, feedForwardWidth)
  }

  /// Opens and checks a model file.
  ///
  /// - Throws: what `GGUFFile`, `Hyperparameters` and `Tokenizer` throw; `missing` and
  ///   `malformed` for tensors that are not there or not of the shape that the
  ///   hyperparameters give; `unsupportedBlockType`; `unsupportedArchitecture` for tensors
  ///   whose effect this program would silently leave out.
  package convenience init(path: String) throws(KernelError) {
    try self.init(file: GGUFFile(path: path))
  }

  package init(file: GGUFFile) throws(KernelError) {
    if let partCount = try file.metadata.int("split.count"), partCount > 1 {
      throw file.metadata.failure(
        "split.count", "it is one of \(partCount) parts of a model, which are to be joined first",
        code: .missing)
    }
    let hyper = try Hyperparameters(metadata: file.metadata)
    let reader = WeightReader(file: file)
    for tensor in file.tensors where tensor.name.hasSuffix(".bias") {
      throw file.failure(
        tensor, "biases are not part of this architecture", code: .unsupportedArchitecture)
    }
    tokenEmbedding = try reader.matrix(
      "token_embd.weight", width: hyper.width, rowCount: hyper.vocabularySize)
    outputNorm = try reader.vector("output_norm.weight", count: hyper.width)
    output =
      file.tensor(named: "output.weight") == nil
      ? tokenEmbedding
      : try reader.matrix("output.weight", width: hyper.width, rowCount: hyper.vocabularySize)
    ropeDivisors =
      file.tensor(named: "rope_freqs.weight") == nil
      ? nil : try reader.divisors("rope_freqs.weight", count: hyper.rope.dimensionCount / 2)
    var layers: [Layer] = []
    for index in 0..<hyper.layerCount {
      let prefix = "blk.\(index)."
      func matrix(_ name: String, _ width: Int, _ rowCount: Int) throws(KernelError) -> Matrix {
        try reader.matrix("\(prefix)\(name).weight", width: width, rowCount: rowCount)
      }
      layers.append(
        Layer(
          attentionNorm: try reader.vector("\(prefix)attn_norm.weight", count: hyper.width),
          query: try matrix("attn_q", hyper.width, hyper.queryWidth),
          key: try matrix("attn_k", hyper.width, hyper.keyValueWidth),
          value: try matrix("attn_v", hyper.width, hyper.keyValueWidth),
          attentionOutput: try matrix("attn_output", hyper.queryWidth, hyper.width),
          feedForwardNorm: try reader.vector("\(prefix)ffn_norm.weight", count: hyper.width),
          gate: try matrix("ffn_gate", hyper.width, hyper.feedForwardWidth),
          up: try matrix("ffn_up", hyper.width, hyper.feedForwardWidth),
          down: try matrix("ffn_down", hyper.feedForwardWidth, hyper.width)))
    }
    self.layers = layers
    tokenizer = try Tokenizer(metadata: file.metadata)
    guard tokenizer.vocabularySize <= hyper.vocabularySize else {
      throw file.metadata.failure(
        "tokenizer.ggml.tokens",
        "\(tokenizer.vocabularySize) tokens, but embeddings for \(hyper.vocabularySize)")
    }
    self.file = file
    hyperparameters = hyper
  }
}

/// Finds tensors and checks them against the shape that the hyperparameters demand.
private struct WeightReader {
  let file: GGUFFile

  func matrix(_ name: String, width: Int, rowCount: Int) throws(KernelError) -> Matrix {
    let (tensor, type) = try find(name, shape: [width, rowCount])
    guard width % 32 == 0 || !VectorTable.takesGroups(type) else {
      throw file.failure(tensor, "rows of \(width) values are no multiple of 32")
    }
    return Matrix(
      data: try base(of: tensor), type: type, width: width, rowCount: rowCount)
  }

  func vector(_ name: String, count: Int) throws(KernelError) -> FloatVector {
    let (tensor, type) = try find(name, shape: [count])
    guard type == .f32 else {
      throw file.failure(
        tensor, "stored as \(type.name), expected F32", code: .unsupportedBlockType)
    }
    return FloatVector(
      data: try base(of: tensor).assumingMemoryBound(to: Float.self), count: count)
  }

  func divisors(_ name: String, count: Int) throws(KernelError) -> FloatVector {
    let vector = try vector(name, count: count)
    for index in 0..<count {
      let value = vector.data[index]
      guard value > 0, value.isFinite else {
        throw KernelError(
          .malformed, at: "\(file.file.name), tensor \(name)",
          "value \(index) is \(value), expected a positive number")
      }
    }
    return vector
  }

  private func find(_ name: String, shape: [Int]) throws(KernelError) -> (GGUFTensor, BlockType) {
    guard let tensor = file.tensor(named: name) else {
      throw KernelError(
        .missing, at: "\(file.file.name), tensor \(name)", "the tensor is not there")
    }
    let padded = shape + Array(repeating: 1, count: max(0, tensor.shape.count - shape.count))
    guard tensor.shape == padded else {
      throw file.failure(tensor, "its shape is \(tensor.shape), expected \(shape)")
    }
    return (tensor, try file.blockType(of: tensor))
  }

  private func base(of tensor: GGUFTensor) throws(KernelError) -> UnsafeRawPointer {
    guard let base = file.bytes(of: tensor).baseAddress else {
      throw file.failure(tensor, "its data is not there", code: .truncated)
    }
    return base
  }
}
