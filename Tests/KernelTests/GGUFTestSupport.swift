import FoundationEssentials
import Kernel

/// A folder of its own for a test, removed when the last reference goes.
final class GGUFScratch: Sendable {
  let path: String

  init() throws {
    let url = FileManager.default.temporaryDirectory
      .appending(component: "cria-gguf-\(UInt64.random(in: .min ... .max))")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { path + "/" + name }

  /// Writes a file and gives its path.
  func write(_ bytes: [UInt8], _ name: String = "model.gguf") throws -> String {
    try Data(bytes).write(to: URL(filePath: file(name)))
    return file(name)
  }

  var names: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
  }
}

/// A GGUF file put together byte by byte after the specification, with no help from the
/// writer under test, so that every part can be made to lie.
struct GGUFBytes {
  var magic = Array("GGUF".utf8)
  var version: UInt32 = 3
  var tensorCount: UInt64?
  var keyCount: UInt64?
  var keys: [[UInt8]] = []
  var tensors: [[UInt8]] = []
  var alignment = 32
  var data: [UInt8] = []

  var header: [UInt8] {
    magic + little(version) + little(tensorCount ?? UInt64(tensors.count))
      + little(keyCount ?? UInt64(keys.count)) + keys.joined() + tensors.joined()
  }

  var bytes: [UInt8] {
    let header = header
    let padding = (alignment - header.count % alignment) % alignment
    return header + [UInt8](repeating: 0, count: padding) + data
  }

  static func key(_ name: String, type: UInt32, _ value: [UInt8]) -> [UInt8] {
    string(Array(name.utf8)) + little(type) + value
  }

  static func string(_ bytes: [UInt8]) -> [UInt8] { little(UInt64(bytes.count)) + bytes }

  static func array(type: UInt32, count: UInt64, _ elements: [UInt8]) -> [UInt8] {
    little(type) + little(count) + elements
  }

  static func tensor(
    _ name: String, _ sizes: [UInt64], type: UInt32, offset: UInt64 = 0, dimensions: UInt32? = nil
  ) -> [UInt8] {
    string(Array(name.utf8)) + little(dimensions ?? UInt32(sizes.count)) + sizes.flatMap(little)
      + little(type) + little(offset)
  }

  /// Two keys and two tensors: one F32 of 8 values, one Q8_0 of 2 × 32.
  static var honest: GGUFBytes {
    var file = GGUFBytes()
    file.keys = [
      key("general.architecture", type: 8, string(Array("llama".utf8))),
      key(
        "tokens", type: 9,
        array(type: 8, count: 3, ["a", "", "▁b"].flatMap { string(Array($0.utf8)) })),
    ]
    file.tensors = [
      tensor("norm", [8], type: 0),
      tensor("matrix", [32, 2], type: 8, offset: 32),
    ]
    file.data = (0..<32 + 68).map { UInt8($0) }
    return file
  }
}

func little(_ value: some FixedWidthInteger) -> [UInt8] {
  withUnsafeBytes(of: value.littleEndian) { Array($0) }
}

/// Reads everything a header offers; what matters is that it returns.
func readEverything(_ file: GGUFFile) -> Int {
  var sum = 0
  for key in file.metadata.keys {
    sum += (try? file.metadata.int(key)) ?? 0 == 0 ? 1 : 0
    sum += (try? file.metadata.string(key))?.utf8.count ?? 0
    guard let array = try? file.metadata.array(key) else { continue }
    sum += (try? array.strings())?.count ?? 0
    sum += (try? array.ints())?.count ?? 0
    sum += (try? array.floats())?.count ?? 0
    sum += (try? array.bools())?.count ?? 0
    sum += (try? array.stringSpans())?.last?.upperBound ?? 0
  }
  for tensor in file.tensors {
    let bytes = file.bytes(of: tensor)
    sum += Int(bytes.first ?? 0) + Int(bytes.last ?? 0) + tensor.rowCount
  }
  return sum
}
