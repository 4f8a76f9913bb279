/// Reads the header front to back, every step bounded by the bytes that remain.
struct GGUFCursor {
  let file: MappedFile
  private(set) var offset: Int
  /// No read goes to this offset or beyond.
  let end: Int
  /// What is being read, for errors: `key general.name`.
  var subject = "header"

  init(_ file: MappedFile, range: Range<Int>? = nil) {
    let range = range ?? 0..<file.byteCount
    self.file = file
    self.offset = range.lowerBound
    self.end = range.upperBound
  }

  var remaining: Int { end - offset }

  func failure(_ code: KernelError.Code, _ detail: String, at offset: Int? = nil) -> KernelError {
    KernelError(code, at: "\(file.name), offset \(offset ?? self.offset), \(subject)", detail)
  }

  /// Reads a little-endian integer.
  @inline(__always)
  mutating func integer<T: FixedWidthInteger>(_ type: T.Type) throws(KernelError) -> T {
    let size = MemoryLayout<T>.size
    guard size <= remaining else { throw cut(needing: UInt64(size)) }
    let value = file.bytes.loadUnaligned(fromByteOffset: offset, as: T.self)
    offset += size
    return T(littleEndian: value)
  }

  /// Moves past `count` bytes.
  @inline(__always)
  mutating func skip(_ count: UInt64) throws(KernelError) {
    guard count <= UInt64(remaining) else { throw cut(needing: count) }
    offset += Int(count)
  }

  /// Reads a count or length: above `limit` it is a lie, and when its elements of at least
  /// `minimumBytes` do not fit in what remains, the file is cut.
  mutating func count(_ what: String, limit: UInt64, minimumBytes: UInt64) throws(KernelError)
    -> Int
  {
    let start = offset
    let count = try integer(UInt64.self)
    guard count <= limit else {
      throw failure(.malformed, "\(what) is \(count), expected at most \(limit)", at: start)
    }
    guard count <= UInt64(remaining) / minimumBytes else {
      throw failure(
        .truncated,
        "\(what) is \(count), which needs at least \(count * minimumBytes) bytes, "
          + "but \(remaining) remain", at: start)
    }
    return Int(count)
  }

  /// Reads a string that must be UTF-8 of 1 to `limit` bytes: a key or a tensor's name.
  mutating func name(_ what: String, limit: UInt64) throws(KernelError) -> String {
    let start = offset
    let length = try count("length of the \(what)", limit: limit, minimumBytes: 1)
    guard length > 0 else { throw failure(.malformed, "the \(what) is empty", at: start) }
    let bytes = UnsafeRawBufferPointer(rebasing: file.bytes[offset..<offset + length])
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw failure(.malformed, "the \(what) is not UTF-8", at: start)
    }
    offset += length
    return text
  }

  private func cut(needing count: UInt64) -> KernelError {
    failure(.truncated, "\(count) bytes are expected, but \(remaining) remain")
  }
}
