import Glibc

/// The system calls that a transcript's bytes go through, so that tests can make them fail.
package struct FileOperations: Sendable {
  /// As `write(2)`: the number of bytes written, or −errno.
  package var write: @Sendable (Int32, UnsafeRawBufferPointer) -> Int
  /// As `fdatasync(2)`: 0, or −errno.
  package var synchronize: @Sendable (Int32) -> Int
  /// Seconds of a clock that never goes back.
  package var seconds: @Sendable () -> Double

  package init(
    write: @escaping @Sendable (Int32, UnsafeRawBufferPointer) -> Int,
    synchronize: @escaping @Sendable (Int32) -> Int,
    seconds: @escaping @Sendable () -> Double
  ) {
    self.write = write
    self.synchronize = synchronize
    self.seconds = seconds
  }

  /// The real ones.
  package static let system = FileOperations(
    write: { descriptor, bytes in
      while true {
        let written = Glibc.write(descriptor, bytes.baseAddress, bytes.count)
        if written >= 0 { return written }
        if errno != EINTR { return -Int(errno) }
      }
    },
    synchronize: { descriptor in
      if fdatasync(descriptor) == 0 { return 0 }
      // Pipes and some file systems know no synchronizing; there is nothing to lose then.
      return errno == EINVAL || errno == EROFS ? 0 : -Int(errno)
    },
    seconds: {
      var time = timespec()
      clock_gettime(CLOCK_MONOTONIC, &time)
      return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    })
}

/// Folders and names, with the module's errors.
enum Folder {
  /// Makes the folder and what is missing above it, for this user only.
  static func create(_ path: String) throws(ChatError) {
    if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
    let reason = errno
    let parent = parent(of: path)
    guard reason == ENOENT, parent != path else {
      throw .system(reason, at: path, "making the folder")
    }
    try create(parent)
    if mkdir(path, 0o700) != 0 && errno != EEXIST {
      throw .system(errno, at: path, "making the folder")
    }
  }

  static func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// Names of the entries, in no order. A folder that is not there has none.
  static func names(in path: String) throws(ChatError) -> [String] {
    guard let folder = opendir(path) else {
      if errno == ENOENT { return [] }
      throw .system(errno, at: path, "reading the folder")
    }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names
  }

  /// Opens a plain file for reading. Anything else (a pipe, a folder) is no transcript.
  static func openFile(_ path: String) throws(ChatError) -> (descriptor: Int32, byteCount: Int) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    if descriptor < 0 {
      if errno == ENOENT { throw ChatError(.transcriptMissing, at: path, "no such transcript") }
      throw .system(errno, at: path, "opening")
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw ChatError(.notTranscript, at: path, "no plain file")
    }
    return (descriptor, Int(status.st_size))
  }

  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// Waits until the folder's own entries are on the disk; a folder that cannot is left be.
  static func synchronize(_ path: String) {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if descriptor >= 0 {
      fsync(descriptor)
      close(descriptor)
    }
  }
}
