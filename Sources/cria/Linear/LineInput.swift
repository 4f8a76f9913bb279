import Glibc

/// Standard input line by line, where Ctrl-C ends the waiting.
struct LineInput {
  enum Line: Equatable {
    case text(String)
    /// The input is at its end.
    case end
    /// A signal has asked to stop; what was typed so far is given up.
    case interrupted
  }

  /// Longer than anything a window could take; keeps an endless line from filling the memory.
  private static let byteLimit = 1 << 24
  /// A signal just before the wait begins is seen after so long.
  private static let tickMilliseconds: Int32 = 250

  /// Bytes that no line has taken yet.
  private var waiting: [UInt8] = []
  private var isAtEnd = false

  /// The next message: a line, and those after it for as long as they end in a backslash.
  mutating func message(prompt: (_ isFirst: Bool) throws -> Void) throws -> Line {
    var parts: [String] = []
    while true {
      try prompt(parts.isEmpty)
      switch try line() {
      case .text(let text) where text.hasSuffix("\\"):
        parts.append(String(text.dropLast()))
      case .text(let text):
        return .text((parts + [text]).joined(separator: "\n"))
      case .end:
        return parts.isEmpty ? .end : .text(parts.joined(separator: "\n"))
      case .interrupted:
        waiting = []
        return .interrupted
      }
    }
  }

  private mutating func line() throws(Failure) -> Line {
    while true {
      if Interrupt.isRequested { return .interrupted }
      if let feed = waiting.firstIndex(of: UInt8(ascii: "\n")) {
        defer { waiting.removeFirst(feed + 1) }
        return .text(Self.text(waiting[..<feed]))
      }
      if isAtEnd {
        defer { waiting = [] }
        return waiting.isEmpty ? .end : .text(Self.text(waiting[...]))
      }
      guard waiting.count < Self.byteLimit else {
        throw Failure("a line is too long", at: "standard input", remedy: "break it up")
      }
      try fill()
    }
  }

  private mutating func fill() throws(Failure) {
    var descriptor = pollfd(fd: 0, events: Int16(POLLIN), revents: 0)
    guard poll(&descriptor, 1, Self.tickMilliseconds) > 0 else { return }
    var bytes = [UInt8](repeating: 0, count: 65536)
    let count = read(0, &bytes, bytes.count)
    if count > 0 {
      waiting += bytes[..<count]
    } else if count == 0 {
      isAtEnd = true
    } else if errno != EINTR && errno != EAGAIN {
      throw Failure(SystemError("read", "standard input", number: errno))
    }
  }

  private static func text(_ bytes: ArraySlice<UInt8>) -> String {
    String(decoding: bytes.last == UInt8(ascii: "\r") ? bytes.dropLast() : bytes, as: UTF8.self)
  }
}
