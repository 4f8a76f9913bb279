import Glibc

/// A file that appears under its name only when it is complete.
///
/// It is written to a temporary name in the same folder, synchronised, and renamed at the
/// end. Without `commit()`, when an error or a cancellation ends the writing, the temporary
/// file is removed and whatever was there before stays.
final class OutputFile {
  private let target: String
  private let temporary: String
  private let descriptor: Int32

  /// Creates the temporary file.
  ///
  /// - Parameter byteCount: the size it will have; refused at once where the disk has less
  ///   room than that.
  /// - Throws: `fileUnwritable` with the system's reason.
  init(replacing path: String, byteCount: Int) throws(KernelError) {
    target = Self.resolved(path)
    var status = stat()
    // Renaming would replace a device or a pipe by a file.
    if stat(target, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
      let found = status.st_mode & S_IFMT == S_IFDIR ? "is a folder" : "is not a regular file"
      throw KernelError(.fileUnwritable, at: path.printable, "\(found), expected a file name")
    }
    let folder = Self.folder(of: target)
    var disk = statvfs()
    if statvfs(folder, &disk) == 0, disk.f_frsize > 0 {
      let free = UInt64(disk.f_bavail).multipliedReportingOverflow(by: UInt64(disk.f_frsize))
      if !free.overflow, free.partialValue < UInt64(byteCount) {
        throw KernelError(
          .fileUnwritable, at: path.printable,
          "needs \(byteCount) bytes, but the disk has \(free.partialValue) bytes free")
      }
    }
    let mark = String(UInt64.random(in: .min ... .max), radix: 36)
    temporary = folder + "/.cria-\(getpid())-\(mark).part"
    descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      throw KernelError(.fileUnwritable, at: path.printable, systemReason(errno))
    }
  }

  deinit {
    guard descriptor >= 0 else { return }
    close(descriptor)
    // After a commit the name is gone and this does nothing.
    unlink(temporary)
  }

  /// Appends bytes, all of them.
  func write(_ bytes: UnsafeRawBufferPointer) throws(KernelError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let chunk = UnsafeRawBufferPointer(rebasing: rest)
      let count = Glibc.write(descriptor, chunk.baseAddress, chunk.count)
      if count < 0 {
        if errno == EINTR { continue }
        throw KernelError(.fileUnwritable, at: target.printable, systemReason(errno))
      }
      rest = rest.dropFirst(count)
    }
  }

  /// Makes the file durable and gives it its name.
  func commit() throws(KernelError) {
    guard fsync(descriptor) == 0, rename(temporary, target) == 0 else {
      throw KernelError(.fileUnwritable, at: target.printable, systemReason(errno))
    }
    // So that the name, too, outlives a power cut; some file systems refuse, and the file is
    // there all the same.
    let folder = open(Self.folder(of: target), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if folder >= 0 {
      fsync(folder)
      close(folder)
    }
  }

  /// Follows a symbolic link, so that the file it points at is replaced and not the link.
  private static func resolved(_ path: String) -> String {
    guard let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
  }

  private static func folder(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }
}
