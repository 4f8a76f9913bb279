// The cases carry the field's names, Q4_K and its kin.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

/// How a tensor's values are stored: the type numbers and block sizes of GGUF.
///
/// Source: the GGUF specification and ggml's type table. Types with a number but without
/// a case here are unsupported.
package enum BlockType: UInt32, Sendable, CaseIterable {
  case f32 = 0
  case f16 = 1
  case q4_0 = 2
  case q4_1 = 3
  case q5_0 = 6
  case q5_1 = 7
  case q8_0 = 8
  case q4_K = 12
  case q5_K = 13
  case q6_K = 14
  case bf16 = 30

  /// Values in one block.
  package var valuesPerBlock: Int {
    switch self {
    case .f32, .f16, .bf16: 1
    case .q4_0, .q4_1, .q5_0, .q5_1, .q8_0: 32
    case .q4_K, .q5_K, .q6_K: 256
    }
  }

  /// Bytes in one block.
  package var bytesPerBlock: Int {
    switch self {
    case .f32: 4
    case .f16, .bf16: 2
    case .q4_0: 18
    case .q4_1: 20
    case .q5_0: 22
    case .q5_1: 24
    case .q8_0: 34
    case .q4_K: 144
    case .q5_K: 176
    case .q6_K: 210
    }
  }

  /// The field's name: `Q4_K`, `F16`.
  package var name: String { String(describing: self).uppercased() }

  /// Bytes of `count` values; `count` must be a multiple of `valuesPerBlock`.
  package func byteCount(ofValues count: Int) -> Int { count / valuesPerBlock * bytesPerBlock }
}
