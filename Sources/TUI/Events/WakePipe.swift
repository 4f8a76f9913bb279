import CTerminal
import Glibc

/// A pipe whose only message is that there is something to look at.
package final class WakePipe: Sendable {
  /// The end to poll.
  package let readDescriptor: Int32
  let writeDescriptor: Int32

  /// Throws `system` when there are no descriptors left.
  package init() throws(TUIError) {
    var ends: [Int32] = [-1, -1]
    guard cria_guard_pipe(&ends) == 0 else {
      throw TUIError(.system, at: "pipe", String(cString: strerror(errno)))
    }
    readDescriptor = ends[0]
    writeDescriptor = ends[1]
  }

  deinit {
    close(readDescriptor)
    close(writeDescriptor)
  }

  /// Makes the read end readable. Any thread.
  package func wake() {
    var byte: UInt8 = 1
    // A full pipe already wakes its reader.
    _ = write(writeDescriptor, &byte, 1)
  }

  /// Empties the pipe.
  package func drain() {
    withUnsafeTemporaryAllocation(byteCount: 256, alignment: 1) { buffer in
      while read(readDescriptor, buffer.baseAddress, 256) > 0 {}
    }
  }
}
