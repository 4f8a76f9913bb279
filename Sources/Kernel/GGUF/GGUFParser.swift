/// Reads a header once, front to back, and checks it.
struct GGUFParser {
  /// Bounds that no honest file comes near; beyond them a number is a lie.
  enum Limit {
    static let keys: UInt64 = 65_536
    static let tensors: UInt64 = 262_144
    static let keyBytes: UInt64 = 65_535
    static let tensorNameBytes: UInt64 = 255
    static let stringBytes: UInt64 = 1 << 24
    static let arrayElements: UInt64 = 1 << 32
    static let arrayDepth = 4
    static let alignment: ClosedRange<UInt32> = 8...(1 << 21)
    static let dimensions = 1...4
  }

  private let file: MappedFile
  private var cursor: GGUFCursor
  private let keyCount: Int
  private let tensorCount: Int
  let version: UInt32
  private(set) var metadata: GGUFMetadata
  private(set) var tensors: [GGUFTensor] = []
  private(set) var indexByName: [String: Int] = [:]
  private(set) var alignment = 32
  private(set) var dataOffset = 0

  init(_ file: MappedFile) throws(KernelError) {
    var cursor = GGUFCursor(file)
    let magic = Array(file.bytes.prefix(4))
    guard magic == Array("GGUF".utf8) else {
      throw cursor.failure(.notGGUF, "starts with \(Self.describe(magic)), expected GGUF")
    }
    try cursor.skip(4)
    let version = try cursor.integer(UInt32.self)
    guard version == 2 || version == 3 else {
      // In the other byte order the small number stands in the high half.
      let isSwapped = version & 0xFFFF == 0 && version != 0
      let found = isSwapped ? "the byte order is big-endian" : "the version is \(version)"
      throw cursor.failure(
        .unsupportedVersion, "\(found), expected version 2 or 3 in little-endian", at: 4)
    }
    self.file = file
    self.version = version
    metadata = GGUFMetadata(file: file)
    // A tensor takes at least a length, one byte of name, a count, a size, a type and an
    // offset; a key at least a length, a byte, a type and a byte.
    tensorCount = try cursor.count("tensor count", limit: Limit.tensors, minimumBytes: 33)
    keyCount = try cursor.count("key count", limit: Limit.keys, minimumBytes: 14)
    self.cursor = cursor
  }

  /// What a file that is not GGUF seems to be, for people who took the wrong one.
  private static func describe(_ magic: [UInt8]) -> String {
    switch String(decoding: magic, as: UTF8.self) {
    case "lmgg", "fmgg", "tjgg": "the mark of a ggml file from before GGUF"
    case "PK\u{3}\u{4}": "the mark of a ZIP archive"
    case "vers": "\"vers\", as a Git LFS pointer does"
    case let text: "\"\(text.printable)\""
    }
  }

  // MARK: Metadata

  mutating func readMetadata() throws(KernelError) {
    for index in 0..<keyCount {
      cursor.subject = "key \(index + 1) of \(keyCount)"
      let start = cursor.offset
      let key = try cursor.name("key", limit: Limit.keyBytes)
      cursor.subject = "key \(key.printable)"
      let type = try valueType()
      let entry = try value(of: type)
      guard metadata.append(key, entry) else {
        throw cursor.failure(.malformed, "the key appears twice", at: start)
      }
    }
    try readAlignment()
  }

  private mutating func readAlignment() throws(KernelError) {
    let key = "general.alignment"
    guard let value = metadata[key] else { return }
    guard case .uint32(let alignment) = value else {
      throw metadata.failure(key, "the value is of another type, expected uint32")
    }
    guard Limit.alignment.contains(alignment), alignment.nonzeroBitCount == 1 else {
      throw metadata.failure(
        key,
        "the alignment is \(alignment), expected a power of two from "
          + "\(Limit.alignment.lowerBound) to \(Limit.alignment.upperBound)")
    }
    self.alignment = Int(alignment)
  }

  private mutating func valueType() throws(KernelError) -> GGUFValueType {
    let start = cursor.offset
    let number = try cursor.integer(UInt32.self)
    guard let type = GGUFValueType(rawValue: number) else {
      throw cursor.failure(
        .malformed, "the value type is \(number), expected 0 to 12", at: start)
    }
    return type
  }

  private mutating func value(of type: GGUFValueType) throws(KernelError) -> GGUFMetadata.Entry {
    let start = cursor.offset
    if let size = type.byteCount {
      try cursor.skip(UInt64(size))
      if type == .bool, file.bytes[start] > 1 {
        throw cursor.failure(
          .malformed, "the truth value is \(file.bytes[start]), expected 0 or 1", at: start)
      }
      let range = start..<cursor.offset
      return GGUFMetadata.Entry(type: type, range: range, encoded: range)
    }
    if type == .string {
      let length = try cursor.count("string length", limit: Limit.stringBytes, minimumBytes: 1)
      let range = cursor.offset..<cursor.offset + length
      try cursor.skip(UInt64(length))
      return GGUFMetadata.Entry(type: type, range: range, encoded: start..<cursor.offset)
    }
    let (elementType, count, range) = try array(depth: 1)
    return GGUFMetadata.Entry(
      type: type, range: range, encoded: start..<cursor.offset, elementType: elementType,
      count: count)
  }

  private mutating func array(depth: Int) throws(KernelError) -> (
    elementType: GGUFValueType, count: Int, range: Range<Int>
  ) {
    guard depth <= Limit.arrayDepth else {
      throw cursor.failure(
        .malformed, "arrays are nested deeper than \(Limit.arrayDepth) levels")
    }
    let elementType = try valueType()
    let count = try cursor.count(
      "element count", limit: Limit.arrayElements,
      minimumBytes: UInt64(elementType.minimumByteCount))
    let start = cursor.offset
    if let size = elementType.byteCount {
      try cursor.skip(UInt64(count * size))
    } else if elementType == .string {
      for _ in 0..<count { try cursor.skip(try cursor.integer(UInt64.self)) }
    } else {
      for _ in 0..<count { _ = try array(depth: depth + 1) }
    }
    return (elementType, count, start..<cursor.offset)
  }

  // MARK: Tensors

  mutating func readTensors() throws(KernelError) {
    tensors.reserveCapacity(tensorCount)
    var drafts: [Draft] = []
    drafts.reserveCapacity(tensorCount)
    for index in 0..<tensorCount {
      cursor.subject = "tensor \(index + 1) of \(tensorCount)"
      let start = cursor.offset
      let draft = try tensor()
      guard indexByName.updateValue(index, forKey: draft.name) == nil else {
        throw cursor.failure(.malformed, "the tensor's name appears twice", at: start)
      }
      drafts.append(draft)
    }
    // The header was inside the file, so the sum cannot overflow.
    dataOffset = (cursor.offset + alignment - 1) / alignment * alignment
    for draft in drafts { tensors.append(try placed(draft)) }
    try checkOverlap()
  }

  private struct Draft {
    var name: String
    var shape: [Int]
    var typeNumber: UInt32
    var byteCount: Int
    var offset: UInt64
  }

  private mutating func tensor() throws(KernelError) -> Draft {
    let name = try cursor.name("tensor's name", limit: Limit.tensorNameBytes)
    cursor.subject = "tensor \(name.printable)"
    let start = cursor.offset
    let dimensionCount = try cursor.integer(UInt32.self)
    guard Limit.dimensions.contains(Int(dimensionCount)) else {
      throw cursor.failure(
        .malformed, "the tensor has \(dimensionCount) dimensions, expected 1 to 4", at: start)
    }
    var shape: [Int] = []
    var valueCount = 1
    for _ in 0..<dimensionCount {
      let start = cursor.offset
      let size = try cursor.integer(UInt64.self)
      guard let size = Int(exactly: size), size > 0 else {
        throw cursor.failure(
          .malformed, "a dimension is \(size), expected 1 to 2^63 - 1", at: start)
      }
      let (product, overflows) = valueCount.multipliedReportingOverflow(by: size)
      guard !overflows else {
        throw cursor.failure(
          .malformed, "the product of the dimensions overflows 63 bits", at: start)
      }
      valueCount = product
      shape.append(size)
    }
    let typeOffset = cursor.offset
    let typeNumber = try cursor.integer(UInt32.self)
    let byteCount = try self.byteCount(
      typeNumber: typeNumber, rowWidth: shape[0], valueCount: valueCount, at: typeOffset)
    let offset = try cursor.integer(UInt64.self)
    return Draft(
      name: name, shape: shape, typeNumber: typeNumber, byteCount: byteCount, offset: offset)
  }

  private func byteCount(
    typeNumber: UInt32, rowWidth: Int, valueCount: Int, at offset: Int
  ) throws(KernelError) -> Int {
    guard let info = GGUFTypeInfo.table[typeNumber] else { return 0 }
    guard rowWidth % info.valuesPerBlock == 0 else {
      throw cursor.failure(
        .malformed,
        "rows of \(rowWidth) values, expected a multiple of \(info.valuesPerBlock) "
          + "for \(info.name)", at: offset)
    }
    let (product, overflows) = (valueCount / info.valuesPerBlock)
      .multipliedReportingOverflow(by: info.bytesPerBlock)
    guard !overflows else {
      throw cursor.failure(.malformed, "the size in bytes overflows 63 bits", at: offset)
    }
    return product
  }

  /// Turns the offset in the data section into one in the file, and checks the extent.
  private func placed(_ draft: Draft) throws(KernelError) -> GGUFTensor {
    func failure(_ code: KernelError.Code, _ detail: String) -> KernelError {
      KernelError(code, at: "\(file.name), tensor \(draft.name.printable)", detail)
    }
    guard draft.offset % UInt64(alignment) == 0 else {
      throw failure(
        .malformed, "its offset is \(draft.offset), expected a multiple of \(alignment)")
    }
    // Beyond any disk: the offset is a lie and not a sign of a cut file.
    guard draft.offset < 1 << 56, draft.byteCount < 1 << 56 else {
      throw failure(
        .malformed, "\(draft.byteCount) bytes at offset \(draft.offset) lie outside any file")
    }
    let start = dataOffset + Int(draft.offset)
    let end = start + draft.byteCount
    guard end <= file.byteCount else {
      throw failure(
        .truncated,
        "its data ends at byte \(end), but the file has \(file.byteCount) bytes")
    }
    return GGUFTensor(
      name: draft.name, shape: draft.shape, typeNumber: draft.typeNumber, byteOffset: start,
      byteCount: draft.byteCount)
  }

  private func checkOverlap() throws(KernelError) {
    let order = tensors.indices.sorted { tensors[$0].byteOffset < tensors[$1].byteOffset }
    for (first, second) in zip(order, order.dropFirst()) {
      let (one, other) = (tensors[first], tensors[second])
      guard one.byteOffset + one.byteCount <= other.byteOffset else {
        throw KernelError(
          .malformed, at: "\(file.name), tensor \(other.name.printable)",
          "its data starts at byte \(other.byteOffset), inside that of "
            + "\(one.name.printable), which ends at \(one.byteOffset + one.byteCount)")
      }
    }
  }
}
