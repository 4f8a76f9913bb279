import CKernels
import Glibc
import Testing

/// A variant of the vector loops that this processor runs.
struct Variant: Sendable, CustomTestStringConvertible {
  let name: String
  var testDescription: String { name }
  var table: ck_table { ck_select(name)!.pointee }

  static let scalar = Variant(name: "scalar")
  /// Best first.
  static let all = ["avx512", "avx2", "neon", "scalar"].map(Variant.init(name:)).filter { variant in
    ck_select(variant.name) != nil
  }

  func multiply(_ format: Format) -> ck_multiply {
    withUnsafeBytes(of: table.multiply) {
      $0.bindMemory(to: ck_multiply?.self)[format.number]!
    }
  }
}

/// A weight format as the GGUF specification lays it out, for making random blocks.
struct Format: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let number: Int
  let valuesPerBlock: Int
  let bytesPerBlock: Int
  /// Where the half-precision scale and minimum lie.
  var scaleOffset = 0
  var minimumOffset: Int?
  /// No level, times its integer scale, is larger.
  var largestLevel: Float = 0
  var largestMinimumLevel: Float = 0

  var isQuantized: Bool { valuesPerBlock > 1 }

  static let all = [
    Format(testDescription: "F32", number: CK_F32, valuesPerBlock: 1, bytesPerBlock: 4),
    Format(testDescription: "F16", number: CK_F16, valuesPerBlock: 1, bytesPerBlock: 2),
    Format(testDescription: "BF16", number: CK_BF16, valuesPerBlock: 1, bytesPerBlock: 2),
    Format(
      testDescription: "Q4_0", number: CK_Q4_0, valuesPerBlock: 32, bytesPerBlock: 18,
      largestLevel: 15),
    Format(
      testDescription: "Q4_1", number: CK_Q4_1, valuesPerBlock: 32, bytesPerBlock: 20,
      minimumOffset: 2, largestLevel: 15, largestMinimumLevel: 1),
    Format(
      testDescription: "Q5_0", number: CK_Q5_0, valuesPerBlock: 32, bytesPerBlock: 22,
      largestLevel: 31),
    Format(
      testDescription: "Q5_1", number: CK_Q5_1, valuesPerBlock: 32, bytesPerBlock: 24,
      minimumOffset: 2, largestLevel: 31, largestMinimumLevel: 1),
    Format(
      testDescription: "Q8_0", number: CK_Q8_0, valuesPerBlock: 32, bytesPerBlock: 34,
      largestLevel: 255),
    Format(
      testDescription: "Q4_K", number: CK_Q4_K, valuesPerBlock: 256, bytesPerBlock: 144,
      minimumOffset: 2, largestLevel: 63 * 15, largestMinimumLevel: 63),
    Format(
      testDescription: "Q5_K", number: CK_Q5_K, valuesPerBlock: 256, bytesPerBlock: 176,
      minimumOffset: 2, largestLevel: 63 * 31, largestMinimumLevel: 63),
    Format(
      testDescription: "Q6_K", number: CK_Q6_K, valuesPerBlock: 256, bytesPerBlock: 210,
      scaleOffset: 208, largestLevel: 128 * 63),
  ]
}

/// SplitMix64: the same numbers on every run.
struct Random: RandomNumberGenerator {
  var state: UInt64

  init(seed: Int) { state = UInt64(truncatingIfNeeded: seed) &* 0x9e37_79b9_7f4a_7c15 }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// About normal, between -4 and 4.
  mutating func float() -> Float {
    let bits = next()
    let sum = (bits & 0xffff) + (bits >> 16 & 0xffff) + (bits >> 32 & 0xffff) + bits >> 48
    return Float(Int(sum) - 0x20000) / 0x8000
  }

  mutating func floats(_ count: Int) -> [Float] { (0..<count).map { _ in float() } }

  /// Mostly around a hundredth, of either sign; sometimes zero or subnormal.
  mutating func scale() -> Float16 {
    switch UInt8.random(in: 0..<24, using: &self) {
    case 0: 0
    case 1: Float16(bitPattern: UInt16.random(in: 1..<1024, using: &self))
    case 2: -Float16.random(in: 0.004...0.04, using: &self)
    default: Float16.random(in: 0.004...0.04, using: &self)
    }
  }
}

/// The largest of `excess`, which is above 1 where a result is further off than allowed.
/// One expectation for all elements: millions of them would take minutes.
func worst(_ count: Int, _ excess: (Int) -> (off: Double, allowed: Double)) -> Double {
  var largest = 0.0
  for i in 0..<count {
    let (off, allowed) = excess(i)
    let ratio = off == 0 ? 0 : off / allowed
    if !(ratio <= largest) { largest = ratio.isNaN ? .infinity : ratio }
  }
  return largest
}

/// Memory that ends where the next page may not be touched: reading or writing one byte too
/// many ends the process.
final class Guarded {
  let start: UnsafeMutableRawPointer
  private let mapping: UnsafeMutableRawPointer
  private let mappedBytes: Int

  /// `slack` bytes lie between the end of the `byteCount` bytes and the forbidden page.
  init(byteCount: Int, slack: Int = 0) {
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let usable = (byteCount + slack + page - 1) / page * page
    mappedBytes = usable + page
    mapping = mmap(
      nil, mappedBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)!
    precondition(mapping != MAP_FAILED)
    precondition(mprotect(mapping + usable, page, PROT_NONE) == 0)
    start = mapping + (usable - byteCount - slack)
  }

  deinit { munmap(mapping, mappedBytes) }

  convenience init(_ floats: [Float]) {
    self.init(byteCount: floats.count * 4)
    floats.withUnsafeBytes { start.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
  }

  var floats: UnsafeMutablePointer<Float> { start.assumingMemoryBound(to: Float.self) }
  var words: UnsafeMutablePointer<UInt16> { start.assumingMemoryBound(to: UInt16.self) }
  var groups: UnsafeMutablePointer<ck_group> { start.assumingMemoryBound(to: ck_group.self) }
}

/// Random weights and the activations to multiply them with.
struct Product {
  let format: Format
  let width: Int
  let rowBytes: Int
  let weights: Guarded
  let activations: Guarded
  let activationBytes: Int
  /// (row, token): no rounding error of a product is more than a millionth or so of this.
  let magnitudes: [[Float]]

  /// The last row ends `slack` bytes before memory that may not be touched.
  init(
    _ format: Format, width: Int, rows: Int, tokens: Int, padding: Int = 0, slack: Int = 0,
    seed: Int
  ) {
    var random = Random(seed: seed)
    self.format = format
    self.width = width
    let used = width / format.valuesPerBlock * format.bytesPerBlock
    rowBytes = used + padding
    weights = Guarded(byteCount: rows * rowBytes - padding, slack: slack)
    var bounds: [Float] = []
    for row in 0..<rows {
      let start = weights.start + row * rowBytes
      bounds.append(Self.fill(start, format, blocks: width / format.valuesPerBlock, &random))
      if row + 1 < rows {
        (start + used).initializeMemory(as: UInt8.self, repeating: 0xff, count: padding)
      }
    }

    var x = random.floats(width * tokens)
    // Some blocks lie on one side of zero, so that their zero points are far from it.
    for i in x.indices where i / 32 % 3 == 1 { x[i] += 3 }
    let largest = x.reduce(0) { max($0, abs($1)) }
    magnitudes = bounds.map { bound in Array(repeating: bound * largest, count: tokens) }
    if format.isQuantized {
      activationBytes = (width + 127) / 128 * MemoryLayout<ck_group>.stride
      activations = Guarded(byteCount: tokens * activationBytes)
      for token in 0..<tokens {
        let groups = (activations.start + token * activationBytes)
          .assumingMemoryBound(to: ck_group.self)
        Variant.scalar.table.quantize(Array(x[token * width..<(token + 1) * width]), width, groups)
      }
    } else {
      activationBytes = width * 4
      activations = Guarded(x)
    }
  }

  /// Writes random blocks; returns the sum of the largest magnitudes their values may have.
  private static func fill(
    _ start: UnsafeMutableRawPointer, _ format: Format, blocks: Int, _ random: inout Random
  ) -> Float {
    var bound: Float = 0
    for block in 0..<blocks {
      let place = start + block * format.bytesPerBlock
      if !format.isQuantized {
        let value = random.float()
        switch format.number {
        case CK_F32: place.storeBytes(of: value, as: Float.self)
        case CK_F16: place.storeBytes(of: Float16(value).bitPattern, as: UInt16.self)
        default: place.storeBytes(of: UInt16(value.bitPattern >> 16), as: UInt16.self)
        }
        bound += abs(value)
        continue
      }
      for byte in stride(from: 0, to: format.bytesPerBlock, by: 2) {
        place.storeBytes(
          of: UInt16(truncatingIfNeeded: random.next()), toByteOffset: byte, as: UInt16.self)
      }
      let scale = random.scale()
      place.storeBytes(of: scale.bitPattern, toByteOffset: format.scaleOffset, as: UInt16.self)
      var largest = abs(Float(scale)) * format.largestLevel
      if let offset = format.minimumOffset {
        let minimum = random.scale()
        place.storeBytes(of: minimum.bitPattern, toByteOffset: offset, as: UInt16.self)
        largest += abs(Float(minimum)) * format.largestMinimumLevel
      }
      bound += largest * Float(format.valuesPerBlock)
    }
    return bound
  }

  /// The results of rows `rows` and tokens `tokens`: (token, row).
  func results(_ variant: Variant, rows: Range<Int>, tokens: Range<Int>) -> [[Float]] {
    let stride = rows.count + 3
    let out = Guarded(byteCount: (tokens.count * stride) * 4)
    out.floats.initialize(repeating: 12345, count: tokens.count * stride)
    variant.multiply(format)(
      weights.start + rows.lowerBound * rowBytes, rowBytes, rows.count, width,
      activations.start + tokens.lowerBound * activationBytes, activationBytes, tokens.count,
      out.floats, stride)
    return (0..<tokens.count).map { token in
      let line = UnsafeBufferPointer(start: out.floats + token * stride, count: stride)
      if !line.suffix(3).allSatisfy({ $0 == 12345 }) { Issue.record("written beyond the rows") }
      return Array(line.prefix(rows.count))
    }
  }
}
