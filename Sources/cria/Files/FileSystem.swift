import Glibc

/// The file operations of the command line: thin, throwing, and careful with interrupted calls.
package enum FileSystem {
  /// What `stat` says of a file, symbolic links followed.
  package struct Status: Sendable {
    package var isFolder: Bool
    package var isRegular: Bool
    package var byteCount: Int
    /// Seconds since 1970.
    package var modified: Int
  }

  /// The file's status, or nil where nothing can be seen at `path`.
  package static func status(_ path: String) -> Status? {
    var info = stat()
    guard stat(path, &info) == 0 else { return nil }
    return Status(
      isFolder: info.st_mode & S_IFMT == S_IFDIR, isRegular: info.st_mode & S_IFMT == S_IFREG,
      byteCount: Int(info.st_size), modified: info.st_mtim.tv_sec)
  }

  /// Creates `path` and the folders above it; private to the user, as XDG asks.
  package static func createFolders(_ path: String) throws(SystemError) {
    if mkdir(path, 0o700) == 0 { return }
    switch errno {
    case EEXIST:
      guard status(path)?.isFolder == true else {
        throw SystemError("create the folder", path, number: ENOTDIR)
      }
    case ENOENT:
      let parent = parent(of: path)
      guard parent != path else { throw SystemError("create the folder", path, number: ENOENT) }
      try createFolders(parent)
      if mkdir(path, 0o700) != 0 && errno != EEXIST {
        throw SystemError("create the folder", path)
      }
    default:
      throw SystemError("create the folder", path)
    }
  }

  /// The names in a folder, unsorted, without `.` and `..`.
  package static func names(in folder: String) throws(SystemError) -> [String] {
    guard let stream = opendir(folder) else { throw SystemError("read the folder", folder) }
    defer { closedir(stream) }
    var names: [String] = []
    while true {
      errno = 0
      guard let entry = readdir(stream) else { break }
      let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
        field.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    guard errno == 0 else { throw SystemError("read the folder", folder) }
    return names
  }

  /// The bytes of a file of at most `limit` bytes.
  package static func read(_ path: String, limit: Int) throws(SystemError) -> [UInt8] {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw SystemError("open", path) }
    defer { close(file) }
    return try read(descriptor: file, path: path, limit: limit)
  }

  /// Everything up to the end of `descriptor`; more than `limit` bytes is `EFBIG`.
  package static func read(
    descriptor: Int32, path: String, limit: Int
  ) throws(SystemError) -> [UInt8] {
    var bytes: [UInt8] = []
    let chunkByteCount = 65536
    while true {
      let start = bytes.count
      bytes.append(contentsOf: repeatElement(0, count: chunkByteCount))
      let count = bytes.withUnsafeMutableBytes { buffer in
        Glibc.read(descriptor, buffer.baseAddress?.advanced(by: start), chunkByteCount)
      }
      let number = errno
      bytes.removeLast(chunkByteCount - max(count, 0))
      if count == 0 { return bytes }
      if count < 0 {
        // An interrupted read ends only when the interruption was a request to stop.
        if number == EINTR && !Interrupt.isRequested { continue }
        throw SystemError("read", path, number: number)
      }
      guard bytes.count <= limit else { throw SystemError("read", path, number: EFBIG) }
    }
  }

  /// Writes all of `bytes`.
  package static func write(
    _ bytes: some Sequence<UInt8>, to descriptor: Int32, path: String
  ) throws(SystemError) {
    let buffer = ContiguousArray(bytes)
    var offset = 0
    while offset < buffer.count {
      let count = buffer.withUnsafeBytes { raw in
        Glibc.write(descriptor, raw.baseAddress?.advanced(by: offset), raw.count - offset)
      }
      if count < 0 {
        if errno == EINTR { continue }
        throw SystemError("write to", path)
      }
      offset += count
    }
  }

  /// Puts `bytes` at `path` whole or not at all: a temporary file beside it, flushed, then
  /// renamed over it.
  package static func replace(
    _ path: String, with bytes: some Sequence<UInt8>
  ) throws(SystemError) {
    let temporary = path + ".\(getpid()).partial"
    let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw SystemError("create", temporary) }
    do throws(SystemError) {
      defer { close(file) }
      try write(bytes, to: file, path: path)
      guard fsync(file) == 0 else { throw SystemError("write to", path) }
    } catch {
      unlink(temporary)
      throw error
    }
    guard rename(temporary, path) == 0 else {
      let failure = SystemError("write to", path)
      unlink(temporary)
      throw failure
    }
  }

  /// Removes a file, or a folder with all in it; symbolic links are removed, not followed.
  /// What cannot be removed stays.
  package static func removeTree(_ path: String) {
    var info = stat()
    guard lstat(path, &info) == 0 else { return }
    guard info.st_mode & S_IFMT == S_IFDIR else {
      unlink(path)
      return
    }
    for name in (try? names(in: path)) ?? [] { removeTree(path + "/" + name) }
    rmdir(path)
  }

  /// The sum of the sizes of the files under `path`, links not followed.
  package static func treeByteCount(_ path: String) -> Int {
    var info = stat()
    guard lstat(path, &info) == 0 else { return 0 }
    guard info.st_mode & S_IFMT == S_IFDIR else { return Int(info.st_size) }
    return ((try? names(in: path)) ?? []).reduce(0) { $0 + treeByteCount(path + "/" + $1) }
  }

  /// Bytes that this user may still write to the file system of `path`.
  package static func freeByteCount(at path: String) -> Int? {
    var info = statvfs()
    guard statvfs(path, &info) == 0 else { return nil }
    return Int(info.f_bavail) * Int(info.f_frsize)
  }

  /// Makes a renamed or created file in `folder` survive a power cut.
  package static func flushFolder(_ folder: String) {
    let file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard file >= 0 else { return }
    fsync(file)
    close(file)
  }

  /// The last component: `c` of `/a/b/c`.
  package static func name(of path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }

  /// The path without its last component: `/a/b` of `/a/b/c`, `.` of `c`.
  package static func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// The path from the root: as it is, or under the current folder. Links and `..` stay. Nil
  /// where the current folder is gone.
  package static func absolute(_ path: String) -> String? {
    if path.hasPrefix("/") { return path }
    guard let folder = getcwd(nil, 0) else { return nil }
    defer { free(folder) }
    let relative = path.hasPrefix("./") ? String(path.dropFirst(2)) : path
    return String(cString: folder) + "/" + relative
  }
}
