/// Writes a GGUF file of version 3, tensor by tensor, without holding the data in memory.
///
/// The file appears under its name only when it is complete. The writer refuses what the
/// reader would: keys or names twice, rows that are no whole blocks, data of another size
/// than the shape's.
package struct GGUFWriter {
  /// Takes the next bytes of a tensor's data, in chunks of any size.
  package typealias Sink = (UnsafeRawBufferPointer) throws(KernelError) -> Void
  /// Gives a tensor's data to a sink, front to back.
  package typealias Source = (Sink) throws(KernelError) -> Void

  private struct Tensor {
    var name: String
    var shape: [Int]
    var type: BlockType
    var byteCount: Int
    var source: Source
  }

  private let alignment: Int
  private var fields: [(key: String, value: GGUFField)] = []
  private var tensors: [Tensor] = []

  /// - Parameter alignment: a power of two from 8 on. One other than 32 is written as
  ///   `general.alignment`.
  package init(alignment: Int = 32) {
    precondition(alignment >= 8 && alignment.nonzeroBitCount == 1, "alignment is a power of two")
    self.alignment = alignment
    if alignment != 32 { set("general.alignment", .uint32(UInt32(alignment))) }
  }

  /// Adds a key, or replaces its value where it is.
  package mutating func set(_ key: String, _ value: GGUFField) {
    if let index = fields.firstIndex(where: { $0.key == key }) {
      fields[index].value = value
    } else {
      fields.append((key, value))
    }
  }

  /// Adds a tensor; tensors are written in the order they are added.
  ///
  /// - Parameters:
  ///   - shape: 1 to 4 sizes, fastest first; the first a multiple of the type's block.
  ///   - source: called once, while the file is being written; must give exactly the bytes
  ///     that the shape takes.
  package mutating func addTensor(
    _ name: String, shape: [Int], type: BlockType, source: @escaping Source
  ) throws(KernelError) {
    func failure(_ detail: String) -> KernelError {
      KernelError(.invalidRequest, at: "tensor \(name.printable)", detail)
    }
    guard !name.isEmpty, name.utf8.count <= GGUFParser.Limit.tensorNameBytes else {
      throw failure("the name has \(name.utf8.count) bytes, expected 1 to 255")
    }
    guard !tensors.contains(where: { $0.name == name }) else {
      throw failure("added twice")
    }
    guard (1...4).contains(shape.count), shape.allSatisfy({ $0 > 0 }),
      shape[0] % type.valuesPerBlock == 0
    else {
      throw failure(
        "shape \(shape), expected 1 to 4 sizes, the first a multiple of \(type.valuesPerBlock)")
    }
    let byteCount = type.byteCount(ofValues: shape.reduce(1, *))
    tensors.append(
      Tensor(name: name, shape: shape, type: type, byteCount: byteCount, source: source))
  }

  /// Writes the file.
  ///
  /// - Parameters:
  ///   - progress: called after each chunk with the bytes written and the bytes in all.
  ///   - isCancelled: asked before each chunk.
  /// - Throws: `fileUnwritable` with the system's reason, or with `CancellationError` as its
  ///   cause when cancelled; `invalidRequest` when a source gives another number of bytes
  ///   than its shape takes; what a source throws. No partial file is left behind.
  package func write(
    to path: String, progress: (_ done: Int, _ total: Int) -> Void = { _, _ in },
    isCancelled: () -> Bool = { false }
  ) throws(KernelError) {
    let header = encodedHeader()
    let total = tensors.reduce(header.count) { $0 + padded($1.byteCount) }
    let output = try OutputFile(replacing: path, byteCount: total)
    var done = 0
    func put(_ bytes: UnsafeRawBufferPointer) throws(KernelError) {
      var rest = bytes[...]
      while !rest.isEmpty {
        guard !isCancelled() else {
          throw KernelError(
            .fileUnwritable, at: path.printable, "cancelled", cause: CancellationError())
        }
        let chunk = UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 22))
        try output.write(chunk)
        rest = rest.dropFirst(chunk.count)
        done += chunk.count
        progress(done, total)
      }
    }
    try withBytes(of: header, put)
    for tensor in tensors {
      var given = 0
      try tensor.source { (bytes) throws(KernelError) in
        given += bytes.count
        guard given <= tensor.byteCount else { return }
        try put(bytes)
      }
      guard given == tensor.byteCount else {
        throw KernelError(
          .invalidRequest, at: "\(path.printable), tensor \(tensor.name.printable)",
          "\(given) bytes were given, expected \(tensor.byteCount)")
      }
      let padding = [UInt8](repeating: 0, count: padded(given) - given)
      try withBytes(of: padding, put)
    }
    try output.commit()
  }

  private func padded(_ byteCount: Int) -> Int {
    (byteCount + alignment - 1) / alignment * alignment
  }

  /// `Array.withUnsafeBytes` with a typed error.
  private func withBytes(
    of array: [UInt8], _ body: (UnsafeRawBufferPointer) throws(KernelError) -> Void
  ) throws(KernelError) {
    let result = array.withUnsafeBytes { (bytes) -> Result<Void, KernelError> in
      Result { () throws(KernelError) in try body(bytes) }
    }
    try result.get()
  }

  /// The header with its padding up to the data section.
  private func encodedHeader() -> [UInt8] {
    var header = Array("GGUF".utf8)
    header.append(littleEndian: UInt32(3))
    header.append(littleEndian: UInt64(tensors.count))
    header.append(littleEndian: UInt64(fields.count))
    for field in fields {
      header.append(string: field.key.utf8)
      field.value.append(to: &header)
    }
    var offset = 0
    for tensor in tensors {
      header.append(string: tensor.name.utf8)
      header.append(littleEndian: UInt32(tensor.shape.count))
      for size in tensor.shape { header.append(littleEndian: UInt64(size)) }
      header.append(littleEndian: tensor.type.rawValue)
      header.append(littleEndian: UInt64(offset))
      offset += padded(tensor.byteCount)
    }
    header.append(contentsOf: repeatElement(0, count: padded(header.count) - header.count))
    return header
  }
}
