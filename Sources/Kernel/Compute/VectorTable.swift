import CKernels
import Glibc

/// Rows of 8-bit activations for `multiply`: see `ck_group` for the layout.
typealias ActivationGroup = ck_group

/// The vector functions that this processor runs best: the one place where the model meets
/// `CKernels`.
///
/// Chosen once; the environment variable `CRIA_VECTORS` (`scalar`, `avx2`, `avx512`, `neon`)
/// forces a variant, for tests and for measurements.
package struct VectorTable: @unchecked Sendable {
  // Sendable: the pointer is to a constant table of functions without state.
  private let table: UnsafePointer<ck_table>

  /// The best variant, or the one that `CRIA_VECTORS` names where this processor has it.
  package static let best = VectorTable(named: getenv("CRIA_VECTORS").map { String(cString: $0) })

  private init(named name: String?) {
    // The portable variant is always there, so the last choice cannot fail.
    table = name.flatMap { ck_select($0) } ?? ck_select(nil)!
  }

  /// `avx512`, `avx2`, `neon` or `scalar`.
  package var name: String { String(cString: table.pointee.name) }

  /// Positions that one `attend` covers, and in which the KV cache is allocated.
  static let attendStretch = Int(CK_ATTEND_MAX)
  /// Positions in a block of keys.
  static let keyBlock = Int(CK_KEY_BLOCK)
  /// Values in one group of activations.
  static let groupSize = Int(CK_GROUP)
  /// Most values in one row of a matrix.
  static let widthLimit = Int(CK_GROUPS_MAX * CK_GROUP)

  /// Groups in a row of `width` activations.
  static func groupCount(width: Int) -> Int { (width + groupSize - 1) / groupSize }

  /// Whether the matrix is multiplied with 8-bit activations rather than with floats.
  static func takesGroups(_ type: BlockType) -> Bool {
    switch type {
    case .f32, .f16, .bf16: false
    case .q4_0, .q4_1, .q5_0, .q5_1, .q8_0, .q4_K, .q5_K, .q6_K: true
    }
  }

  /// out[t · outStride + r] = dot(row r, activations t) for the given rows.
  ///
  /// `activations` are groups or floats as `takesGroups` says, `activationBytes` apart.
  @inline(__always)
  func multiply(
    _ matrix: Matrix, rows: Range<Int>, activations: UnsafeRawPointer, activationBytes: Int,
    tokenCount: Int, into out: UnsafeMutablePointer<Float>, outStride: Int
  ) {
    let function = withUnsafeBytes(of: &UnsafeMutablePointer(mutating: table).pointee.multiply) {
      $0.bindMemory(to: ck_multiply?.self)[Int(matrix.type.rawValue)]
    }
    guard let function else {
      preconditionFailure("the vector table has no product for \(matrix.type.name)")
    }
    function(
      matrix.data + rows.lowerBound * matrix.rowBytes, matrix.rowBytes, rows.count, matrix.width,
      activations, activationBytes, tokenCount, out, outStride)
  }

  func quantize(
    _ x: UnsafePointer<Float>, width: Int, into out: UnsafeMutablePointer<ActivationGroup>
  ) {
    table.pointee.quantize(x, width, out)
  }

  func rmsNorm(
    _ x: UnsafePointer<Float>, weight: UnsafePointer<Float>, width: Int, epsilon: Float,
    into out: UnsafeMutablePointer<Float>
  ) {
    table.pointee.rms_norm(x, weight, width, epsilon, out)
  }

  func rotate(
    _ x: UnsafeMutablePointer<Float>, headCount: Int, width: Int, cosines: UnsafePointer<Float>,
    sines: UnsafePointer<Float>
  ) {
    table.pointee.rotate(x, headCount, width, cosines, sines)
  }

  func swiglu(
    gate: UnsafeMutablePointer<Float>, up: UnsafePointer<Float>, count: Int
  ) {
    table.pointee.swiglu(gate, up, count)
  }

  func add(_ y: UnsafePointer<Float>, to x: UnsafeMutablePointer<Float>, count: Int) {
    ck_add(x, y, count)
  }

  func storeKey(
    _ key: UnsafePointer<Float>, width: Int, block: UnsafeMutablePointer<UInt16>, slot: Int
  ) {
    table.pointee.store_key(key, width, block, slot)
  }

  func storeValue(
    _ value: UnsafePointer<Float>, width: Int, into out: UnsafeMutablePointer<UInt16>
  ) {
    table.pointee.store_value(value, width, out)
  }

  /// Attention over one stretch; shapes as `ck_table.attend` documents them.
  func attend(
    _ q: UnsafePointer<Float>, queryCount: Int, width: Int, keys: UnsafePointer<UInt16>,
    values: UnsafePointer<UInt16>, counts: UnsafePointer<UInt32>, scale: Float,
    into out: UnsafeMutablePointer<Float>, maxima: UnsafeMutablePointer<Float>,
    sums: UnsafeMutablePointer<Float>
  ) {
    table.pointee.attend(q, queryCount, width, keys, values, counts, scale, out, maxima, sums)
  }

  /// Joins the stretches of one query; shapes as `ck_join` documents them.
  func join(
    _ partial: UnsafePointer<Float>, partStride: Int, maxima: UnsafePointer<Float>,
    sums: UnsafePointer<Float>, scalarStride: Int, partCount: Int, width: Int,
    into out: UnsafeMutablePointer<Float>
  ) {
    ck_join(partial, partStride, maxima, sums, scalarStride, partCount, width, out)
  }

  /// Tells the processor that this thread waits in a loop.
  @inline(__always) static func pause() { ck_pause() }

  /// Runs `body` with denormal numbers treated as zero in this thread.
  static func flushingDenormals<R>(_ body: () -> R) -> R {
    let control = ck_flush_denormals()
    defer { ck_restore_control(control) }
    return body()
  }
}
