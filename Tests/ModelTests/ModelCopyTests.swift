import Kernel
import Testing

extension OneAtATime {
  struct ModelCopyTests {
    @Test func holdsTheSameTensors() throws {
      let source = try GGUFFile(path: TestData.model())
      let copy = try ModelCopy(of: TestData.model(), type: .f32, layerCount: 30)
      let file = try GGUFFile(path: copy.path)
      #expect(file.tensors.map(\.name) == source.tensors.map(\.name))
      #expect(file.tensors.map(\.shape) == source.tensors.map(\.shape))
      #expect(file.tensors.allSatisfy { $0.type == .f32 })
      #expect(try file.metadata.double("llama.rope.freq_base") == 100_000)
    }

    @Test func keepsTheFirstLayers() throws {
      let copy = try ModelCopy(of: TestData.model(), type: .q6_K, layerCount: 2)
      let file = try GGUFFile(path: copy.path)
      #expect(file.tensors.count == 2 + 2 * 9)
      #expect(file.tensor(named: "blk.1.ffn_down.weight")?.type == .q6_K)
      #expect(file.tensor(named: "blk.1.ffn_up.weight")?.type == .q4_1)
      #expect(file.tensor(named: "blk.1.ffn_norm.weight")?.type == .f32)
      #expect(file.tensor(named: "blk.2.ffn_norm.weight") == nil)
    }
  }
}
