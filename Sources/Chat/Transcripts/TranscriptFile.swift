import Glibc

/// A transcript file open for appending, locked against other writers for as long as this
/// value lives.
struct TranscriptFile: ~Copyable {
  let path: String
  private let descriptor: Int32
  private let operations: FileOperations
  /// Bytes up to the end of the last write that was whole.
  private var goodByteCount: Int
  /// The file ends in the middle of a line that must not be gone on with.
  private var endsWithinLine: Bool

  private let isNew: Bool

  deinit {
    // Made, but never written to: the disk was full from the start.
    if isNew && goodByteCount == 0 { unlink(path) }
    close(descriptor)
  }

  /// Opens and locks a transcript.
  ///
  /// - Parameter isNew: the file must not be there yet; otherwise it must.
  /// - Throws: `.locked` when another program, or another writer of this one, has it open;
  ///   `.transcriptMissing`; what the system says.
  init(path: String, isNew: Bool, operations: FileOperations) throws(ChatError) {
    let descriptor = try Self.openLocked(path, isNew: isNew)
    let end: (byteCount: Int, isWithinLine: Bool)
    do {
      end = try Self.lookAtEnd(of: descriptor, path: path)
    } catch {
      close(descriptor)
      throw error
    }
    self.path = path
    self.descriptor = descriptor
    self.operations = operations
    self.isNew = isNew
    goodByteCount = end.byteCount
    endsWithinLine = end.isWithinLine
  }

  private static func openLocked(_ path: String, isNew: Bool) throws(ChatError) -> Int32 {
    let creation = isNew ? O_CREAT | O_EXCL : 0
    let descriptor = open(path, O_RDWR | O_APPEND | O_CLOEXEC | O_NONBLOCK | creation, 0o600)
    if descriptor < 0 {
      let reason = errno
      if !isNew && reason == ENOENT {
        throw ChatError(.transcriptMissing, at: path, "no such transcript")
      }
      throw .system(reason, at: path, "opening for writing")
    }
    // File systems that know no locks are written to without.
    if flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK {
      close(descriptor)
      throw ChatError(.locked, at: path, "another program is writing to the transcript")
    }
    return descriptor
  }

  private static func lookAtEnd(
    of descriptor: Int32, path: String
  ) throws(ChatError) -> (byteCount: Int, isWithinLine: Bool) {
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw ChatError(.notTranscript, at: path, "no plain file")
    }
    let byteCount = Int(status.st_size)
    if byteCount == 0 { return (0, false) }
    var last: UInt8 = 0
    let count = pread(descriptor, &last, 1, off_t(byteCount - 1))
    if count < 0 { throw .system(errno, at: path, "reading the end") }
    return (byteCount, count == 1 && last != 10)
  }

  /// Appends whole lines, all or nothing: what was written of them is cut off again when the
  /// rest fails, so that they can be given again.
  mutating func append(_ lines: [UInt8]) throws(ChatError) {
    try checkPlace()
    if let reason = write(endsWithinLine ? [10] + lines : lines) {
      // Only our own torn bytes go, nothing that was there before. Where even that fails, the
      // next line starts with a line feed and readers pass over the torn one.
      if ftruncate(descriptor, off_t(goodByteCount)) != 0 { endsWithinLine = true }
      throw .system(reason, at: path, "writing")
    }
    endsWithinLine = false
  }

  /// Waits until what was appended is on the disk.
  func synchronize() throws(ChatError) {
    let result = operations.synchronize(descriptor)
    if result < 0 { throw .system(Int32(-result), at: path, "writing to the disk") }
  }

  /// Returns the error number of what went wrong.
  private mutating func write(_ bytes: [UInt8]) -> Int32? {
    let reason = bytes.withUnsafeBytes { buffer -> Int32? in
      var rest = UnsafeRawBufferPointer(buffer)
      while !rest.isEmpty {
        let written = operations.write(descriptor, rest)
        if written < 0 { return Int32(-written) }
        if written == 0 { return ENOSPC }
        rest = UnsafeRawBufferPointer(rebasing: rest[written...])
      }
      return nil
    }
    if reason == nil { goodByteCount += bytes.count }
    return reason
  }

  /// Appending to a file that was removed, or moved away with its folder, succeeds and saves
  /// nothing that anybody would find.
  private func checkPlace() throws(ChatError) {
    var open = stat()
    var named = stat()
    guard fstat(descriptor, &open) == 0, stat(path, &named) == 0,
      open.st_dev == named.st_dev, open.st_ino == named.st_ino
    else {
      throw ChatError(.folderMissing, at: path, "the file is no longer where it was")
    }
  }
}
