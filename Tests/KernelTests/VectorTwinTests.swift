import CKernels
import Glibc
import Testing

/// Every variant of the matrix products against the scalar twin, and against itself in other
/// batch shapes.
@Suite struct VectorProductTests {
  @Test(arguments: Variant.all, Format.all)
  func agreesWithScalar(variant: Variant, format: Format) {
    let widths =
      format.valuesPerBlock == 256
      ? [256, 512, 768, 4096] : [32, 64, 96, 128, 160, 256, 576, 4096]
    for (index, width) in widths.enumerated() {
      let rows = width == 4096 ? 3 : 19, tokens = width == 4096 ? 11 : 17
      let product = Product(
        format, width: width, rows: rows, tokens: tokens, padding: index % 3 * 7,
        slack: index % 4, seed: index + format.number * 100)
      let expected = product.results(.scalar, rows: 0..<rows, tokens: 0..<tokens)
      let computed = product.results(variant, rows: 0..<rows, tokens: 0..<tokens)
      let error = worst(tokens * rows) { i in
        let row = i % rows, token = i / rows
        return (
          Double(abs(expected[token][row] - computed[token][row])),
          Double(product.magnitudes[row][token]) * 1e-6
        )
      }
      #expect(error <= 1, "width \(width)")
    }
  }

  /// Few tokens and many take different ways, and so do rows that fill no panel.
  @Test(arguments: Variant.all, Format.all)
  func bitsDoNotDependOnTheBatch(variant: Variant, format: Format) {
    let tokenCounts = Array(1...17) + [40, 127, 129]
    let rowCounts = Array(1...9) + [15, 16, 17, 31, 32, 33, 41]
    let batches =
      tokenCounts.flatMap { [(1, $0), (17, $0)] }
      + rowCounts.flatMap { [($0, 1), ($0, 4), ($0, 10)] }
    for width in format.valuesPerBlock == 256 ? [256, 768] : [32, 160, 384] {
      let product = Product(format, width: width, rows: 41, tokens: 129, seed: width)
      let whole = product.results(variant, rows: 0..<41, tokens: 0..<129).map(bits)
      for (rowCount, tokenCount) in batches {
        let rows = (41 - rowCount)..<41, tokens = (129 - tokenCount)..<129
        let part = product.results(variant, rows: rows, tokens: tokens).map(bits)
        #expect(
          part == whole[tokens].map { Array($0[rows]) },
          "width \(width), \(rowCount) rows, \(tokenCount) tokens")
      }
    }
  }

  /// One value of a row against a one: the product is the value as the format means it.
  @Test(arguments: Variant.all)
  func halfFloatsMeanWhatFloat16Means(variant: Variant) throws {
    let format = try #require(Format.all.first { $0.number == CK_F16 })
    let patterns = (0...UInt16.max).filter { Float16(bitPattern: $0).isFinite }
    let width = 8
    let weights = Guarded(byteCount: patterns.count * width * 2)
    for (row, pattern) in patterns.enumerated() {
      weights.words.advanced(by: row * width).initialize(repeating: 0, count: width)
      weights.words[row * width + row % width] = pattern
    }
    var computed = [Float](repeating: .nan, count: patterns.count)
    let ones = [Float](repeating: 1, count: width)
    variant.multiply(format)(
      weights.start, width * 2, patterns.count, width, ones, width * 4, 1, &computed,
      patterns.count)
    let wrong = zip(patterns, computed).filter { Float(Float16(bitPattern: $0)) != $1 }
    #expect(wrong.isEmpty)
  }

  /// The extremes of the stored integers, where narrow intermediate sums would overflow: all
  /// levels at their largest, nearly all activations at theirs, all scales one.
  @Test(arguments: Variant.all, Format.all.filter(\.isQuantized))
  func extremesDoNotOverflow(variant: Variant, format: Format) {
    let width = 256, rows = 9, tokens = 17
    // The one value on the other side keeps the levels of the rest away from zero.
    let patterns: [(Int) -> Float] = [
      { _ in 1 }, { $0 % 2 == 0 ? 1 : -1 }, { $0 % 32 == 0 ? -1 : 1 }, { $0 % 32 == 31 ? -1 : 1 },
      { $0 % 32 < 16 ? 1 : -1 },
    ]
    for byte in [UInt8(0xff), 0x80, 0x7f] {
      let product = Product(format, width: width, rows: rows, tokens: tokens, seed: 1)
      for start in stride(from: 0, to: rows * product.rowBytes, by: format.bytesPerBlock) {
        let place = product.weights.start + start
        place.initializeMemory(as: UInt8.self, repeating: byte, count: format.bytesPerBlock)
        for offset in [format.scaleOffset, format.minimumOffset].compactMap(\.self) {
          place.storeBytes(of: Float16(1).bitPattern, toByteOffset: offset, as: UInt16.self)
        }
      }
      for (index, pattern) in patterns.enumerated() {
        for sign in [Float(127), -127] {
          for token in 0..<tokens {
            Variant.scalar.table.quantize(
              (0..<width).map { pattern($0) * sign }, width,
              (product.activations.start + token * product.activationBytes)
                .assumingMemoryBound(to: ck_group.self))
          }
          let expected = product.results(.scalar, rows: 0..<1, tokens: 0..<1)[0][0]
          let largest = format.largestLevel + format.largestMinimumLevel
          let allowed = Float(width) * 127 * largest * 1e-6
          for count in [1, tokens] {
            let computed = product.results(variant, rows: 0..<rows, tokens: 0..<count)
            #expect(
              computed.joined().allSatisfy { abs(expected - $0) <= allowed },
              "\(byte), pattern \(index), \(sign), \(count) tokens")
          }
        }
      }
    }
  }

  private func bits(_ line: [Float]) -> [UInt32] { line.map(\.bitPattern) }
}

/// The smaller loops against a plain computation in double precision, or bit by bit.
@Suite struct VectorLoopTests {
  @Test(arguments: Variant.all)
  func quantizeHasTheBitsOfScalar(variant: Variant) {
    var random = Random(seed: 3)
    for width in [32, 64, 96, 128, 160, 576, 1024] {
      var x = random.floats(width)
      for i in stride(from: 0, to: width, by: 5) { x[i] = (x[i] * 64).rounded() / 64 }
      for i in 0..<32 where width > 32 {
        x[width - 32 + i] *= [0, 1e-38, 1e-33, 1e30][width / 32 % 4]
      }
      #expect(rounded(variant, x) == rounded(.scalar, x), "width \(width)")
    }
  }

  /// Wherever in a row something is no finite number, every product with the row is NaN.
  @Test(arguments: Variant.all, [Float.nan, .infinity, -.infinity])
  func quantizeKeepsWhatIsNoNumber(variant: Variant, value: Float) throws {
    let format = try #require(Format.all.first { $0.number == CK_Q4_1 })
    for width in [128, 160] {
      let product = Product(format, width: width, rows: 3, tokens: 17, seed: width)
      for place in 0..<width {
        var x = [Float](repeating: 1, count: width)
        x[place] = value
        for token in [0, 16] {
          let groups = (product.activations.start + token * product.activationBytes)
            .assumingMemoryBound(to: ck_group.self)
          variant.table.quantize(x, width, groups)
        }
        let one = product.results(variant, rows: 0..<3, tokens: 0..<1)
        let many = product.results(variant, rows: 0..<3, tokens: 0..<17)
        let found = one[0] + many[0] + many[16]
        if !found.allSatisfy(\.isNaN) { Issue.record("width \(width), place \(place)") }
        if !many[1].allSatisfy(\.isFinite) { Issue.record("spilled, width \(width)") }
      }
    }
  }

  /// From -126 to 127 the scale is one and the zero point zero; moved by 20, the zero point is.
  @Test(arguments: Variant.all, [0, 20])
  func quantizeRoundsTiesToEven(variant: Variant, shift: Int) {
    var x = [Float](repeating: 0, count: 32)
    x.replaceSubrange(0..<10, with: [127, -126, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 126.5, -125.5])
    x[31] = 3.5
    let groups = rounded(variant, x.map { $0 + Float(shift) })
    #expect(groups.levels[0..<10] == [127, -126, 0, 2, 2, 0, -2, -2, 126, -126])
    #expect(groups.levels[64..<80] == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4])
    #expect(groups.scale(0) == 1)
    // The ten levels add up to 1, so do the sixteen they belong to; all to 5.
    #expect(groups.correction(0) == [Int16(shift), Int16(-5 - 32 * shift)])
    #expect(groups.correctionLow(0) == [Int16(shift), Int16(-1 - 16 * shift)])
    #expect(groups.sum(0) == Float(5 + 32 * shift))
  }

  /// scale * (level - zero) is what was rounded, to half a step; and the corrections belong to it.
  @Test(arguments: Variant.all)
  func quantizeIsOffByHalfAStepAtMost(variant: Variant) {
    var random = Random(seed: 4)
    let ranges: [ClosedRange<Float>] = [
      -1...1, 100...101, -101 ... -100, 0...1, -1...0, 5...5, -3e-3 ... -3e-3, -1e-28...2e-28,
      3e-29...4e-29, -1e30...1e29, 0.99...1, -2...7, 0...0, -1e-31...1e-31,
    ]
    for range in ranges {
      // Three blocks: the group's fourth is missing.
      let x = (0..<96).map { _ in Float.random(in: range, using: &random) }
      let groups = rounded(variant, x)
      for block in 0..<3 {
        let values = x[block * 32..<block * 32 + 32], scale = Double(groups.scale(block))
        let largest = values.max() ?? 0, smallest = values.min() ?? 0
        let magnitude = Double(max(abs(largest), abs(smallest)))
        guard magnitude > 1e-30 else {
          #expect(groups.isZero(block), "\(range)")
          continue
        }
        // A scale without a zero point would need steps of a 127th of the magnitude.
        let step = max((Double(largest) - Double(smallest)) / 253, magnitude / 126)
        #expect(scale > 0 && scale <= step * 1.000_001, "\(range)")

        let zero = -Int(groups.correction(block)[0])
        let levels = values.indices.map { groups.level(block, $0 % 32) }
        #expect(levels.allSatisfy { abs($0) <= 127 }, "\(range)")
        let error = worst(32) { i in
          let off = abs(Double(values[values.startIndex + i]) - scale * Double(levels[i] - zero))
          return (off, scale * 0.5 + magnitude * 2e-7)
        }
        #expect(error <= 1, "\(range)")

        let steps = levels.map { $0 - zero }
        let sum = steps.reduce(0, +), sumLow = steps.prefix(16).reduce(0, +)
        #expect(groups.correction(block).map(Int.init) == [-zero, -sum], "\(range)")
        #expect(groups.correctionLow(block).map(Int.init) == [-zero, -sumLow], "\(range)")
        #expect(
          abs(Double(groups.sum(block)) - scale * Double(sum)) <= abs(scale * Double(sum)) * 1e-7)
      }
      #expect(groups.isZero(3), "\(range)")
    }
  }

  @Test(arguments: Variant.all)
  func normalises(variant: Variant) {
    var random = Random(seed: 5)
    for width in Array(1...40) + [64, 80, 576, 2048, 4096] {
      let x = Guarded(random.floats(width)), weight = Guarded(random.floats(width))
      let out = Guarded(byteCount: width * 4)
      variant.table.rms_norm(x.floats, weight.floats, width, 1e-5, out.floats)
      let mean =
        (0..<width).reduce(0) { $0 + Double(x.floats[$1]) * Double(x.floats[$1]) }
        / Double(width)
      let error = worst(width) { i in
        let exact = Double(x.floats[i]) / (mean + 1e-5).squareRoot() * Double(weight.floats[i])
        return (abs(Double(out.floats[i]) - exact), abs(exact) * 1e-6)
      }
      #expect(error <= 1, "width \(width)")
    }
  }

  @Test(arguments: Variant.all)
  func rotates(variant: Variant) {
    var random = Random(seed: 6)
    for width in Array(stride(from: 2, through: 36, by: 2)) + [64, 80, 96, 128] {
      for heads in [1, 3] {
        let before = random.floats(width * heads)
        let x = Guarded(before)
        let angles = (0..<width / 2).map { _ in Double.random(in: -3...3, using: &random) }
        let cosines = Guarded(angles.flatMap { [Float(cos($0)), Float(cos($0))] })
        let sines = Guarded(angles.flatMap { [Float(-sin($0)), Float(sin($0))] })
        variant.table.rotate(x.floats, heads, width, cosines.floats, sines.floats)
        let error = worst(width * heads / 2) { pair in
          let i = 2 * pair, angle = angles[i % width / 2]
          let a = Double(before[i]), b = Double(before[i + 1])
          let first = a * cos(angle) - b * sin(angle), second = a * sin(angle) + b * cos(angle)
          let off = max(abs(Double(x.floats[i]) - first), abs(Double(x.floats[i + 1]) - second))
          return (off, (abs(a) + abs(b)) * 2e-7)
        }
        #expect(error <= 1, "\(heads) heads of \(width)")
      }
    }
  }

  @Test(arguments: Variant.all)
  func gates(variant: Variant) {
    var random = Random(seed: 7)
    let edges: [Float] = [
      0, -0.0, 1e-30, -1e-30, 1, -1, 10, -10, 50, -50, 86, -86, 87.5, -87.5, 88.5, -88.5, 200, -200,
      1e4, -1e4, 1e30, -1e30,
    ]
    for count in Array(1...40) + [576] {
      let before = (0..<count).map { $0 < edges.count ? edges[$0] : random.float() * 8 }
      let gate = Guarded(before), up = Guarded(random.floats(count))
      variant.table.swiglu(gate.floats, up.floats, count)
      let error = worst(count) { i in
        let g = Double(before[i]), exact = g / (1 + exp(-g)) * Double(up.floats[i])
        return (abs(Double(gate.floats[i]) - exact), abs(exact) * 2e-6 + 1e-35)
      }
      #expect(error <= 1, "count \(count)")
    }
    var gate = [Float.nan] + random.floats(20)
    variant.table.swiglu(&gate, [Float](repeating: 1, count: 21), 21)
    #expect(gate[0].isNaN && gate.dropFirst().allSatisfy(\.isFinite))
  }

  @Test(arguments: Variant.all)
  func storesHalfFloatsAsFloat16Rounds(variant: Variant) {
    var random = Random(seed: 8)
    let edges: [Float] = [
      0, -0.0, 1, -1, 65504, 65519, 65520, -65520, 1e9, .infinity, -.infinity, 0x1p-14, 0x1p-24,
      0x1p-25, 0x1.8p-24, 0x1.000002p-25, -0x1.8p-25, 1e-10, 0x1p-149, 0x1.002p0, 0x1.006p0,
      0x1.ffep-15,
    ]
    for width in [1, 5, 8, 15, 16, 32, 64, 80, 128] {
      let values = (0..<width).map { i in
        i < edges.count
          ? edges[(i + width) % edges.count]
          : Float(
            sign: .plus, exponent: .random(in: -28...17, using: &random),
            significand: random.float())
      }
      let expected = values.map { Float16($0).bitPattern }
      let input = Guarded(values), out = Guarded(byteCount: width * 2)
      variant.table.store_value(input.floats, width, out.words)
      #expect(Array(UnsafeBufferPointer(start: out.words, count: width)) == expected)

      for slot in [0, 1, 7, 8, 15] {
        let block = Guarded(byteCount: width * 16 * 2)
        block.words.initialize(repeating: 0xabcd, count: width * 16)
        variant.table.store_key(input.floats, width, block.words, slot)
        let wrong = (0..<width * 16).filter {
          block.words[$0] != ($0 % 16 == slot ? expected[$0 / 16] : 0xabcd)
        }
        #expect(wrong.isEmpty)
      }
    }
  }

  private func rounded(_ variant: Variant, _ x: [Float]) -> Rounded {
    let input = Guarded(x), count = (x.count + 127) / 128 * Rounded.groupBytes
    let out = Guarded(byteCount: count)
    out.start.initializeMemory(as: UInt8.self, repeating: 0x55, count: count)
    variant.table.quantize(input.floats, x.count, out.groups)
    return Rounded(bytes: (0..<count).map { out.start.load(fromByteOffset: $0, as: UInt8.self) })
  }

  /// Groups of activations as they lie in memory; the places are those of `ck_group`.
  struct Rounded: Equatable {
    static let groupBytes = MemoryLayout<ck_group>.size
    let bytes: [UInt8]

    /// Of the first group, those of `low` and then those of `high`.
    var levels: [Int8] { bytes[0..<128].map { Int8(bitPattern: $0) } }

    /// The level of value `i` of block `block` of the first group.
    func level(_ block: Int, _ i: Int) -> Int { Int(levels[i / 16 * 64 + block * 16 + i % 16]) }
    func scale(_ block: Int) -> Float { load(128 + block * 4) }
    func sum(_ block: Int) -> Float { load(144 + block * 4) }
    func correction(_ block: Int) -> [Int16] { [load(160 + block * 4), load(162 + block * 4)] }
    func correctionLow(_ block: Int) -> [Int16] { [load(176 + block * 4), load(178 + block * 4)] }

    func isZero(_ block: Int) -> Bool {
      (0..<32).allSatisfy { level(block, $0) == 0 } && scale(block) == 0 && sum(block) == 0
        && correction(block) == [0, 0] && correctionLow(block) == [0, 0]
    }

    private func load<Value: BitwiseCopyable>(_ offset: Int) -> Value {
      bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: Value.self) }
    }
  }
}

/// Attention over one stretch.
@Suite struct VectorAttentionTests {
  @Test(arguments: Variant.all, [32, 64, 80, 96, 128])
  func agreesWithScalarAndWithItself(variant: Variant, width: Int) {
    // Every count in the most usual width, some in the others.
    for count in 1...128 where width == 64 || count % 9 == 0 || count == 1 || count == 128 {
      let queries = 1 + (count + width / 16) % 9
      // Half of the cases are so sharp that some weights vanish.
      let stretch = Stretch(
        width: width, queries: queries, largestCount: count, sharpness: count % 2 == 0 ? 1 : 30)
      let expected = stretch.attend(.scalar), computed = stretch.attend(variant)
      for n in 0..<queries {
        let scoreError = stretch.scoreMagnitude * 2e-6
        #expect(abs(expected.maxima[n] - computed.maxima[n]) <= scoreError)
        let allowed = expected.sums[n] * (2 * scoreError + 1e-5)
        #expect(abs(expected.sums[n] - computed.sums[n]) <= allowed, "count \(count)")
        let error = worst(width) { i in
          let off = abs(expected.out[n * width + i] - computed.out[n * width + i])
          return (Double(off), Double(allowed * stretch.largestValue))
        }
        #expect(error <= 1, "count \(count), query \(n)")
        let alone = stretch.attend(variant, n..<n + 1)
        #expect(alone.maxima[0] == computed.maxima[n] && alone.sums[0] == computed.sums[n])
        #expect(alone.out == Array(computed.out[n * width..<(n + 1) * width]))
      }
    }
  }

  /// Keys, values and queries; the keys end with their stretch and the values with the last
  /// one seen, before memory that may not be touched. Keys that none sees are not numbers.
  struct Stretch {
    let width: Int
    let q, keys, values: Guarded
    let counts: [UInt32]
    let scoreMagnitude: Float
    let largestValue: Float

    init(width: Int, queries: Int, largestCount: Int, sharpness: Float) {
      var random = Random(seed: width * 1000 + largestCount)
      self.width = width
      counts = (0..<queries).map { UInt32(max(1, largestCount - $0 * $0)) }
      let query = random.floats(width * queries).map { $0 * sharpness }
      q = Guarded(query)
      keys = Guarded(byteCount: Int(CK_ATTEND_MAX) * width * 2)
      keys.words.initialize(repeating: 0x7fff, count: Int(CK_ATTEND_MAX) * width)
      values = Guarded(byteCount: largestCount * width * 2)
      var largest: Float = 0
      for position in 0..<largestCount {
        let value = random.floats(width)
        largest = value.reduce(largest) { max($0, abs($1)) }
        for (i, key) in random.floats(width).enumerated() {
          keys.words[(position / 16 * width + i) * 16 + position % 16] = Float16(key).bitPattern
          values.words[position * width + i] = Float16(value[i]).bitPattern
        }
      }
      largestValue = largest
      // |q| is four at most and |k| too, before sharpening; the scale is an eighth.
      scoreMagnitude = 16 * sharpness * Float(width) / 8
    }

    func attend(
      _ variant: Variant, _ range: Range<Int>? = nil
    ) -> (out: [Float], maxima: [Float], sums: [Float]) {
      let range = range ?? 0..<counts.count
      let out = Guarded(byteCount: range.count * width * 4)
      let maxima = Guarded(byteCount: range.count * 4), sums = Guarded(byteCount: range.count * 4)
      variant.table.attend(
        q.floats + range.lowerBound * width, range.count, width, keys.words, values.words,
        Array(counts[range]), 0.125, out.floats, maxima.floats, sums.floats)
      func array(_ memory: Guarded, _ count: Int) -> [Float] {
        Array(UnsafeBufferPointer(start: memory.floats, count: count))
      }
      return (
        array(out, range.count * width), array(maxima, range.count), array(sums, range.count)
      )
    }
  }
}

@Suite struct VariantSelectionTests {
  @Test func scalarIsAlwaysThere() {
    #expect(ck_select("scalar") != nil)
    #expect(ck_select("none so called") == nil)
  }

  @Test func theBestIsChosenWithoutAName() throws {
    let best = try #require(ck_select(nil))
    #expect(String(cString: best.pointee.name) == Variant.all[0].name)
  }

  @Test(arguments: Variant.all) func eachVariantHasEveryFormat(variant: Variant) {
    for format in Format.all {
      withUnsafeBytes(of: variant.table.multiply) {
        #expect($0.bindMemory(to: ck_multiply?.self)[format.number] != nil)
      }
    }
  }
}
