import Glibc

/// A file mapped read-only into memory, unmapped when the last reference goes.
///
/// The kernel reads weights and vocabulary where they lie in the page cache; nothing is
/// copied. A regular file only: folders, pipes and devices are refused, and an empty file
/// too, since it cannot be mapped.
package final class MappedFile: Sendable {
  /// The path as it was given.
  package let path: String
  /// Bytes in the file when it was opened.
  package let byteCount: Int
  /// The whole file. Valid while this object lives; never written to.
  ///
  /// `nonisolated(unsafe)`: the memory is mapped `PROT_READ` and stays mapped until
  /// `deinit`, so that any thread may read it without a lock.
  nonisolated(unsafe) package let bytes: UnsafeRawBufferPointer
  /// Kept open to notice that the file shrank, which would make reading it a SIGBUS.
  private let descriptor: Int32

  /// Opens and maps the file.
  ///
  /// - Throws: `fileMissing`, or `fileUnreadable` with the system's reason.
  package init(path: String) throws(KernelError) {
    // Without O_NONBLOCK, opening a named pipe would wait for a writer for ever.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      let reason = errno
      let isMissing = reason == ENOENT || reason == ENOTDIR
      throw KernelError(
        isMissing ? .fileMissing : .fileUnreadable, at: path.printable, systemReason(reason))
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let reason = errno
      close(descriptor)
      throw KernelError(.fileUnreadable, at: path.printable, systemReason(reason))
    }
    let kind = status.st_mode & S_IFMT
    guard kind == S_IFREG, status.st_size > 0 else {
      close(descriptor)
      let found =
        kind == S_IFDIR ? "is a folder" : kind == S_IFREG ? "is empty" : "is not a regular file"
      throw KernelError(.fileUnreadable, at: path.printable, "\(found), expected a model file")
    }
    let byteCount = Int(status.st_size)
    guard let base = mmap(nil, byteCount, PROT_READ, MAP_SHARED, descriptor, 0),
      base != MAP_FAILED
    else {
      let reason = errno
      close(descriptor)
      throw KernelError(
        .fileUnreadable, at: path.printable, "cannot be mapped: \(systemReason(reason))")
    }
    self.path = path
    self.byteCount = byteCount
    self.bytes = UnsafeRawBufferPointer(start: base, count: byteCount)
    self.descriptor = descriptor
  }

  deinit {
    munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), byteCount)
    close(descriptor)
  }

  /// The last component of the path, with control characters escaped: what errors name.
  package var name: String {
    let component = path.utf8.lastIndex(of: UInt8(ascii: "/")).map {
      path[path.index(after: $0)...]
    }
    return String(component ?? path[...]).printable
  }

  /// Throws `truncated` when the file is shorter by now than the mapping.
  ///
  /// Touching a page beyond the end of the file kills the process, so the engine asks
  /// before each generation. One system call.
  package func checkNotShrunk() throws(KernelError) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw KernelError(.fileUnreadable, at: name, systemReason(errno))
    }
    guard Int(status.st_size) >= byteCount else {
      throw KernelError(
        .truncated, at: name,
        "the file shrank from \(byteCount) to \(status.st_size) bytes while it was in use")
    }
  }

  /// Asks the system to start reading `range` (bytes; all by default) into the page cache.
  package func adviseWillNeed(_ range: Range<Int>? = nil) { advise(range, MADV_WILLNEED) }

  /// Tells the system that `range` (bytes; all by default) is read from front to back.
  package func adviseSequential(_ range: Range<Int>? = nil) { advise(range, MADV_SEQUENTIAL) }

  /// Asks for huge pages under `range`, where the file system offers them for page cache.
  package func adviseHugePages(_ range: Range<Int>? = nil) { advise(range, MADV_HUGEPAGE) }

  /// Advice is a hint: a refusal changes nothing and is not reported.
  private func advise(_ range: Range<Int>?, _ advice: Int32) {
    let range = (range ?? 0..<byteCount).clamped(to: 0..<byteCount)
    guard !range.isEmpty, let base = bytes.baseAddress else { return }
    let pageSize = Int(sysconf(Int32(_SC_PAGESIZE)))
    let start = range.lowerBound / pageSize * pageSize
    madvise(UnsafeMutableRawPointer(mutating: base + start), range.upperBound - start, advice)
  }
}

/// The system's words for an error number.
func systemReason(_ number: Int32) -> String { String(cString: strerror(number)) }

extension String {
  /// The text with control characters escaped and cut to about 80 characters, so that names
  /// from a hostile file can stand in an error.
  var printable: String {
    var text = ""
    for (index, scalar) in unicodeScalars.enumerated() {
      if index == 80 { return text + "…" }
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .unassigned, .privateUse,
        .surrogate:
        text += "\\u{\(String(scalar.value, radix: 16))}"
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text
  }
}
