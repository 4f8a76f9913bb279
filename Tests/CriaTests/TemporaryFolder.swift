import Glibc
import cria

/// A folder that lives as long as the value.
final class TemporaryFolder: Sendable {
  let path: String

  init() {
    var template = Array("/tmp/cria-tests-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { fatalError("no folder for tests in /tmp") }
    path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  deinit { FileSystem.removeTree(path) }

  /// Puts a file of `byteCount` zeros or of `text` at `name`.
  func add(_ name: String, text: String = "", byteCount: Int = 0) throws {
    try FileSystem.createFolders(FileSystem.parent(of: path + "/" + name))
    let bytes = text.isEmpty ? [UInt8](repeating: 0, count: byteCount) : Array(text.utf8)
    try FileSystem.replace(path + "/" + name, with: bytes)
  }
}
