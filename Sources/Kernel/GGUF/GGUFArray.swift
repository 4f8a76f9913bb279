/// A metadata array, read from the mapping each time it is asked for.
///
/// A vocabulary of 150,000 strings costs nothing until somebody walks it.
package struct GGUFArray: Sendable {
  /// What the elements are.
  package let elementType: GGUFValueType
  /// Elements, not bytes.
  package let count: Int
  /// The elements' bytes in the file.
  package let byteRange: Range<Int>
  /// The key it belongs to, for errors.
  package let key: String
  /// The file it is read from.
  package let file: MappedFile

  /// Calls `body` with each string's index and bytes, in order, without copying.
  ///
  /// The bytes are whatever the file holds: possibly empty, not UTF-8, or very long.
  /// - Throws: `malformed` when the elements are not strings or the file changed since it
  ///   was opened, and what `body` throws.
  package func forEachString(
    _ body: (_ index: Int, _ bytes: UnsafeRawBufferPointer) throws(KernelError) -> Void
  ) throws(KernelError) {
    guard elementType == .string else { throw wrongType("strings") }
    var cursor = GGUFCursor(file, range: byteRange)
    cursor.subject = "key \(key.printable)"
    for index in 0..<count {
      // Checked again although the header was walked: another process may have written to
      // the file, and then a length is a new lie.
      let length = try cursor.integer(UInt64.self)
      let start = cursor.offset
      try cursor.skip(length)
      try body(index, UnsafeRawBufferPointer(rebasing: file.bytes[start..<cursor.offset]))
    }
  }

  /// The byte range in the file of each string, in order.
  package func stringSpans() throws(KernelError) -> [Range<Int>] {
    guard let base = file.bytes.baseAddress else { return [] }
    var spans: [Range<Int>] = []
    spans.reserveCapacity(count)
    try forEachString { (_, bytes) throws(KernelError) in
      let start = bytes.baseAddress.map { $0 - base } ?? 0
      spans.append(start..<start + bytes.count)
    }
    return spans
  }

  /// All strings; bytes that are not UTF-8 become U+FFFD.
  package func strings() throws(KernelError) -> [String] {
    var strings: [String] = []
    strings.reserveCapacity(count)
    try forEachString { (_, bytes) throws(KernelError) in
      strings.append(String(decoding: bytes, as: UTF8.self))
    }
    return strings
  }

  /// All numbers as `Float`, from any float or integer type; not checked for being finite.
  package func floats() throws(KernelError) -> [Float] {
    if elementType == .float32 {
      return (0..<count).map { index in
        let bits = file.bytes.loadUnaligned(
          fromByteOffset: byteRange.lowerBound + 4 * index, as: UInt32.self)
        return Float(bitPattern: UInt32(littleEndian: bits))
      }
    }
    var floats: [Float] = []
    floats.reserveCapacity(count)
    try forEachScalar("numbers") { (value) throws(KernelError) in
      guard let number = value.double else { throw wrongType("numbers") }
      floats.append(Float(number))
    }
    return floats
  }

  /// All numbers as `Int`, from any integer type.
  package func ints() throws(KernelError) -> [Int] {
    var ints: [Int] = []
    ints.reserveCapacity(count)
    try forEachScalar("integers") { (value) throws(KernelError) in
      guard let number = value.int else { throw wrongType("integers of at most 63 bits") }
      ints.append(number)
    }
    return ints
  }

  /// All truth values.
  package func bools() throws(KernelError) -> [Bool] {
    guard elementType == .bool else { throw wrongType("truth values") }
    return byteRange.map { file.bytes[$0] != 0 }
  }

  private func forEachScalar(
    _ expected: String, _ body: (GGUFValue) throws(KernelError) -> Void
  ) throws(KernelError) {
    guard let size = elementType.byteCount else { throw wrongType(expected) }
    for index in 0..<count {
      let offset = byteRange.lowerBound + size * index
      try body(GGUFValue(scalar: elementType, in: file.bytes, at: offset))
    }
  }

  private func wrongType(_ expected: String) -> KernelError {
    KernelError(
      .malformed, at: "\(file.name), key \(key.printable)",
      "the elements are of type \(elementType), expected \(expected)")
  }
}
