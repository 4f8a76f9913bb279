import Glibc

/// A system call that failed: what was being done, to which file, and the system's number.
package struct SystemError: Error, Sendable, Equatable {
  /// A verb phrase that completes "cannot …": `open`, `write to`, `create the folder`.
  package var operation: String
  /// The file or folder; empty where there is none.
  package var path: String
  package var number: Int32

  package init(_ operation: String, _ path: String, number: Int32 = errno) {
    self.operation = operation
    self.path = path
    self.number = number
  }

  /// The system's own words: `No such file or directory`.
  package var reason: String {
    var buffer = [UInt8](repeating: 0, count: 256)
    let isKnown = buffer.withUnsafeMutableBytes { raw in
      raw.baseAddress.map { strerror_r(number, $0, raw.count) == 0 } ?? false
    }
    guard isKnown else { return "error \(number)" }
    return String(decoding: buffer.prefix { $0 != 0 }, as: UTF8.self)
  }
}
