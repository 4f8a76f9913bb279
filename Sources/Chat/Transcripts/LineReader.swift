import Glibc

/// Reads a file line by line in memory bounded by its longest line.
struct LineReader {
  /// Lines longer than this are passed over: no message is so long.
  static let lineByteLimit = 256 << 20

  /// One line.
  struct Line {
    /// Counted from 1.
    var number: Int
    /// Without the line feed; empty when it was too long.
    var bytes: ArraySlice<UInt8>
    /// A line feed follows; only a last line can be without.
    var isEnded: Bool
    var isTooLong = false
  }

  /// Calls `body` for each line of an open file, from its position on, until it returns false.
  /// Empty lines are passed over, but counted.
  static func forEachLine(
    of descriptor: Int32, path: String, _ body: (Line) throws(ChatError) -> Bool
  ) throws(ChatError) {
    var held: [UInt8] = []
    var isSkipping = false
    var number = 1
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(descriptor, &buffer, buffer.count)
      if count < 0 {
        if errno == EINTR { continue }
        throw .system(errno, at: path, "reading")
      }
      if count == 0 { break }
      var rest = buffer[..<count]
      while let end = lineFeed(in: rest) {
        let piece = rest[..<end]
        rest = rest[(end + 1)...]
        if isSkipping || held.count + piece.count > lineByteLimit {
          let line = Line(number: number, bytes: [], isEnded: true, isTooLong: true)
          if try !body(line) { return }
        } else if held.isEmpty {
          if !piece.isEmpty, try !body(Line(number: number, bytes: piece, isEnded: true)) {
            return
          }
        } else {
          held += piece
          if try !body(Line(number: number, bytes: held[...], isEnded: true)) { return }
        }
        held = []
        isSkipping = false
        number += 1
      }
      if held.count + rest.count > lineByteLimit {
        held = []
        isSkipping = true
      } else if !isSkipping {
        held += rest
      }
    }
    if isSkipping {
      _ = try body(Line(number: number, bytes: [], isEnded: false, isTooLong: true))
    } else if !held.isEmpty {
      _ = try body(Line(number: number, bytes: held[...], isEnded: false))
    }
  }

  private static func lineFeed(in bytes: ArraySlice<UInt8>) -> Int? {
    bytes.withUnsafeBytes { buffer -> Int? in
      guard let base = buffer.baseAddress, let found = memchr(base, 10, buffer.count) else {
        return nil
      }
      return bytes.startIndex + (UnsafeRawPointer(found) - base)
    }
  }
}
