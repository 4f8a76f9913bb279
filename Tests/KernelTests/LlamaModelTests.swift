import Glibc
import Kernel
import Testing

/// The tiny model with changes, written anew for each case.
private struct AlteredModel {
  let folder: GGUFScratch
  let original: GGUFFile

  init() throws {
    folder = try GGUFScratch()
    try synthesize(shape: .tiny, type: .q8_0, seed: 1, to: folder.file("tiny.gguf"))
    original = try GGUFFile(path: folder.file("tiny.gguf"))
  }

  /// Writes the model with some keys replaced (nil removes), tensors left out, and tensors of
  /// one byte over and over added, and opens it.
  func open(
    keys: [String: GGUFField?] = [:], without: Set<String> = [],
    adding: [(name: String, shape: [Int], type: BlockType)] = [], byte: UInt8 = 0
  ) throws -> LlamaModel {
    var writer = GGUFWriter()
    for key in original.metadata.keys where keys[key] == nil {
      if let field = GGUFField.copy(key, of: original.metadata) { writer.set(key, field) }
    }
    for (key, field) in keys { if let field { writer.set(key, field) } }
    for tensor in original.tensors where !without.contains(tensor.name) {
      let type = try original.blockType(of: tensor)
      try writer.addTensor(tensor.name, shape: tensor.shape, type: type) {
        (sink) throws(KernelError) in try sink(original.bytes(of: tensor))
      }
    }
    for tensor in adding {
      let bytes = [UInt8](
        repeating: byte, count: tensor.type.byteCount(ofValues: tensor.shape.reduce(1, *)))
      try writer.addTensor(tensor.name, shape: tensor.shape, type: tensor.type) {
        (sink) throws(KernelError) in
        // The sink copies what it is given before it returns.
        let pointer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 16)
        defer { pointer.deallocate() }
        pointer.copyBytes(from: bytes)
        try sink(UnsafeRawBufferPointer(pointer))
      }
    }
    try writer.write(to: folder.file("altered.gguf"))
    return try LlamaModel(path: folder.file("altered.gguf"))
  }
}

/// The error of a body that must fail.
private func failure(_ body: () throws -> Void) -> KernelError? {
  do {
    try body()
    return nil
  } catch {
    return error as? KernelError
  }
}

@Suite struct LlamaModelTests {
  @Test func readsTheSizes() throws {
    let hyper = try AlteredModel().open().hyperparameters
    let shape = ModelShape.tiny
    #expect(hyper.width == shape.width)
    #expect(hyper.layerCount == shape.layerCount)
    #expect(hyper.headCount == shape.headCount)
    #expect(hyper.headCountKV == shape.headCountKV)
    #expect(hyper.headSize == shape.width / shape.headCount)
    #expect(hyper.contextLength == shape.contextLength)
    #expect(
      hyper.cacheBytesPerPosition
        == shape.layerCount * 2 * shape.headCountKV * (shape.width / shape.headCount) * 2)
  }

  @Test(arguments: [
    ("general.architecture", GGUFField.string("qwen2"), KernelError.Code.unsupportedArchitecture),
    ("general.architecture", .uint32(1), .malformed),
    ("llama.embedding_length", .uint32(0), .malformed),
    ("llama.embedding_length", .uint32(.max), .malformed),
    ("llama.block_count", .uint32(1_000_000), .malformed),
    ("llama.block_count", .uint32(3), .missing),
    ("llama.attention.head_count", .uint32(0), .malformed),
    ("llama.attention.head_count", .uint32(3), .malformed),
    ("llama.attention.head_count_kv", .uint32(3), .malformed),
    ("llama.attention.key_length", .uint32(7), .malformed),
    ("llama.attention.layer_norm_rms_epsilon", .float32(-1), .malformed),
    ("llama.rope.dimension_count", .uint32(9999), .malformed),
    ("llama.rope.freq_base", .float32(0), .malformed),
    ("llama.rope.scaling.type", .string("spiral"), .unsupportedArchitecture),
    ("llama.feed_forward_length", .uint32(511), .malformed),
    ("llama.rope.scaling.factor", .float32(-2), .malformed),
    ("llama.expert_count", .uint32(8), .unsupportedArchitecture),
    ("split.count", .uint32(3), .missing),
    ("llama.context_length", .string("long"), .malformed),
  ])
  func refusesKeysThatCannotBe(key: String, field: GGUFField, code: KernelError.Code) throws {
    let model = try AlteredModel()
    let error = failure { _ = try model.open(keys: [key: field]) }
    #expect(error?.code == code)
    #expect(error?.place.contains("altered.gguf") == true)
  }

  @Test(arguments: [
    "general.architecture", "llama.embedding_length", "llama.block_count",
    "llama.attention.head_count", "llama.feed_forward_length", "llama.context_length",
  ])
  func namesTheKeyThatIsMissing(key: String) throws {
    let model = try AlteredModel()
    let error = failure { _ = try model.open(keys: [key: GGUFField?.none]) }
    #expect(error?.code == .missing)
    #expect(error?.place.contains(key) == true)
  }

  @Test(arguments: ["token_embd.weight", "output_norm.weight", "blk.1.attn_k.weight"])
  func namesTheTensorThatIsMissing(name: String) throws {
    let model = try AlteredModel()
    let error = failure { _ = try model.open(without: [name]) }
    #expect(error?.code == .missing)
    #expect(error?.place.contains(name) == true)
  }

  @Test func refusesTensorsOfAnotherShapeAndWhatItWouldLeaveOut() throws {
    let model = try AlteredModel()
    let narrow = failure {
      _ = try model.open(
        without: ["blk.0.attn_q.weight"], adding: [("blk.0.attn_q.weight", [128, 256], .q8_0)])
    }
    #expect(narrow?.code == .malformed)
    #expect(narrow?.place.contains("blk.0.attn_q.weight") == true)
    let bias = failure { _ = try model.open(adding: [("blk.0.attn_q.bias", [256], .f32)]) }
    #expect(bias?.code == .unsupportedArchitecture)
    let halfNorm = failure {
      _ = try model.open(
        without: ["output_norm.weight"], adding: [("output_norm.weight", [256], .f16)])
    }
    #expect(halfNorm?.code == .unsupportedBlockType)
  }

  /// A factor without a type means linear scaling, as files from before the type have it.
  @Test(arguments: [
    ([:], RopeParameters.Scaling.none),
    (["llama.rope.scaling.factor": GGUFField.float32(4)], .linear(factor: 4)),
    (["llama.rope.scale_linear": .float32(2)], .linear(factor: 2)),
    (["llama.rope.scaling.factor": .float32(0)], .none),
    (
      ["llama.rope.scaling.factor": .float32(4), "llama.rope.scaling.type": .string("none")], .none
    ),
    (
      ["llama.rope.scaling.factor": .float32(4), "llama.rope.scaling.type": .string("yarn")],
      .yarn(factor: 4, originalContext: 2048, attentionFactor: 1)
    ),
  ])
  func readsTheScalingOfPositions(
    keys: [String: GGUFField], scaling: RopeParameters.Scaling
  ) throws {
    let hyper = try AlteredModel().open(keys: keys.mapValues { $0 }).hyperparameters
    #expect(hyper.rope.scaling == scaling)
  }

  @Test(arguments: [0x00, 0xFF] as [UInt8])
  func refusesDivisorsOfFrequenciesThatAreNotPositive(byte: UInt8) throws {
    let model = try AlteredModel()
    let error = failure {
      _ = try model.open(adding: [("rope_freqs.weight", [32], .f32)], byte: byte)
    }
    #expect(error?.code == .malformed)
    #expect(error?.place.contains("rope_freqs.weight") == true)
  }

  @Test func weightsThatAreNoNumbersAreAnErrorNotAReply() throws {
    let model = try AlteredModel().open(
      without: ["output_norm.weight"], adding: [("output_norm.weight", [256], .f32)], byte: 0xFF)
    let inference = try Inference(model: model, contextLength: 16, threadCount: 1)
    #expect(failure { _ = try inference.append([1, 2], logitCount: 1) }?.code == .notFinite)
    #expect(inference.tokens.isEmpty)
  }

  @Test func weightsOfZeroAreNumbers() throws {
    let model = try AlteredModel()
    let zero = try model.open(
      keys: ["llama.attention.layer_norm_rms_epsilon": .float32(1e-30)],
      without: ["output_norm.weight", "token_embd.weight"],
      adding: [
        ("output_norm.weight", [256], .f32),
        (
          "token_embd.weight",
          [256, model.original.tensor(named: "token_embd.weight")?.shape[1] ?? 0], .f32
        ),
      ])
    let inference = try Inference(model: zero, contextLength: 16, threadCount: 1)
    #expect(try inference.append([1, 2], logitCount: 1))
    #expect(inference.logits(row: 0).allSatisfy { $0 == 0 })
  }

  @Test func batchesOfTheWrongSizeAreRefusedAndChangeNothing() throws {
    let inference = try Inference(
      model: try AlteredModel().open(), contextLength: 200, threadCount: 2)
    #expect(try inference.append([1, 2, 3], logitCount: 1))
    #expect(failure { _ = try inference.append([], logitCount: 0) }?.code == .invalidRequest)
    #expect(failure { _ = try inference.append([4], logitCount: 2) }?.code == .invalidRequest)
    let long = Array(repeating: TokenID(4), count: Inference.batchLimit + 1)
    #expect(failure { _ = try inference.append(long[...], logitCount: 0) }?.code == .invalidRequest)
    #expect(inference.tokens == [1, 2, 3])
    #expect(try !inference.append([4, 5], logitCount: 1) { true })
    #expect(inference.tokens == [1, 2, 3])
  }
}
