/// Loops over all logits of a vocabulary, eight at a time: a draw is mostly these.
package enum LogitScan {
  private typealias Lanes = SIMD8<Float>

  /// Logits whose largest is kept, so that a second loop can pass over most of them.
  static let blockSize = 64

  /// Whether none is infinite or no number.
  package static func areFinite(_ logits: UnsafeBufferPointer<Float>) -> Bool {
    // Nothing but a finite number gives zero here, and a NaN stays in a sum.
    var sums = (Lanes(), Lanes())
    let wide = logits.count / 16 * 16
    for start in stride(from: 0, to: wide, by: 16) {
      sums.0 += lanes(logits, start) * 0
      sums.1 += lanes(logits, start + 8) * 0
    }
    return (sums.0 + sums.1).sum() == 0 && logits[wide...].allSatisfy(\.isFinite)
  }

  /// The largest of each block, and of all.
  static func maxima(of logits: UnsafeBufferPointer<Float>, into blocks: inout [Float]) -> Float {
    let count = (logits.count + blockSize - 1) / blockSize
    if blocks.count != count { blocks = [Float](repeating: 0, count: count) }
    var best = -Float.infinity
    for block in 0..<count {
      let largest = largest(logits, block * blockSize)
      blocks[block] = largest
      if largest > best { best = largest }
    }
    return best
  }

  /// The place of the largest, the first of equals; 0 where there is none.
  static func firstLargest(_ logits: UnsafeBufferPointer<Float>) -> Int {
    var best = -Float.infinity
    var start = 0
    for block in stride(from: 0, to: logits.count, by: blockSize) {
      let largest = largest(logits, block)
      if largest > best { (best, start) = (largest, block) }
    }
    return logits[start...].firstIndex(of: best) ?? 0
  }

  /// Σ exp(logit − best) over the logits that are more than `reach` below `best`, to about seven
  /// digits.
  static func weight(
    of logits: UnsafeBufferPointer<Float>, beyond reach: Float, below best: Float,
    maxima blocks: [Float]
  ) -> Double {
    var total = 0.0
    for (block, largest) in blocks.enumerated() where best - largest < negligible {
      let start = block * blockSize
      let end = min(start + blockSize, logits.count)
      var sum = Lanes()
      var index = start
      while index + 8 <= end {
        let distance = best - lanes(logits, index)
        sum += powers(distance).replacing(with: 0, where: distance .<= reach)
        index += 8
      }
      while index < end {
        let distance = best - logits[index]
        if distance > reach { sum[0] += powers(Lanes(repeating: distance))[0] }
        index += 1
      }
      total += Double(sum.sum())
    }
    return total
  }

  /// exp((logit − best) / temperature), summed up for each block and over all, to about seven
  /// digits.
  static func weights(
    of logits: UnsafeBufferPointer<Float>, below best: Float, temperature: Float,
    into blocks: inout [Float]
  ) -> Double {
    let count = (logits.count + blockSize - 1) / blockSize
    if blocks.count != count { blocks = [Float](repeating: 0, count: count) }
    var total = 0.0
    for block in 0..<count {
      var index = block * blockSize
      let end = min(index + blockSize, logits.count)
      var sum = Lanes()
      while index + 8 <= end {
        sum += powers((best - lanes(logits, index)) / temperature)
        index += 8
      }
      while index < end {
        sum[0] += powers(Lanes(repeating: (best - logits[index]) / temperature))[0]
        index += 1
      }
      blocks[block] = sum.sum()
      total += Double(blocks[block])
    }
    return total
  }

  /// Logits this far below the best add nothing to a sum of any vocabulary.
  private static let negligible: Float = 50

  /// exp(−x) for x ≥ 0: 2 to the nearest whole power times a polynomial for the rest, which is
  /// at most ln 2 / 2 either way; Taylor's to the sixth power errs by 1.2e-7 there.
  @inline(__always)
  private static func powers(_ x: Lanes) -> Lanes {
    let clamped = x.replacing(with: 86, where: x .> 86)
    // Adding 1.5 · 2^23 rounds to a whole number and leaves it in the lowest bits.
    let shifted = clamped * -1.442_695_04 + 12_582_912
    let whole = shifted - 12_582_912
    // ln 2 in two parts, the first of few bits, so that the product is exact.
    let r = -clamped - whole * 0.693_359_375 + whole * 2.121_944_4e-4
    var sum = r * (1 / 720) + 1 / 120
    sum = sum * r + 1 / 24
    sum = sum * r + 1 / 6
    sum = sum * r + 0.5
    sum = sum * r + 1
    sum = sum * r + 1
    let bits =
      unsafeBitCast(sum, to: SIMD8<UInt32>.self)
      &+ (unsafeBitCast(shifted, to: SIMD8<UInt32>.self) &<< 23)
    return unsafeBitCast(bits, to: Lanes.self)
  }

  @inline(__always)
  private static func largest(_ logits: UnsafeBufferPointer<Float>, _ start: Int) -> Float {
    let end = min(start + blockSize, logits.count)
    var best = Lanes(repeating: -.infinity)
    var index = start
    while index + 8 <= end {
      let some = lanes(logits, index)
      best.replace(with: some, where: some .> best)
      index += 8
    }
    var largest = best.max()
    while index < end {
      if logits[index] > largest { largest = logits[index] }
      index += 1
    }
    return largest
  }

  @inline(__always)
  private static func lanes(_ logits: UnsafeBufferPointer<Float>, _ start: Int) -> Lanes {
    UnsafeRawBufferPointer(logits).loadUnaligned(fromByteOffset: 4 * start, as: Lanes.self)
  }
}
