/// The metadata value types of GGUF, with their numbers in the file.
package enum GGUFValueType: UInt32, Sendable {
  case uint8 = 0
  case int8 = 1
  case uint16 = 2
  case int16 = 3
  case uint32 = 4
  case int32 = 5
  case float32 = 6
  case bool = 7
  case string = 8
  case array = 9
  case uint64 = 10
  case int64 = 11
  case float64 = 12

  /// Bytes of one value; nil for strings and arrays, whose length varies.
  package var byteCount: Int? {
    switch self {
    case .uint8, .int8, .bool: 1
    case .uint16, .int16: 2
    case .uint32, .int32, .float32: 4
    case .uint64, .int64, .float64: 8
    case .string, .array: nil
    }
  }

  /// The least a value takes in the file: what bounds a count before anything is allocated.
  var minimumByteCount: Int { byteCount ?? (self == .string ? 8 : 12) }
}

/// One metadata value.
package enum GGUFValue: Sendable {
  case uint8(UInt8)
  case int8(Int8)
  case uint16(UInt16)
  case int16(Int16)
  case uint32(UInt32)
  case int32(Int32)
  case uint64(UInt64)
  case int64(Int64)
  case float32(Float)
  case float64(Double)
  case bool(Bool)
  /// Bytes that are not UTF-8 appear as U+FFFD.
  case string(String)
  case array(GGUFArray)

  /// The value when it is of an integer type and fits.
  package var int: Int? {
    switch self {
    case .uint8(let value): Int(value)
    case .int8(let value): Int(value)
    case .uint16(let value): Int(value)
    case .int16(let value): Int(value)
    case .uint32(let value): Int(value)
    case .int32(let value): Int(value)
    case .uint64(let value): Int(exactly: value)
    case .int64(let value): Int(value)
    case .float32, .float64, .bool, .string, .array: nil
    }
  }

  /// The value when it is of a float or integer type.
  package var double: Double? {
    switch self {
    case .float32(let value): Double(value)
    case .float64(let value): value
    case .uint64(let value): Double(value)
    default: int.map(Double.init)
    }
  }
}

extension GGUFValue {
  /// Reads the scalar at a place that was checked when the file was opened.
  init(scalar type: GGUFValueType, in bytes: UnsafeRawBufferPointer, at offset: Int) {
    func load<T: FixedWidthInteger>(_: T.Type) -> T {
      T(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: T.self))
    }
    switch type {
    case .uint8: self = .uint8(load(UInt8.self))
    case .int8: self = .int8(load(Int8.self))
    case .uint16: self = .uint16(load(UInt16.self))
    case .int16: self = .int16(load(Int16.self))
    case .uint32: self = .uint32(load(UInt32.self))
    case .int32: self = .int32(load(Int32.self))
    case .uint64: self = .uint64(load(UInt64.self))
    case .int64: self = .int64(load(Int64.self))
    case .float32: self = .float32(Float(bitPattern: load(UInt32.self)))
    case .float64: self = .float64(Double(bitPattern: load(UInt64.self)))
    case .bool: self = .bool(load(UInt8.self) != 0)
    case .string, .array: preconditionFailure("not a scalar")
    }
  }
}
