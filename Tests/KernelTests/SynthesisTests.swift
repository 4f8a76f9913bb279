import FoundationEssentials
import Kernel
import Testing

@Suite struct SynthesisTests {
  private let scratch: GGUFScratch

  init() throws { scratch = try GGUFScratch() }

  private func make(
    _ type: BlockType, shape: ModelShape = .tiny
  ) throws -> GGUFFile {
    let path = scratch.file("out.gguf")
    try synthesize(shape: shape, type: type, seed: 1, to: path)
    return try GGUFFile(path: path)
  }

  @Test(arguments: BlockType.allCases)
  func matricesHaveTheTypeAndTheDeviation(type: BlockType) throws {
    var shape = ModelShape.tiny
    shape.layerCount = 1
    shape.feedForwardWidth = 256
    let file = try make(type, shape: shape)
    for tensor in file.tensors {
      #expect(tensor.type == (tensor.shape.count == 1 ? .f32 : type))
      let values = dequantizedValues(of: tensor, in: file)
      #expect(values.allSatisfy { $0.isFinite })
      let (mean, deviation) = statistics(values)
      if tensor.shape.count == 1 {
        #expect(abs(mean - 1) < 0.05 && deviation < 0.1, "\(tensor.name)")
        continue
      }
      let gain: Double = tensor.name == "output.weight" ? 3 : 1
      let expected =
        tensor.name == "token_embd.weight" ? 1 : gain / Double(tensor.rowWidth).squareRoot()
      #expect(abs(deviation / expected - 1) < 0.08, "\(tensor.name): \(deviation), \(expected)")
      #expect(abs(mean) < 0.03 * expected, "\(tensor.name): mean \(mean)")
    }
  }

  @Test func namesAndShapesAreLLaMAs() throws {
    let file = try make(.q4_0)
    #expect(
      file.tensors.prefix(11).map(\.name) == [
        "token_embd.weight", "blk.0.attn_norm.weight", "blk.0.attn_q.weight",
        "blk.0.attn_k.weight", "blk.0.attn_v.weight", "blk.0.attn_output.weight",
        "blk.0.ffn_norm.weight", "blk.0.ffn_gate.weight", "blk.0.ffn_up.weight",
        "blk.0.ffn_down.weight", "blk.1.attn_norm.weight",
      ])
    #expect(file.tensors.suffix(2).map(\.name) == ["output_norm.weight", "output.weight"])
    #expect(file.tensor(named: "blk.1.attn_k.weight")?.shape == [256, 128])
    #expect(file.tensor(named: "blk.1.ffn_down.weight")?.shape == [512, 256])
    #expect(try file.metadata.string("general.architecture") == "llama")
    #expect(try file.metadata.int("llama.attention.head_count_kv") == 2)
    #expect(try file.metadata.int("llama.rope.dimension_count") == 64)
  }

  @Test(arguments: [ModelShape.tiny, .m160])
  func theVocabularyIsWhole(shape: ModelShape) throws {
    // Only the vocabulary matters here; one narrow layer keeps the file small.
    var narrow = ModelShape.tiny
    narrow.vocabularySize = shape.vocabularySize
    let metadata = try make(.q4_0, shape: narrow).metadata
    let pieces = try #require(try metadata.array("tokenizer.ggml.tokens")).strings()
    let scores = try #require(try metadata.array("tokenizer.ggml.scores")).floats()
    let types = try #require(try metadata.array("tokenizer.ggml.token_type")).ints()
    #expect(pieces.count == shape.vocabularySize)
    #expect(scores.count == pieces.count && types.count == pieces.count)
    #expect(Set(pieces).count == pieces.count)
    #expect(Array(pieces.prefix(4)) == ["<unk>", "<s>", "</s>", "<0x00>"])
    #expect(pieces[258] == "<0xFF>")
    #expect(Array(types.prefix(4)) == [2, 3, 3, 6])
    #expect(types.dropFirst(259).allSatisfy { $0 == 1 })
    #expect(Set(pieces).isSuperset(of: ["▁", "a", "~", "!"]))
    // A piece that no merge of two others gives could never come out of the tokenizer.
    let known = Set(pieces)
    for piece in pieces.dropFirst(259) where piece.count > 1 {
      let splits = piece.indices.dropFirst().contains { index in
        known.contains(String(piece[..<index])) && known.contains(String(piece[index...]))
      }
      #expect(splits, "\(piece)")
    }
  }

  @Test func theSeedDecidesTheBytes() throws {
    let path = { scratch.file($0) }
    for (name, seed) in [("a", 1), ("b", 1), ("c", 2)] as [(String, UInt64)] {
      try synthesize(shape: .tiny, type: .q6_K, seed: seed, to: path(name))
    }
    let files = try ["a", "b", "c"].map { try Data(contentsOf: URL(filePath: path($0))) }
    #expect(files[0] == files[1])
    #expect(files[0] != files[2])
  }

  @Test func shapesThatCannotBeAreRefused() throws {
    var shape = ModelShape.tiny
    shape.headCountKV = 3
    #expect(throws: KernelError.self) {
      try synthesize(shape: shape, type: .q4_0, seed: 1, to: scratch.file("out.gguf"))
    }
    shape = .tiny
    shape.vocabularySize = 100
    #expect(throws: KernelError.self) {
      try synthesize(shape: shape, type: .q4_0, seed: 1, to: scratch.file("out.gguf"))
    }
    #expect(try scratch.names.isEmpty)
  }

  @Test func shapesAreFoundByName() {
    #expect(ModelShape.named("7b") == .b7)
    #expect(ModelShape.named("TINY") == .tiny)
    #expect(ModelShape.named("8B") == nil)
    #expect(ModelShape.all.allSatisfy { $0.width % 256 == 0 && $0.feedForwardWidth % 256 == 0 })
  }
}

private func statistics(_ values: [Double]) -> (mean: Double, deviation: Double) {
  let count = Double(values.count)
  var sum = 0.0
  var squares = 0.0
  for value in values {
    sum += value
    squares += value * value
  }
  let mean = sum / count
  return (mean, (squares / count - mean * mean).squareRoot())
}

private func dequantizedValues(of tensor: GGUFTensor, in file: GGUFFile) -> [Double] {
  guard let type = tensor.type else { return [] }
  let floats = [Float](unsafeUninitializedCapacity: tensor.valueCount) { values, count in
    dequantize(
      file.bytes(of: tensor), type: type,
      into: UnsafeMutableBufferPointer(rebasing: values[..<tensor.valueCount]))
    count = tensor.valueCount
  }
  return floats.map(Double.init)
}
