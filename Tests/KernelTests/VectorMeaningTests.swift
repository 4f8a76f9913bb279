import CKernels
import Kernel
import Testing

/// A variant and a type that it has a product for.
struct VariantProduct: Sendable, CustomTestStringConvertible {
  let variant: Variant
  let type: BlockType
  let multiply: ck_multiply
  var testDescription: String { "\(variant.name) \(type.name)" }

  static let all = Variant.all.flatMap { variant in
    BlockType.allCases.compactMap { type in
      withUnsafeBytes(of: variant.table.multiply) {
        $0.bindMemory(to: ck_multiply?.self)[Int(type.rawValue)]
      }.map { VariantProduct(variant: variant, type: type, multiply: $0) }
    }
  }
}

/// The products against the block types' own definition, `dequantize`: the twins are measured
/// against each other elsewhere, and could all be wrong in the same way.
@Suite struct VectorMeaningTests {
  @Test(arguments: BlockType.allCases) func thePortableVariantHasEveryType(type: BlockType) {
    #expect(
      VariantProduct.all.contains { $0.variant.name == Variant.scalar.name && $0.type == type })
  }

  @Test(arguments: VariantProduct.all)
  func multipliesWhatDequantizeGives(product: VariantProduct) {
    let type = product.type
    let width = 768, rows = 5
    var random = Random(seed: Int(type.rawValue) + 50)
    let rowBytes = type.byteCount(ofValues: width)
    var stored = [UInt8](repeating: 0, count: rows * rowBytes)
    var weights = [Float](repeating: 0, count: rows * width)
    let drawn = random.floats(rows * width)
    stored.withUnsafeMutableBytes { bytes in
      drawn.withUnsafeBufferPointer { quantize($0, type: type, into: bytes) }
      weights.withUnsafeMutableBufferPointer {
        dequantize(UnsafeRawBufferPointer(bytes), type: type, into: $0)
      }
    }

    let x = random.floats(width)
    var seen = x
    let floats = Guarded(x)
    let groupBytes = (width + 127) / 128 * MemoryLayout<ck_group>.stride
    let groups = Guarded(byteCount: groupBytes)
    let takesGroups = type.valuesPerBlock > 1
    if takesGroups {
      product.variant.table.quantize(floats.floats, width, groups.groups)
      for i in 0..<width { seen[i] = Self.value(i, of: groups.groups) }
    }
    var out = [Float](repeating: .nan, count: rows)
    stored.withUnsafeBytes { bytes in
      product.multiply(
        bytes.baseAddress, rowBytes, rows, width, takesGroups ? groups.start : floats.start,
        takesGroups ? groupBytes : width * 4, 1, &out, rows)
    }

    for row in 0..<rows {
      let terms = (0..<width).map { Double(weights[row * width + $0]) * Double(seen[$0]) }
      let magnitude = terms.reduce(0) { $0 + abs($1) }
      #expect(abs(Double(out[row]) - terms.reduce(0, +)) <= magnitude * 2e-6, "row \(row)")
    }
  }

  /// Value `i` of a row of groups as `ck_group` defines it: scale * (level - zero).
  private static func value(_ i: Int, of groups: UnsafePointer<ck_group>) -> Float {
    let group = groups + i / 128, block = i % 128 / 32
    let level = UnsafeRawPointer(group).load(
      fromByteOffset: (i % 32 < 16 ? 0 : 64) + block * 16 + i % 16, as: Int8.self)
    let scale = withUnsafeBytes(of: group.pointee.scale) {
      $0.load(fromByteOffset: block * 4, as: Float.self)
    }
    let minusZero = withUnsafeBytes(of: group.pointee.correction) {
      $0.load(fromByteOffset: block * 4, as: Int16.self)
    }
    return scale * Float(Int(level) + Int(minusZero))
  }
}
