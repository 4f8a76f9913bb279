import Chat
import FoundationEssentials
import Glibc
import Synchronization
import Testing

/// A folder of its own for one test, removed with this value.
final class TemporaryFolder: Sendable {
  let path: String

  init() throws {
    var template = Array("/tmp/cria-chat-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else { throw POSIXFailure(number: errno) }
    path = String(cString: made)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ bytes: some Sequence<UInt8>, to name: String) throws {
    let file = try #require(fopen("\(path)/\(name)", "w"))
    defer { fclose(file) }
    let all = Array(bytes)
    try #require(fwrite(all, 1, all.count, file) == all.count)
  }

  func bytes(of name: String) throws -> [UInt8] {
    try #require(FileManager.default.contents(atPath: "\(path)/\(name)")).map { $0 }
  }

  func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path).sorted()
  }
}

struct POSIXFailure: Error {
  var number: Int32
}

/// A disk and a clock under the test's control.
final class FakeDisk: Sendable {
  /// Bytes that still fit; `nil` for no limit.
  let room = Mutex<Int?>(nil)
  /// The error that writing fails with when there is no room.
  let failure = Mutex<Int32>(ENOSPC)
  let seconds = Mutex(100.0)
  let synchronizations = Mutex(0)

  var operations: FileOperations {
    FileOperations(
      write: { descriptor, bytes in
        let count = self.room.withLock { room -> Int in
          guard let left = room else { return bytes.count }
          let count = min(left, bytes.count)
          room = left - count
          return count
        }
        if count == 0 { return -Int(self.failure.withLock { $0 }) }
        return FileOperations.system.write(
          descriptor, UnsafeRawBufferPointer(rebasing: bytes[..<count]))
      },
      synchronize: { _ in
        self.synchronizations.withLock { $0 += 1 }
        return 0
      },
      seconds: { self.seconds.withLock { $0 } })
  }

  func pass(seconds: Double) { self.seconds.withLock { $0 += seconds } }
}

let testDate = Date(timeIntervalSince1970: 1_678_702_500.25)
