import CKernels
import Glibc
import Kernel
import Testing

/// The loops that measure limits do what they are timed for, in every variant.
@Suite struct MachineLimitsTests {
  @Test(arguments: Variant.all)
  func everyByteIsRead(variant: Variant) {
    let loops = cl_select(variant.name).pointee
    var random = SplitMix64(seed: 5)
    let bytes = (0..<3000).map { _ in UInt8.random(in: 0...255, using: &random) }
    // Lengths with and without a rest, at even and odd addresses.
    for (first, count) in [(0, 0), (0, 1), (0, 512), (1, 511), (3, 1025), (7, 2993)] {
      let part = bytes[first..<first + count]
      let found = part.withUnsafeBytes { loops.read($0.baseAddress, count) }
      #expect(found == part.reduce(0, ^), "\(count) bytes from \(first)")
    }
  }

  /// All factors are 1, so that the sum is the number of products.
  @Test(arguments: Variant.all)
  func everyProductIsDone(variant: Variant) {
    let loops = cl_select(variant.name).pointee
    for rounds in [0, 1, 1000] {
      #expect(Int(loops.multiply(rounds)) == rounds * loops.products_per_round)
    }
  }

  @Test func anUnknownVariantGetsThePortableLoops() {
    #expect(cl_select("sse9") == cl_select("scalar"))
  }

  @Test func theMeterKeepsTheBest() throws {
    let model = try tinyModel()
    let meter = LimitMeter(model: model, threadCount: 2)
    #expect(meter.limits == MachineLimits())
    #expect(meter.readByteCount > 0 && meter.readByteCount < model.file.file.byteCount)
    meter.measure()
    let first = meter.limits
    #expect(first.readBytesPerSecond > 0 && first.int8MACsPerSecond > 0)
    meter.measure()
    #expect(meter.limits.readBytesPerSecond >= first.readBytesPerSecond)
    #expect(meter.limits.int8MACsPerSecond >= first.int8MACsPerSecond)
  }

  /// The tiny shape: 2 layers of width 256, 4 heads of 64, 2 of them for keys and values,
  /// feed-forward 512, 512 tokens; Q8_0 has 34 bytes for 32 values.
  @Test func theWorkOfATokenIsWhatTheShapeSays() throws {
    let model = try tinyModel()
    let layerValues = 256 * 256 * 2 + 256 * 128 * 2 + 256 * 512 * 3
    let outputValues = 256 * 512
    #expect(
      model.weightMACCount(promptTokens: 10) == 10 * 2 * layerValues + outputValues)
    let matrixBytes = (2 * layerValues + outputValues) / 32 * 34
    let normBytes = (2 * 2 + 1) * 256 * 4
    #expect(model.weightBytesPerToken == matrixBytes + normBytes + 256 / 32 * 34)
    // Keys and values of 2 layers, 2 heads of 64, two bytes each.
    #expect(model.hyperparameters.cacheBytesPerPosition == 2 * 2 * 2 * 64 * 2)
  }

  /// The mapping outlives the file's name.
  private func tinyModel() throws -> LlamaModel {
    let path = "/tmp/cria-limits-\(getpid())-\(UInt64.random(in: 0...(.max))).gguf"
    defer { unlink(path) }
    try synthesize(shape: .tiny, type: .q8_0, seed: 1, to: path)
    return try LlamaModel(path: path)
  }
}
