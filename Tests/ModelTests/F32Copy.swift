import Glibc
import Kernel

/// A copy of a model file with the same weights stored as F32, removed when it goes.
///
/// It is made afresh each time, so that it can never be older than the code that made it.
struct F32Copy: ~Copyable {
  let path: String

  init(of source: String) throws {
    let file = try GGUFFile(path: source)
    var writer = GGUFWriter()
    for key in file.metadata.keys where key != "general.file_type" && key != "general.alignment" {
      if let value = GGUFField.copy(key, of: file.metadata) { writer.set(key, value) }
    }
    writer.set("general.file_type", .uint32(0))
    for tensor in file.tensors {
      let type = try file.blockType(of: tensor)
      try writer.addTensor(tensor.name, shape: tensor.shape, type: .f32) {
        (sink) throws(KernelError) in
        let values = UnsafeMutableBufferPointer<Float>.allocate(capacity: tensor.rowWidth)
        defer { values.deallocate() }
        let rowByteCount = type.byteCount(ofValues: tensor.rowWidth)
        let bytes = file.bytes(of: tensor)
        for row in 0..<tensor.rowCount {
          let range = row * rowByteCount..<(row + 1) * rowByteCount
          dequantize(UnsafeRawBufferPointer(rebasing: bytes[range]), type: type, into: values)
          try sink(UnsafeRawBufferPointer(values))
        }
      }
    }
    let path = "\(TestData.folder)/f32-\(getpid()).gguf"
    try writer.write(to: path)
    self.path = path
  }

  deinit { unlink(path) }
}
