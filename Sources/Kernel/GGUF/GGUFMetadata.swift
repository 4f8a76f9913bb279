/// A file's keys and values, kept as places in the mapping and read when asked for.
package struct GGUFMetadata: Sendable {
  /// Where a value lies. For strings and arrays the range is of the content alone, without
  /// lengths and counts.
  struct Entry: Sendable {
    var type: GGUFValueType
    var range: Range<Int>
    /// The value with its lengths, as it stands in the file after the type number.
    var encoded: Range<Int>
    /// For arrays.
    var elementType: GGUFValueType?
    var count = 0
  }

  /// The file the values are read from.
  package let file: MappedFile
  /// The keys in file order.
  package private(set) var keys: [String] = []
  private var entries: [String: Entry] = [:]

  init(file: MappedFile) { self.file = file }

  /// The value of a key, nil when the file does not have it.
  package subscript(key: String) -> GGUFValue? {
    guard let entry = entries[key] else { return nil }
    switch entry.type {
    case .string:
      return .string(String(decoding: file.bytes[entry.range], as: UTF8.self))
    case .array:
      guard let elementType = entry.elementType else { return nil }
      return .array(
        GGUFArray(
          elementType: elementType, count: entry.count, byteRange: entry.range, key: key,
          file: file))
    default:
      return GGUFValue(scalar: entry.type, in: file.bytes, at: entry.range.lowerBound)
    }
  }

  /// A text. Nil when absent; `malformed` when of another type.
  package func string(_ key: String) throws(KernelError) -> String? {
    guard let value = self[key] else { return nil }
    guard case .string(let text) = value else { throw wrongType(key, "string") }
    return text
  }

  /// A whole number of any integer type. Nil when absent; `malformed` when of another type
  /// or beyond `Int`.
  package func int(_ key: String) throws(KernelError) -> Int? {
    guard let value = self[key] else { return nil }
    guard let number = value.int else { throw wrongType(key, "integer of at most 63 bits") }
    return number
  }

  /// A finite number of any float or integer type. Nil when absent; `malformed` when of
  /// another type, infinite or not a number.
  package func double(_ key: String) throws(KernelError) -> Double? {
    guard let value = self[key] else { return nil }
    guard let number = value.double else { throw wrongType(key, "number") }
    guard number.isFinite else {
      throw failure(key, "the value is \(number), expected a finite number")
    }
    return number
  }

  /// A truth value. Nil when absent; `malformed` when of another type.
  package func bool(_ key: String) throws(KernelError) -> Bool? {
    guard let value = self[key] else { return nil }
    guard case .bool(let truth) = value else { throw wrongType(key, "bool") }
    return truth
  }

  /// An array. Nil when absent; `malformed` when of another type.
  package func array(_ key: String) throws(KernelError) -> GGUFArray? {
    guard let value = self[key] else { return nil }
    guard case .array(let array) = value else { throw wrongType(key, "array") }
    return array
  }

  /// An error about a key: `malformed` unless said otherwise, naming the file and the key.
  package func failure(
    _ key: String, _ detail: String, code: KernelError.Code = .malformed
  ) -> KernelError {
    KernelError(code, at: "\(file.name), key \(key.printable)", detail)
  }

  /// Appends a key; false when it is there already.
  mutating func append(_ key: String, _ entry: Entry) -> Bool {
    guard entries.updateValue(entry, forKey: key) == nil else { return false }
    keys.append(key)
    return true
  }

  func entry(_ key: String) -> Entry? { entries[key] }

  private func wrongType(_ key: String, _ expected: String) -> KernelError {
    let found = entries[key].map { "\($0.type)" } ?? "nothing"
    return failure(key, "the value is of type \(found), expected \(expected)")
  }
}
