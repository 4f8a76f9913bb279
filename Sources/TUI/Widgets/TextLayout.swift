/// The lines a text takes at a width, grown as the text grows.
struct TextLayout: Hashable, Sendable {
  struct Line: Hashable, Sendable {
    var start: Int
    var end: Int
    var indent: Int
    /// Inside of a fenced block, or the fence itself.
    var isCode: Bool
  }

  let width: Int
  private(set) var lines: [Line] = []
  /// Lines without the empty ones at the end, which would come and go while text streams.
  private(set) var lineCount = 0

  // The last paragraph: its first line, its start, whether a fence was open before it, and
  // how far its lines hang.
  private var lastFirstLine = 0
  private var lastStart = 0
  private var lastInFence = false
  private var lastHang = 0

  init(width: Int) { self.width = max(1, width) }

  init(_ text: String, width: Int) {
    self.init(width: width)
    extend(to: text)
  }

  /// Takes in what was added at the end of the text since the last time.
  ///
  /// Linear in what was added plus one line, so a reply may stream for as long as it likes.
  mutating func extend(to text: String) {
    TextScanner.withUTF8(text) { extend(to: $0) }
    lineCount = lines.count
    while lineCount > 0, lines[lineCount - 1].start == lines[lineCount - 1].end { lineCount -= 1 }
  }

  private mutating func extend(to bytes: UnsafeBufferPointer<UInt8>) {
    var start = lastStart
    var resumes = false
    // What the paragraph starts with decides its hang and whether it is a fence, so a short
    // one is done again from there.
    if lines.count - lastFirstLine > 2, let last = lines.last {
      lines.removeLast()
      start = last.start
      resumes = true
    } else {
      lines.removeSubrange(lastFirstLine...)
    }
    var isInFence = lastInFence
    while true {
      var end = start
      while end < bytes.count && bytes[end] != 0x0A { end += 1 }
      if !resumes {
        lastStart = start
        lastFirstLine = lines.count
        lastInFence = isInFence
      }
      // A carriage return before the line feed belongs to the line's end.
      let textEnd = end > start && end < bytes.count && bytes[end - 1] == 0x0D ? end - 1 : end
      let isFence = TextLayout.isFence(bytes, lastStart..<textEnd)
      if !resumes { lastHang = TextWrap.hang(bytes, start..<textEnd, width: width) }
      let isCode = lastInFence || isFence
      TextWrap.wrap(
        bytes, start..<textEnd, width: width, hang: lastHang, isContinuation: resumes
      ) { line in
        lines.append(Line(start: line.start, end: line.end, indent: line.indent, isCode: isCode))
      }
      if end == bytes.count { return }
      isInFence = lastInFence != isFence
      resumes = false
      start = end + 1
    }
  }

  private static func isFence(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Bool {
    var index = range.lowerBound
    while index < range.upperBound, bytes[index] == 0x20, index - range.lowerBound < 3 {
      index += 1
    }
    guard index + 3 <= range.upperBound, bytes[index] == 0x60 || bytes[index] == 0x7E else {
      return false
    }
    return bytes[index + 1] == bytes[index] && bytes[index + 2] == bytes[index]
  }

  /// The line that shows the byte at an offset.
  func line(at offset: Int) -> Int {
    var low = 0
    var high = lines.count
    while low < high {
      let middle = (low + high) / 2
      if lines[middle].start <= offset { low = middle + 1 } else { high = middle }
    }
    return max(0, low - 1)
  }
}
