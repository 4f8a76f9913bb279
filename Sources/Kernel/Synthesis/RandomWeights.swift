/// Fills memory with random weights of a type, without going through floats: random codes,
/// and scales that give the wanted deviation and a mean of 0.
///
/// Uniform over the codes of a block. Fast enough for 7 billion values in seconds.
struct RandomWeights {
  let type: BlockType
  private var random: SplitMix64
  /// Scales of the type's blocks: f16 bits for each of 256 strengths around the wanted one.
  private let scales: [UInt16]
  /// The second f16 of the types with a minimum, matching `scales`.
  private let minimums: [UInt16]
  /// The values of the 16-bit types, evenly spread.
  private let halves: [UInt16]
  private let floatRange: Float

  init(type: BlockType, deviation: Float, seed: UInt64) {
    self.type = type
    random = SplitMix64(seed: seed)
    // A uniform distribution of half-width a has deviation a / √3.
    let range = deviation * Float(3).squareRoot()
    floatRange = range
    // n evenly spaced codes have deviation √((n² − 1) / 12) steps; Q4_K's and Q5_K's six-bit
    // scales of 32 to 63 and Q6_K's signed ones of 16 to 31 have root mean squares of 48.4 and 24.
    let (step, offset): (Float, Float) =
      switch type {
      case .q4_0: (4.61, 0)
      case .q4_1: (4.61, -7.5)
      case .q5_0: (9.23, 0)
      case .q5_1: (9.23, -15.5)
      case .q8_0: (73.9, 0)
      case .q4_K: (4.61 * 48.4, 7.5)
      case .q5_K: (9.23 * 48.4, 15.5)
      case .q6_K: (18.5 * 24, 0)
      case .f32, .f16, .bf16: (1, 0)
      }
    let strengths = (0..<256).map { deviation / step * (0.75 + Float($0) / 512) }
    scales = strengths.map { Float16($0).bitPattern }
    minimums = strengths.map { Float16(offset * Float(Float16($0))).bitPattern }
    let steps = (0..<4096).map { range * (Float($0) - 2047.5) / 2047.5 }
    halves =
      switch type {
      case .f16: steps.map { Float16($0).bitPattern }
      case .bf16: steps.map { bf16($0) }
      default: []
      }
  }

  /// Fills whole blocks with the next weights.
  mutating func fill(_ bytes: UnsafeMutableRawBufferPointer) {
    precondition(bytes.count % type.bytesPerBlock == 0, "whole blocks only")
    switch type {
    case .f32:
      for offset in stride(from: 0, to: bytes.count, by: 4) {
        let unit = Float(Int64(bitPattern: random.next()) >> 40) / Float(1 << 23)
        bytes.storeBytes(
          of: (unit * floatRange).bitPattern.littleEndian, toByteOffset: offset, as: UInt32.self)
      }
    case .f16, .bf16:
      for offset in stride(from: 0, to: bytes.count, by: 2) {
        let half = halves[Int(random.next() >> 52)]
        bytes.storeBytes(of: half.littleEndian, toByteOffset: offset, as: UInt16.self)
      }
    case .q4_0, .q4_1, .q5_0, .q5_1, .q8_0, .q4_K, .q5_K, .q6_K:
      fillCodes(bytes)
      for start in stride(from: 0, to: bytes.count, by: type.bytesPerBlock) {
        setScales(MutableBlock(bytes: bytes, start: start))
      }
    }
  }

  private mutating func fillCodes(_ bytes: UnsafeMutableRawBufferPointer) {
    let wholeCount = bytes.count / 8 * 8
    for offset in stride(from: 0, to: wholeCount, by: 8) {
      bytes.storeBytes(of: random.next().littleEndian, toByteOffset: offset, as: UInt64.self)
    }
    for offset in wholeCount..<bytes.count {
      bytes[offset] = UInt8(truncatingIfNeeded: random.next())
    }
  }

  @inline(__always)
  private mutating func setScales(_ block: MutableBlock) {
    let bits = random.next()
    let strength = Int(bits & 255)
    // Codes from −8 to 7 have a mean of −½; a random sign makes it 0 over many blocks.
    let sign = UInt16(truncatingIfNeeded: bits >> 8) & 0x8000
    switch type {
    case .q4_0, .q5_0, .q8_0: block.store(scales[strength] | sign, 0)
    case .q4_1, .q5_1:
      block.store(scales[strength], 0)
      block.store(minimums[strength], 2)
    case .q4_K, .q5_K:
      block.store(scales[strength], 0)
      block.store(minimums[strength], 2)
      for offset in 4..<16 { block[offset] = 0 }
      for group in 0..<8 {
        let scale6 = UInt8(truncatingIfNeeded: bits >> (16 + 5 * group)) & 31 | 32
        block.storeSixBits(group, scale6, scale6)
      }
    case .q6_K:
      block.store(scales[strength] | sign, 208)
      for group in 0..<16 {
        let code = block[192 + group]
        let magnitude = Int8(code & 15 | 16)
        block[192 + group] = UInt8(bitPattern: code & 128 == 0 ? magnitude : -magnitude)
      }
    case .f32, .f16, .bf16: break
    }
  }
}
