import FoundationEssentials
import Kernel
import Testing

/// Blocks and values from another implementation; see Benchmarks/reference/blocks.py.
private struct BlockFixture: Decodable {
  struct Sample: Decodable, CustomTestStringConvertible {
    var type: String
    var bytes: String
    var values: String

    var testDescription: String { type }
    var blockType: BlockType? { BlockType.allCases.first { $0.name == type } }
    var blockBytes: [UInt8] { hexadecimal(bytes, digits: 2).map(UInt8.init) }
    var floats: [Float] { hexadecimal(values, digits: 8).map(Float.init(bitPattern:)) }

    private func hexadecimal(_ text: String, digits: Int) -> [UInt32] {
      let text = Array(text.utf8)
      return stride(from: 0, to: text.count, by: digits).map { start in
        UInt32(String(decoding: text[start..<start + digits], as: UTF8.self), radix: 16) ?? 0
      }
    }
  }
  var dequantize: [Sample]
  var quantize: [Sample]

  static let shared: BlockFixture? = {
    let url = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(components: "Fixtures", "blocks.json")
    guard let data = try? Data(contentsOf: url) else { return nil }
    return try? JSONDecoder().decode(BlockFixture.self, from: data)
  }()
}

private func dequantized(_ bytes: [UInt8], _ type: BlockType, at shift: Int = 0) -> [Float] {
  let count = bytes.count / type.bytesPerBlock * type.valuesPerBlock
  let shifted = [UInt8](repeating: 0, count: shift) + bytes
  return [Float](unsafeUninitializedCapacity: count) { values, initialized in
    values.initialize(repeating: .nan)
    shifted.withUnsafeBytes { raw in
      dequantize(
        UnsafeRawBufferPointer(rebasing: raw[shift...]), type: type,
        into: UnsafeMutableBufferPointer(rebasing: values[..<count]))
    }
    initialized = count
  }
}

private func quantized(_ values: [Float], _ type: BlockType) -> [UInt8] {
  var bytes = [UInt8](repeating: 0xAA, count: type.byteCount(ofValues: values.count))
  bytes.withUnsafeMutableBytes { raw in
    values.withUnsafeBufferPointer { quantize($0, type: type, into: raw) }
  }
  return bytes
}

/// Seeded values of a few magnitudes, the same in every run.
private func sampleValues(_ count: Int) -> [Float] {
  var state: UInt32 = 12345
  return (0..<count).map { index in
    state = state &* 1_664_525 &+ 1_013_904_223
    return (Float(state >> 8) / Float(1 << 23) - 1) * (index % 512 < 256 ? 0.02 : 3)
  }
}

@Suite struct BlockTests {
  @Test func fixtureCoversEveryType() throws {
    let fixture = try #require(BlockFixture.shared)
    #expect(Set(fixture.dequantize.compactMap(\.blockType)) == Set(BlockType.allCases))
  }

  @Test(arguments: BlockFixture.shared?.dequantize ?? [])
  fileprivate func dequantizesAsTheReferenceDoes(_ sample: BlockFixture.Sample) throws {
    let type = try #require(sample.blockType)
    let expected = sample.floats.map(\.bitPattern)
    #expect(!expected.isEmpty)
    // Blocks in a mapping start at any byte.
    for shift in 0..<3 {
      #expect(dequantized(sample.blockBytes, type, at: shift).map(\.bitPattern) == expected)
    }
  }

  @Test(arguments: BlockFixture.shared?.quantize ?? [])
  fileprivate func quantizesAsTheReferenceDoes(_ sample: BlockFixture.Sample) throws {
    let type = try #require(sample.blockType)
    #expect(quantized(sample.floats, type) == sample.blockBytes)
  }

  /// The reference has no quantizer for these, so the bound is the format's own: half a step
  /// for the group, plus the rounding of its scale and minimum to six or eight bits.
  @Test(arguments: [(BlockType.q4_K, 32, Float(0.10)), (.q5_K, 32, 0.06), (.q6_K, 16, 0.04)])
  func groupsOfKTypesStayNearTheirValues(_ type: BlockType, _ group: Int, _ bound: Float) {
    let values = sampleValues(2048)
    let back = dequantized(quantized(values, type), type)
    for start in stride(from: 0, to: values.count, by: group) {
      let range = start..<start + group
      let largest = values[range].map(abs).max() ?? 0
      let worst = range.map { abs(values[$0] - back[$0]) }.max() ?? .infinity
      #expect(worst <= bound * largest, "group at \(start)")
    }
  }

  @Test(arguments: BlockType.allCases)
  func zerosStayZeros(_ type: BlockType) {
    let zeros = [Float](repeating: 0, count: 256)
    #expect(dequantized(quantized(zeros, type), type).allSatisfy { $0 == 0 })
  }

  @Test(arguments: BlockType.allCases)
  func valuesThatAreNotFiniteDoNotTrap(_ type: BlockType) {
    for value in [Float.nan, .infinity, -.infinity, .greatestFiniteMagnitude] {
      var values = sampleValues(256)
      values[7] = value
      #expect(quantized(values, type).count == type.byteCount(ofValues: 256))
    }
  }
}
