// The functions carry the field's names of the types.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

/// Turns values into blocks of `type`, by the largest magnitude in each block or group.
///
/// Plain rounding, one pass, no search for better scales. For the types with blocks of 1 and
/// 32 it gives the bytes of the field's reference quantizers. Values that are not finite are
/// stored as the type can: F32, F16 and BF16 keep them.
///
/// - Parameters:
///   - values: a multiple of `type.valuesPerBlock`.
///   - bytes: room for exactly `type.byteCount(ofValues: values.count)` bytes.
package func quantize(
  _ values: UnsafeBufferPointer<Float>, type: BlockType, into bytes: UnsafeMutableRawBufferPointer
) {
  precondition(values.count % type.valuesPerBlock == 0, "whole blocks only")
  precondition(bytes.count == type.byteCount(ofValues: values.count), "bytes and values disagree")
  for index in 0..<values.count / type.valuesPerBlock {
    let block = MutableBlock(bytes: bytes, start: index * type.bytesPerBlock)
    let x = UnsafeBufferPointer(
      rebasing: values[index * type.valuesPerBlock..<(index + 1) * type.valuesPerBlock])
    switch type {
    case .f32: block.store(x[0].bitPattern, 0)
    case .f16: block.store(half: x[0], 0)
    case .bf16: block.store(bf16(x[0]), 0)
    case .q4_0: block.q4_0(x)
    case .q4_1: block.q4_1(x)
    case .q5_0: block.q5_0(x)
    case .q5_1: block.q5_1(x)
    case .q8_0: block.q8_0(x)
    case .q4_K: block.q4_K(x)
    case .q5_K: block.q5_K(x)
    case .q6_K: block.q6_K(x)
    }
  }
}

/// The upper half of a float's bits, rounded to nearest, ties to even; NaN stays NaN.
func bf16(_ value: Float) -> UInt16 {
  let bits = value.bitPattern
  if value.isNaN { return UInt16(bits >> 16) | 64 }
  return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
}

/// The integer part within `0...limit`; 0 for what is not a number.
private func code(_ value: Float, _ limit: Int) -> UInt8 {
  guard value > 0 else { return 0 }
  return value < Float(limit) ? UInt8(value) : UInt8(limit)
}

/// The nearest integer within `range`, ties away from zero; the lower bound for what is not
/// a number.
private func nearest(_ value: Float, _ range: ClosedRange<Int>) -> Int {
  let rounded = value.rounded()
  guard rounded > Float(range.lowerBound) else { return range.lowerBound }
  return rounded < Float(range.upperBound) ? Int(rounded) : range.upperBound
}

private func inverse(_ scale: Float) -> Float { scale == 0 ? 0 : 1 / scale }

/// The value of the largest magnitude, with its sign; the first of equals.
private func extreme(_ x: some Collection<Float>) -> Float {
  x.dropFirst().reduce(x.first ?? 0) { abs($1) > abs($0) ? $1 : $0 }
}

/// One block, written by byte offset.
struct MutableBlock {
  let bytes: UnsafeMutableRawBufferPointer
  let start: Int

  typealias Values = UnsafeBufferPointer<Float>

  subscript(offset: Int) -> UInt8 {
    get { bytes[start + offset] }
    nonmutating set { bytes[start + offset] = newValue }
  }

  @inline(__always)
  func store<T: FixedWidthInteger>(_ value: T, _ offset: Int) {
    bytes.storeBytes(of: value.littleEndian, toByteOffset: start + offset, as: T.self)
  }

  @inline(__always)
  func store(half value: Float, _ offset: Int) { store(Float16(value).bitPattern, offset) }

  /// The scale as it will be read back.
  private func rounded(_ scale: Float) -> Float { Float(Float16(scale)) }

  func q4_0(_ x: Values) {
    let scale = extreme(x) / -8
    let factor = inverse(scale)
    store(half: scale, 0)
    for j in 0..<16 {
      self[2 + j] = code(x[j] * factor + 8.5, 15) | code(x[j + 16] * factor + 8.5, 15) << 4
    }
  }

  func q4_1(_ x: Values) {
    let (minimum, maximum) = bounds(x)
    let scale = (maximum - minimum) / 15
    let factor = inverse(scale)
    store(half: scale, 0)
    store(half: minimum, 2)
    for j in 0..<16 {
      let low = code((x[j] - minimum) * factor + 0.5, 15)
      self[4 + j] = low | code((x[j + 16] - minimum) * factor + 0.5, 15) << 4
    }
  }

  func q5_0(_ x: Values) {
    let scale = extreme(x) / -16
    let factor = inverse(scale)
    store(half: scale, 0)
    fiveBits(2) { code(x[$0] * factor + 16.5, 31) }
  }

  func q5_1(_ x: Values) {
    let (minimum, maximum) = bounds(x)
    let scale = (maximum - minimum) / 31
    let factor = inverse(scale)
    store(half: scale, 0)
    store(half: minimum, 2)
    fiveBits(4) { code((x[$0] - minimum) * factor + 0.5, 31) }
  }

  private func fiveBits(_ offset: Int, _ code: (Int) -> UInt8) {
    var high: UInt32 = 0
    for j in 0..<16 {
      let (first, second) = (code(j), code(j + 16))
      self[offset + 4 + j] = first & 15 | (second & 15) << 4
      high |= UInt32(first >> 4) << j | UInt32(second >> 4) << (j + 16)
    }
    store(high, offset)
  }

  func q8_0(_ x: Values) {
    let scale = abs(extreme(x)) / 127
    let factor = inverse(scale)
    store(half: scale, 0)
    for j in 0..<32 {
      self[2 + j] = UInt8(bitPattern: Int8(nearest(x[j] * factor, -127...127)))
    }
  }

  func q4_K(_ x: Values) {
    for j in 4..<144 { self[j] = 0 }
    groupsWithMinimum(x, largestLevel: 15) { group, j, level in
      self[16 + group / 2 * 32 + j] |= group % 2 == 0 ? level : level << 4
    }
  }

  func q5_K(_ x: Values) {
    for j in 4..<176 { self[j] = 0 }
    groupsWithMinimum(x, largestLevel: 31) { group, j, level in
      let nibble = level & 15
      self[48 + group / 2 * 32 + j] |= group % 2 == 0 ? nibble : nibble << 4
      self[16 + j] |= (level >> 4) << group
    }
  }

  /// Stores scales and minimums of eight groups of 32 as Q4_K and Q5_K have them, in bytes 0 to
  /// 15, which start as zero from byte 4 on; `store` gets group, place in the group, and level.
  private func groupsWithMinimum(
    _ x: Values, largestLevel: Int, _ store: (_ group: Int, _ j: Int, _ level: UInt8) -> Void
  ) {
    let groups = (0..<8).map { group in
      let (minimum, maximum) = bounds(x[group * 32..<(group + 1) * 32])
      let offset = max(0, -minimum)
      return (scale: (max(0, maximum) + offset) / Float(largestLevel), offset: offset)
    }
    let scale = rounded((groups.map(\.scale).max() ?? 0) / 63)
    let minimum = rounded((groups.map(\.offset).max() ?? 0) / 63)
    self.store(half: scale, 0)
    self.store(half: minimum, 2)
    for (group, wanted) in groups.enumerated() {
      let scale6 = nearest(wanted.scale * inverse(scale), 0...63)
      let minimum6 = nearest(wanted.offset * inverse(minimum), 0...63)
      storeSixBits(group, UInt8(scale6), UInt8(minimum6))
      let factor = inverse(scale * Float(scale6))
      for j in 0..<32 {
        let shifted = x[group * 32 + j] + minimum * Float(minimum6)
        store(group, j, UInt8(nearest(shifted * factor, 0...largestLevel)))
      }
    }
  }

  /// Stores Q4_K's and Q5_K's scale and minimum of a group, 6 bits each; bytes 4 to 15 start as zero.
  func storeSixBits(_ group: Int, _ scale: UInt8, _ minimum: UInt8) {
    let base = 4
    if group < 4 {
      self[base + group] |= scale
      self[base + group + 4] |= minimum
    } else {
      self[base + group + 4] = scale & 15 | (minimum & 15) << 4
      self[base + group - 4] |= (scale >> 4) << 6
      self[base + group] |= (minimum >> 4) << 6
    }
  }

  func q6_K(_ x: Values) {
    let scales = (0..<16).map { extreme(x[$0 * 16..<($0 + 1) * 16]) / -32 }
    let scale = rounded(extreme(scales) / -128)
    store(half: scale, 208)
    for j in 0..<192 { self[j] = 0 }
    for (group, wanted) in scales.enumerated() {
      let scale8 = nearest(wanted * inverse(scale), -128...127)
      self[192 + group] = UInt8(bitPattern: Int8(scale8))
      let factor = inverse(scale * Float(scale8))
      for position in group * 16..<(group + 1) * 16 {
        let six = UInt8(nearest(x[position] * factor, -32...31) + 32)
        let (half, quarter, j) = (position / 128, position / 32 % 4, position % 32)
        let low = six & 15
        self[half * 64 + quarter % 2 * 32 + j] |= quarter < 2 ? low : low << 4
        self[128 + half * 32 + j] |= (six >> 4) << (2 * quarter)
      }
    }
  }

  private func bounds(_ x: some Sequence<Float>) -> (minimum: Float, maximum: Float) {
    (x.min() ?? 0, x.max() ?? 0)
  }
}
