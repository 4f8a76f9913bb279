import Chat
import FoundationEssentials
import Glibc
import Logging

/// The program's log: a file, never standard error, which is the screen's terminal.
package final class LogFile: Sendable {
  /// Where the last log of this size is kept: one older file, `cria.log.1`.
  private static let rotationByteCount = 1 << 20

  private let descriptor: Int32

  /// Opens the log for appending, creating its folder; a large one is first put aside.
  package init(path: String) throws(Failure) {
    do {
      try FileSystem.createFolders(FileSystem.parent(of: path))
    } catch {
      throw Failure(error)
    }
    if let status = FileSystem.status(path), status.byteCount > LogFile.rotationByteCount {
      rename(path, path + ".1")
    }
    descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw Failure(SystemError("open", path)) }
  }

  deinit { close(descriptor) }

  /// Sends the loggers of the whole program to `path` from `level` on. Where the file cannot
  /// be had, nothing is logged and the reason is returned for the user.
  package static func bootstrap(path: String, level: Logger.Level) -> Failure? {
    do {
      let file = try LogFile(path: path)
      LoggingSystem.bootstrap { label in
        FileLogHandler(file: file, label: label, logLevel: level)
      }
      return nil
    } catch {
      LoggingSystem.bootstrap { _ in SwiftLogNoOpLogHandler() }
      return error
    }
  }

  /// Appends one line in one `write`, so that lines of several threads and programs stay whole.
  fileprivate func append(_ line: String) {
    try? FileSystem.write((line + "\n").utf8, to: descriptor, path: "")
  }
}

private struct FileLogHandler: LogHandler {
  let file: LogFile
  let label: String
  var logLevel: Logger.Level
  var metadata: Logger.Metadata = [:]

  init(file: LogFile, label: String, logLevel: Logger.Level) {
    self.file = file
    self.label = label
    self.logLevel = logLevel
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let pairs = metadata.merging(event.metadata ?? [:]) { $1 }
      .sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
    let text = VisibleText.escaped("\(event.message)\(pairs)")
    file.append("\(Timestamp.string(Date())) \(event.level) \(label): \(text)")
  }
}
