import Kernel
import Testing

struct F32CopyTests {
  /// The copy has every tensor in F32, and writing it lost nothing but the types.
  @Test func holdsTheSameTensors() throws {
    let source = try GGUFFile(path: TestData.model())
    let copy = try F32Copy(of: TestData.model())
    let file = try GGUFFile(path: copy.path)
    #expect(file.tensors.map(\.name) == source.tensors.map(\.name))
    #expect(file.tensors.map(\.shape) == source.tensors.map(\.shape))
    #expect(file.tensors.allSatisfy { $0.type == .f32 })
    #expect(Set(file.metadata.keys) == Set(source.metadata.keys))
    #expect(try file.metadata.double("llama.rope.freq_base") == 100_000)
  }
}
