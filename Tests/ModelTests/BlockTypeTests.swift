import Kernel
import Testing

extension OneAtATime {
  /// Every block type carries real weights: the default model's first layers stored in it, against
  /// the very same weights stored as F32, a path that LogitParityTests holds to NumPy.
  struct BlockTypeTests {
    @Test(arguments: BlockType.allCases.filter { $0 != .f32 })
    func againstTheSameWeightsAsF32(type: BlockType) throws {
      let ids = try EnglishText.load().ids.prefix(100)
      let copy = try ModelCopy(of: TestData.model(), type: type, layerCount: 2)
      let exactCopy = try ModelCopy(of: copy.path, type: .f32)
      let logits = try Logits(of: LlamaModel(path: copy.path), for: ids)
      let exact = try Logits(of: LlamaModel(path: exactCopy.path), for: ids)
      let divergence = Divergence(of: logits, from: exact)
      print("\(type.name): \(divergence)")
      // Types of floats meet floats, and nothing is rounded; the others meet eight bits.
      let limit = type.valuesPerBlock == 1 ? 1e-9 : 1e-3
      #expect(divergence.mean < limit)
    }
  }
}
