/// A metadata value to be written.
package enum GGUFField: Sendable {
  case uint32(UInt32)
  case int32(Int32)
  case uint64(UInt64)
  case float32(Float)
  case float64(Double)
  case bool(Bool)
  case string(String)
  /// An array of strings, each as bytes: tokens need not be UTF-8.
  case strings([[UInt8]])
  case floats([Float])
  case int32s([Int32])
  /// A value as it stands in a file, with its lengths and without its type number.
  case encoded(type: GGUFValueType, bytes: [UInt8])

  /// The value of a key in another file, to be written unchanged; nil when it is absent.
  package static func copy(_ key: String, of metadata: GGUFMetadata) -> GGUFField? {
    metadata.entry(key).map { entry in
      .encoded(type: entry.type, bytes: Array(metadata.file.bytes[entry.encoded]))
    }
  }

  /// Appends the type number and the value.
  func append(to bytes: inout [UInt8]) {
    func type(_ type: GGUFValueType) { bytes.append(littleEndian: type.rawValue) }
    func array(_ elementType: GGUFValueType, count: Int) {
      type(.array)
      type(elementType)
      bytes.append(littleEndian: UInt64(count))
    }
    switch self {
    case .uint32(let value):
      type(.uint32)
      bytes.append(littleEndian: value)
    case .int32(let value):
      type(.int32)
      bytes.append(littleEndian: value)
    case .uint64(let value):
      type(.uint64)
      bytes.append(littleEndian: value)
    case .float32(let value):
      type(.float32)
      bytes.append(littleEndian: value.bitPattern)
    case .float64(let value):
      type(.float64)
      bytes.append(littleEndian: value.bitPattern)
    case .bool(let value):
      type(.bool)
      bytes.append(value ? 1 : 0)
    case .string(let text):
      type(.string)
      bytes.append(string: text.utf8)
    case .strings(let strings):
      array(.string, count: strings.count)
      for string in strings { bytes.append(string: string) }
    case .floats(let values):
      array(.float32, count: values.count)
      for value in values { bytes.append(littleEndian: value.bitPattern) }
    case .int32s(let values):
      array(.int32, count: values.count)
      for value in values { bytes.append(littleEndian: value) }
    case .encoded(let valueType, let encoded):
      type(valueType)
      bytes += encoded
    }
  }
}

extension [UInt8] {
  mutating func append(littleEndian value: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
  }

  /// Appends a GGUF string: its length and its bytes.
  mutating func append(string: some Collection<UInt8>) {
    append(littleEndian: UInt64(string.count))
    append(contentsOf: string)
  }
}
