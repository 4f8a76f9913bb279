import Glibc
import Kernel
import Synchronization

/// A copy of a model file with its matrices stored in another type, removed when it goes.
///
/// It is made afresh each time, so that it can never be older than the code that made it.
struct ModelCopy: ~Copyable {
  let path: String

  private static let count = Atomic(0)

  /// - Parameters:
  ///   - type: how matrices are stored; those whose rows are no whole blocks of it stay as they
  ///     are. F32 is for all tensors.
  ///   - layerCount: how many of the first layers to keep; all when nil.
  init(of source: String, type: BlockType, layerCount: Int? = nil) throws {
    let file = try GGUFFile(path: source)
    var writer = GGUFWriter()
    for key in file.metadata.keys where key != "general.file_type" && key != "general.alignment" {
      if let value = GGUFField.copy(key, of: file.metadata) { writer.set(key, value) }
    }
    if let layerCount { writer.set("llama.block_count", .uint32(UInt32(layerCount))) }
    for tensor in file.tensors where Self.layer(of: tensor) ?? 0 < layerCount ?? .max {
      let stored = try file.blockType(of: tensor)
      let keeps = tensor.rowCount == 1 || tensor.rowWidth % type.valuesPerBlock != 0
      let type = keeps && type != .f32 ? stored : type
      try writer.addTensor(tensor.name, shape: tensor.shape, type: type) {
        (sink) throws(KernelError) in
        try Self.convert(file.bytes(of: tensor), from: stored, to: type, tensor.rowWidth, sink)
      }
    }
    let number = Self.count.add(1, ordering: .relaxed).newValue
    let path = "\(TestData.folder)/copy-\(getpid())-\(number).gguf"
    try writer.write(to: path)
    self.path = path
  }

  deinit { unlink(path) }

  private static func layer(of tensor: GGUFTensor) -> Int? {
    let parts = tensor.name.split(separator: ".")
    return parts.first == "blk" && parts.count > 1 ? Int(parts[1]) : nil
  }

  private static func convert(
    _ bytes: UnsafeRawBufferPointer, from stored: BlockType, to type: BlockType, _ rowWidth: Int,
    _ sink: GGUFWriter.Sink
  ) throws(KernelError) {
    guard stored != type else { return try sink(bytes) }
    let values = UnsafeMutableBufferPointer<Float>.allocate(capacity: rowWidth)
    let row = UnsafeMutableRawBufferPointer.allocate(
      byteCount: type.byteCount(ofValues: rowWidth), alignment: 64)
    defer {
      values.deallocate()
      row.deallocate()
    }
    let stride = stored.byteCount(ofValues: rowWidth)
    for start in Swift.stride(from: 0, to: bytes.count, by: stride) {
      let part = UnsafeRawBufferPointer(rebasing: bytes[start..<start + stride])
      dequantize(part, type: stored, into: values)
      quantize(UnsafeBufferPointer(values), type: type, into: row)
      try sink(UnsafeRawBufferPointer(row))
    }
  }
}
