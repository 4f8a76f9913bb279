/// A GGUF file: the header parsed, the data mapped, nothing copied.
///
/// Reads versions 2 and 3 in little-endian order. Opening checks every count, length, offset
/// and size against the file before relying on it, so that the rest of the kernel can read
/// `bytes(of:)` without further checks. A tensor of a type that is not implemented does not
/// hinder opening; `blockType(of:)` refuses it when it is needed.
///
/// Source: the GGUF specification (ggml, docs/gguf.md).
package struct GGUFFile: Sendable {
  package let file: MappedFile
  /// 2 or 3.
  package let version: UInt32
  package let metadata: GGUFMetadata
  /// In file order; may be empty (a file that only holds a vocabulary).
  package let tensors: [GGUFTensor]
  /// `general.alignment`, 32 when absent: every tensor's offset from `dataOffset` is a
  /// multiple.
  package let alignment: Int
  /// Where the data section starts; at or beyond the file's end when there are no tensors.
  package let dataOffset: Int
  private let indexByName: [String: Int]

  /// Maps the file and reads its header.
  ///
  /// Linear in the size of the header; a vocabulary is skipped over, not read.
  /// - Throws: `fileMissing`, `fileUnreadable`, `notGGUF`, `unsupportedVersion`, `truncated`
  ///   or `malformed`, each naming the file and the place.
  package init(path: String) throws(KernelError) {
    try self.init(file: MappedFile(path: path))
  }

  /// Reads the header of a file that is mapped already.
  package init(file: MappedFile) throws(KernelError) {
    var parser = try GGUFParser(file)
    try parser.readMetadata()
    try parser.readTensors()
    self.file = file
    self.version = parser.version
    self.metadata = parser.metadata
    self.tensors = parser.tensors
    self.alignment = parser.alignment
    self.dataOffset = parser.dataOffset
    self.indexByName = parser.indexByName
  }

  /// The tensor of that name, nil when the file does not have it. Constant time.
  package func tensor(named name: String) -> GGUFTensor? {
    indexByName[name].map { tensors[$0] }
  }

  /// The tensor's data in the mapping, aligned to `alignment` within the file. Valid while
  /// `file` lives.
  package func bytes(of tensor: GGUFTensor) -> UnsafeRawBufferPointer {
    let range = tensor.byteOffset..<tensor.byteOffset + tensor.byteCount
    return UnsafeRawBufferPointer(rebasing: file.bytes[range])
  }

  /// The tensor's type.
  ///
  /// - Throws: `unsupportedBlockType` naming file, tensor and type when it is not implemented.
  package func blockType(of tensor: GGUFTensor) throws(KernelError) -> BlockType {
    guard let type = tensor.type else {
      let supported = BlockType.allCases.map(\.name).joined(separator: ", ")
      throw failure(
        tensor, "stored as \(tensor.typeName) (number \(tensor.typeNumber)), expected \(supported)",
        code: .unsupportedBlockType)
    }
    return type
  }

  /// An error about a tensor: `malformed` unless said otherwise, naming the file and the
  /// tensor.
  package func failure(
    _ tensor: GGUFTensor, _ detail: String, code: KernelError.Code = .malformed
  ) -> KernelError {
    KernelError(code, at: "\(file.name), tensor \(tensor.name.printable)", detail)
  }
}
