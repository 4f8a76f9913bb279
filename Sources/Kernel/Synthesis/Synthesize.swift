/// Writes a complete LLaMA model file with seeded random weights, for tests and
/// measurements.
///
/// Every matrix, the output's too, is of `type`; the norms are F32. The same arguments give
/// the same bytes. A 7B file in Q4_0 takes as long as the disk takes for 3.8 GB.
///
/// - Parameters:
///   - progress: bytes written and bytes in all, several times a second.
///   - isCancelled: asked at least every 4 MiB.
/// - Throws: `invalidRequest` when a size does not suit the type; `fileUnwritable`, with
///   `CancellationError` as its cause when cancelled. No partial file is left behind.
package func synthesize(
  shape: ModelShape, type: BlockType, seed: UInt64, to path: String,
  progress: (_ done: Int, _ total: Int) -> Void = { _, _ in },
  isCancelled: () -> Bool = { false }
) throws(KernelError) {
  guard shape.vocabularySize >= MadeUpVocabulary.minimumSize, shape.headCountKV > 0,
    shape.headCount % shape.headCountKV == 0, shape.width % shape.headCount == 0,
    shape.headWidth % 2 == 0
  else {
    throw KernelError(
      .invalidRequest, at: "shape \(shape.name.printable)",
      "expected at least \(MadeUpVocabulary.minimumSize) tokens and heads that divide the width")
  }
  var writer = GGUFWriter()
  addMetadata(of: shape, type: type, to: &writer)
  addVocabulary(size: shape.vocabularySize, to: &writer)
  var seeds = SplitMix64(seed: seed)
  for tensor in shape.tensors {
    let tensorSeed = seeds.next()
    switch tensor.role {
    case .norm:
      try writer.addTensor(tensor.name, shape: tensor.shape, type: .f32) {
        (sink) throws(KernelError) in
        try writeNorm(count: tensor.shape[0], seed: tensorSeed, to: sink)
      }
    case .matrix, .embedding:
      var deviation: Float = 1
      if case .matrix(let gain) = tensor.role {
        deviation = gain / Float(tensor.shape[0]).squareRoot()
      }
      let weights = RandomWeights(type: type, deviation: deviation, seed: tensorSeed)
      let byteCount = type.byteCount(ofValues: tensor.shape.reduce(1, *))
      try writer.addTensor(tensor.name, shape: tensor.shape, type: type) {
        (sink) throws(KernelError) in
        try write(weights, byteCount: byteCount, to: sink)
      }
    }
  }
  try writer.write(to: path, progress: progress, isCancelled: isCancelled)
}

private func addMetadata(of shape: ModelShape, type: BlockType, to writer: inout GGUFWriter) {
  writer.set("general.architecture", .string("llama"))
  writer.set("general.name", .string("Synthetic LLaMA \(shape.name)"))
  writer.set("general.file_type", .uint32(fileType(type)))
  writer.set("general.quantization_version", .uint32(2))
  func count(_ key: String, _ value: Int) { writer.set("llama.\(key)", .uint32(UInt32(value))) }
  count("context_length", shape.contextLength)
  count("embedding_length", shape.width)
  count("block_count", shape.layerCount)
  count("feed_forward_length", shape.feedForwardWidth)
  count("attention.head_count", shape.headCount)
  count("attention.head_count_kv", shape.headCountKV)
  count("rope.dimension_count", shape.headWidth)
  count("vocab_size", shape.vocabularySize)
  writer.set("llama.rope.freq_base", .float32(10_000))
  writer.set("llama.attention.layer_norm_rms_epsilon", .float32(1e-5))
}

/// The number of `general.file_type` for a file whose matrices are all of one type.
/// Source: the GGUF specification.
private func fileType(_ type: BlockType) -> UInt32 {
  switch type {
  case .f32: 0
  case .f16: 1
  case .q4_0: 2
  case .q4_1: 3
  case .q8_0: 7
  case .q5_0: 8
  case .q5_1: 9
  case .q4_K: 14
  case .q5_K: 16
  case .q6_K: 18
  case .bf16: 32
  }
}

private func addVocabulary(size: Int, to writer: inout GGUFWriter) {
  let vocabulary = MadeUpVocabulary(size: size)
  writer.set("tokenizer.ggml.model", .string("llama"))
  writer.set("tokenizer.ggml.tokens", .strings(vocabulary.pieces))
  writer.set("tokenizer.ggml.scores", .floats(vocabulary.scores))
  writer.set("tokenizer.ggml.token_type", .int32s(vocabulary.types))
  writer.set("tokenizer.ggml.unknown_token_id", .uint32(0))
  writer.set("tokenizer.ggml.bos_token_id", .uint32(1))
  writer.set("tokenizer.ggml.eos_token_id", .uint32(2))
  writer.set("tokenizer.ggml.add_bos_token", .bool(true))
  writer.set("tokenizer.ggml.add_eos_token", .bool(false))
}

private func writeNorm(
  count: Int, seed: UInt64, to sink: GGUFWriter.Sink
) throws(KernelError) {
  let values = UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
  defer { values.deallocate() }
  var random = SplitMix64(seed: seed)
  for index in 0..<count { values[index] = Float.random(in: 0.9...1.1, using: &random) }
  try sink(UnsafeRawBufferPointer(values))
}

private func write(
  _ weights: RandomWeights, byteCount: Int, to sink: GGUFWriter.Sink
) throws(KernelError) {
  var weights = weights
  let chunkSize = min(
    byteCount, (1 << 20) / weights.type.bytesPerBlock * weights.type.bytesPerBlock)
  let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: chunkSize, alignment: 64)
  defer { chunk.deallocate() }
  var done = 0
  while done < byteCount {
    let part = UnsafeMutableRawBufferPointer(rebasing: chunk.prefix(byteCount - done))
    weights.fill(part)
    try sink(UnsafeRawBufferPointer(part))
    done += part.count
  }
}
