import Glibc

/// An output file that appears under its name only when it is whole.
///
/// Written beside its target and renamed by `commit`; without that, nothing stays. A target
/// that is no plain file (a pipe, `/dev/stdout`) is written directly.
struct PartialFile: ~Copyable {
  private let path: String
  private let temporary: String?
  private let descriptor: Int32

  init(_ path: String) throws(SystemError) {
    self.path = path
    let status = FileSystem.status(path)
    if let status, !status.isRegular {
      temporary = nil
      descriptor = open(path, O_WRONLY | O_CLOEXEC)
    } else {
      let name = path + ".\(getpid()).partial"
      temporary = name
      descriptor = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    }
    guard descriptor >= 0 else { throw SystemError("create", path) }
  }

  func write(_ bytes: some Sequence<UInt8>) throws(SystemError) {
    try FileSystem.write(bytes, to: descriptor, path: path)
  }

  /// Flushes the file and gives it its name.
  consuming func commit() throws(SystemError) {
    guard let temporary else { return }
    guard fsync(descriptor) == 0, rename(temporary, path) == 0 else {
      throw SystemError("write to", path)
    }
  }

  deinit {
    guard descriptor >= 0 else { return }
    close(descriptor)
    // After a commit the name is gone, and this does nothing.
    if let temporary { unlink(temporary) }
  }
}
