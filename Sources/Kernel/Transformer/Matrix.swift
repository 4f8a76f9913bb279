/// A weight matrix where it lies in the mapped file.
///
/// `@unchecked Sendable`: the bytes are read-only, and the model that hands matrices out
/// keeps the mapping.
struct Matrix: @unchecked Sendable {
  let data: UnsafeRawPointer  // (row, width), blocks of `type`
  let type: BlockType
  /// Values in a row: the width of what it is multiplied with.
  let width: Int
  let rowCount: Int

  var rowBytes: Int { type.byteCount(ofValues: width) }
}

/// A vector of float weights in the mapped file; `@unchecked Sendable` as `Matrix`.
struct FloatVector: @unchecked Sendable {
  let data: UnsafePointer<Float>
  let count: Int
}
