// The functions carry the field's names of the types.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

/// Turns blocks of `type` into values.
///
/// The formats' definition in code: scalar, one loop a type. The vector loops are measured
/// against it; it is itself tested against numbers from another implementation.
///
/// - Parameters:
///   - bytes: whole blocks, little-endian, any alignment: exactly
///     `type.byteCount(ofValues: values.count)` bytes.
///   - values: as many values as the blocks hold; a multiple of `type.valuesPerBlock`.
package func dequantize(
  _ bytes: UnsafeRawBufferPointer, type: BlockType, into values: UnsafeMutableBufferPointer<Float>
) {
  precondition(values.count % type.valuesPerBlock == 0, "whole blocks only")
  precondition(bytes.count == type.byteCount(ofValues: values.count), "bytes and values disagree")
  let blockCount = values.count / type.valuesPerBlock
  for index in 0..<blockCount {
    let block = Block(bytes: bytes, start: index * type.bytesPerBlock)
    let out = UnsafeMutableBufferPointer(
      rebasing: values[index * type.valuesPerBlock..<(index + 1) * type.valuesPerBlock])
    switch type {
    case .f32: out[0] = Float(bitPattern: block.uint32(0))
    case .f16: out[0] = block.half(0)
    case .bf16: out[0] = Float(bitPattern: UInt32(block.uint16(0)) << 16)
    case .q4_0: block.q4_0(out)
    case .q4_1: block.q4_1(out)
    case .q5_0: block.q5_0(out)
    case .q5_1: block.q5_1(out)
    case .q8_0: block.q8_0(out)
    case .q4_K: block.q4_K(out)
    case .q5_K: block.q5_K(out)
    case .q6_K: block.q6_K(out)
    }
  }
}

/// One block, read by byte offset.
private struct Block {
  let bytes: UnsafeRawBufferPointer
  let start: Int

  subscript(offset: Int) -> UInt8 { bytes[start + offset] }

  func uint16(_ offset: Int) -> UInt16 {
    UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: start + offset, as: UInt16.self))
  }

  func uint32(_ offset: Int) -> UInt32 {
    UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: start + offset, as: UInt32.self))
  }

  func half(_ offset: Int) -> Float { Float(Float16(bitPattern: uint16(offset))) }

  typealias Values = UnsafeMutableBufferPointer<Float>

  /// scale: f16, 16 bytes: byte j holds values j (low half) and j + 16 (high half).
  /// value = scale · (nibble − 8)
  func q4_0(_ out: Values) {
    let scale = half(0)
    for j in 0..<16 {
      out[j] = scale * Float(Int(self[2 + j] & 15) - 8)
      out[j + 16] = scale * Float(Int(self[2 + j] >> 4) - 8)
    }
  }

  /// scale, minimum: f16, 16 bytes as in Q4_0. value = scale · nibble + minimum
  func q4_1(_ out: Values) {
    let (scale, minimum) = (half(0), half(2))
    for j in 0..<16 {
      out[j] = scale * Float(self[4 + j] & 15) + minimum
      out[j + 16] = scale * Float(self[4 + j] >> 4) + minimum
    }
  }

  /// scale: f16, 32 fifth bits (bit j is value j's), 16 bytes as in Q4_0.
  /// value = scale · (five bits − 16)
  func q5_0(_ out: Values) {
    let (scale, high) = (half(0), uint32(2))
    for j in 0..<16 {
      out[j] = scale * Float(fiveBits(self[6 + j] & 15, high, j) - 16)
      out[j + 16] = scale * Float(fiveBits(self[6 + j] >> 4, high, j + 16) - 16)
    }
  }

  /// scale, minimum: f16, 32 fifth bits, 16 bytes. value = scale · five bits + minimum
  func q5_1(_ out: Values) {
    let (scale, minimum, high) = (half(0), half(2), uint32(4))
    for j in 0..<16 {
      out[j] = scale * Float(fiveBits(self[8 + j] & 15, high, j)) + minimum
      out[j + 16] = scale * Float(fiveBits(self[8 + j] >> 4, high, j + 16)) + minimum
    }
  }

  private func fiveBits(_ low: UInt8, _ high: UInt32, _ bit: Int) -> Int {
    Int(low) | Int((high >> bit) & 1) << 4
  }

  /// scale: f16, 32 signed bytes. value = scale · byte
  func q8_0(_ out: Values) {
    let scale = half(0)
    for j in 0..<32 { out[j] = scale * Float(Int8(bitPattern: self[2 + j])) }
  }

  /// scale, minimum scale: f16, 12 bytes of 8 six-bit scales and 8 six-bit minimums, 128
  /// bytes: each 32 of them hold two groups of 32 values, low halves first.
  /// value = (scale · scale₆) · nibble − (minimum scale · minimum₆)
  func q4_K(_ out: Values) {
    let (scale, minimum) = (half(0), half(2))
    for group in 0..<8 {
      let (scale6, minimum6) = sixBits(group)
      let groupScale = scale * Float(scale6)
      let groupMinimum = minimum * Float(minimum6)
      for j in 0..<32 {
        let byte = self[16 + group / 2 * 32 + j]
        let nibble = group % 2 == 0 ? byte & 15 : byte >> 4
        out[group * 32 + j] = groupScale * Float(nibble) - groupMinimum
      }
    }
  }

  /// As Q4_K, with 32 bytes of fifth bits before the 128 bytes: bit g of byte j belongs to value j
  /// of group g. value = (scale · scale₆) · five bits − (minimum scale · minimum₆)
  func q5_K(_ out: Values) {
    let (scale, minimum) = (half(0), half(2))
    for group in 0..<8 {
      let (scale6, minimum6) = sixBits(group)
      let groupScale = scale * Float(scale6)
      let groupMinimum = minimum * Float(minimum6)
      for j in 0..<32 {
        let byte = self[48 + group / 2 * 32 + j]
        let nibble = group % 2 == 0 ? byte & 15 : byte >> 4
        let level = nibble | (self[16 + j] >> group & 1) << 4
        out[group * 32 + j] = groupScale * Float(level) - groupMinimum
      }
    }
  }

  /// Groups 0 to 3 have their six bits in bytes 0 to 3 (scales) and 4 to 7 (minimums);
  /// groups 4 to 7 have four bits in bytes 8 to 11 and two in the high bits of the others.
  private func sixBits(_ group: Int) -> (scale: UInt8, minimum: UInt8) {
    let base = 4
    if group < 4 { return (self[base + group] & 63, self[base + group + 4] & 63) }
    let low = self[base + group + 4]
    return (
      low & 15 | (self[base + group - 4] >> 6) << 4, low >> 4 | (self[base + group] >> 6) << 4
    )
  }

  /// 128 bytes of low halves, 64 bytes of two high bits, 16 signed scales of 16 values each,
  /// scale: f16. In each half of 128 values: nibble bytes j and j + 32 hold values j, j + 32
  /// (low) and j + 64, j + 96 (high); high byte j holds the bits of the same four, low first.
  /// value = (scale · scale₈) · (six bits − 32)
  func q6_K(_ out: Values) {
    let scale = half(208)
    for half in 0..<2 {
      for quarter in 0..<4 {
        for j in 0..<32 {
          let lowByte = self[half * 64 + quarter % 2 * 32 + j]
          let low = quarter < 2 ? lowByte & 15 : lowByte >> 4
          let high = self[128 + half * 32 + j] >> (2 * quarter) & 3
          let position = half * 128 + quarter * 32 + j
          let groupScale = scale * Float(Int8(bitPattern: self[192 + position / 16]))
          out[position] = groupScale * Float(Int(low | high << 4) - 32)
        }
      }
    }
  }
}
