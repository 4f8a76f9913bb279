import Kernel
import Testing

@Suite struct MemoryNeedTests {
  /// A thousand bytes, and ten for each position.
  private func shortage(_ context: Int, _ available: Int) -> MemoryShortage? {
    MemoryShortage(contextLength: context, availableByteCount: available) { 1000 + 10 * $0 }
  }

  @Test func whatFitsIsNoShortage() {
    #expect(shortage(100, 2000) == nil)
    #expect(shortage(100, 3000) == nil)
    #expect(shortage(100, 1999) != nil)
  }

  // 95 % of what is there, less the thousand, by ten.
  @Test(arguments: [
    (2000, 90), (10_000, 850), (12_000, 1000), (20_000, 1800), (999_999, 94_900), (1064, 1),
    (1063, 1), (1062, nil), (500, nil), (0, nil),
  ])
  func namesTheLongestWindowThatFits(available: Int, fitting: Int?) {
    let found = shortage(1_000_000, available)
    #expect(found?.fittingContextLength == fitting)
    #expect(found?.neededByteCount == 10_001_000)
    #expect(found?.availableByteCount == available && found?.contextLength == 1_000_000)
  }

  @Test func aSumThatCannotBeIsAShortageToo() {
    let found = MemoryShortage(contextLength: 64, availableByteCount: 1 << 40) {
      $0 > 32 ? .max : 1
    }
    #expect(found?.neededByteCount == .max && found?.fittingContextLength == 32)
  }

  private func tinyModel() throws -> LlamaModel {
    let scratch = try GGUFScratch()
    try synthesize(shape: .tiny, type: .q4_0, seed: 7, to: scratch.file("m.gguf"))
    // The mapping outlives the file's name.
    return try LlamaModel(path: scratch.file("m.gguf"))
  }

  /// The tiny model: two layers, two KV heads of 64, half floats, keys and values.
  @Test func growsWithTheWindowByKeysAndValues() throws {
    let model = try tinyModel()
    let need = MemoryNeed(model.hyperparameters, threadCount: 2)
    let (short, long) = (
      need.byteCount(contextLength: 128), need.byteCount(contextLength: 128 * 1001)
    )
    let perPosition = Double(long - short) / 128_000
    let keysAndValues = 2.0 * 2 * 64 * 2 * 2
    // Attention's parts are the rest: less than as much again here.
    #expect(perPosition >= keysAndValues && perPosition < 2 * keysAndValues)
    #expect(short > 128 * Int(keysAndValues))
    #expect(need.byteCount(contextLength: 1) == short)
    #expect(MemoryNeed(model.hyperparameters, threadCount: 8).byteCount(contextLength: 1) > short)
  }

  @Test func theRefusalNamesTheFileAndWhatWouldFit() throws {
    let model = try tinyModel()
    let need = MemoryNeed(model.hyperparameters, threadCount: 1)
    let available = need.byteCount(contextLength: 1 << 16)
    try need.check(contextLength: 1 << 16, available: available, at: "m.gguf")
    try need.check(contextLength: 1 << 24, available: nil, at: "m.gguf")
    let error = #expect(throws: KernelError.self) {
      try need.check(contextLength: 1 << 20, available: available, at: "m.gguf")
    }
    #expect(error?.code == .outOfMemory && error?.place == "m.gguf")
    let fitting = (error?.cause as? MemoryShortage)?.fittingContextLength ?? 0
    #expect((60_000..<(1 << 16)).contains(fitting))
    try need.check(contextLength: fitting, available: available, at: "m.gguf")
  }
}
