/// Walks UTF-8 grapheme by grapheme, with a fast path for ASCII.
///
/// Counting, wrapping and drawing all go through here, so they cannot disagree.
enum TextScanner {
  /// The distance between tab stops, in columns.
  static let tabColumns = 4

  struct Glyph {
    /// Where it lies in the bytes scanned.
    var range: Range<Int>
    /// The byte, for ASCII; nil for everything else.
    var ascii: UInt8?
    /// Columns of a glyph that is no tab.
    var fixedColumns: Int
    /// The grapheme, where it is not a single byte of ASCII.
    var character: Character?

    var isTab: Bool { ascii == 0x09 }
    var isSpace: Bool { ascii == 0x20 || ascii == 0x09 }

    func columns(atColumn column: Int) -> Int {
      isTab ? tabColumns - column % tabColumns : fixedColumns
    }
  }

  /// Runs `body` on the bytes of a text, without a copy where the text is native and contiguous.
  static func withUTF8<R>(_ text: some StringProtocol, _ body: (UnsafeBufferPointer<UInt8>) -> R)
    -> R
  {
    if let result = text.utf8.withContiguousStorageIfAvailable(body) { return result }
    var copy = String(text)
    return copy.withUTF8(body)
  }

  /// Calls `body` for each glyph until it answers false.
  ///
  /// The bytes must be UTF-8 as a `String` holds it. Linear in the bytes visited.
  @inline(__always)
  static func scan(
    _ bytes: UnsafeBufferPointer<UInt8>, from start: Int = 0, _ body: (Glyph) -> Bool
  ) {
    let count = bytes.count
    var index = start
    while index < count {
      let byte = bytes[index]
      if byte < 0x80 && (index + 1 == count || bytes[index + 1] < 0x80) {
        let glyph = Glyph(range: index..<index + 1, ascii: byte, fixedColumns: 1, character: nil)
        if !body(glyph) { return }
        index += 1
        continue
      }
      // From here to where two bytes of ASCII follow each other graphemes are found by the
      // standard library, which needs a String.
      let end = runEnd(bytes, from: index)
      let run = String(decoding: UnsafeBufferPointer(rebasing: bytes[index..<end]), as: UTF8.self)
      for character in run {
        let length = character.utf8.count
        let glyph: Glyph
        if length == 1, let ascii = character.asciiValue {
          glyph = Glyph(
            range: index..<index + 1, ascii: ascii, fixedColumns: 1, character: nil)
        } else {
          glyph = Glyph(
            range: index..<index + length, ascii: nil,
            fixedColumns: DisplayWidth.columns(of: character), character: character)
        }
        if !body(glyph) { return }
        index += length
      }
    }
  }

  /// Where the run of graphemes that starts at a byte and is not plain ASCII ends; for a long
  /// one a boundary of graphemes on the way, so that an early stop costs little.
  private static func runEnd(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
    var limit = min(start + 512, bytes.count)
    var end = start + 1
    while true {
      while end < limit {
        // Cutting at line feeds is always right, and bounds text with no ASCII pairs.
        if bytes[end] == 0x0A { return end }
        if bytes[end] < 0x80 && (end + 1 == bytes.count || bytes[end + 1] < 0x80) { return end }
        end += 1
      }
      if limit == bytes.count { return limit }
      var cut = limit
      while cut > start && bytes[cut] & 0xC0 == 0x80 { cut -= 1 }
      if let safe = lastGraphemeStart(in: bytes, start..<cut) { return safe }
      // A single grapheme longer than that.
      limit = min(bytes.count, start + (limit - start) * 8)
    }
  }

  /// The last place in the range where a grapheme starts and another ends before it, or nil.
  private static func lastGraphemeStart(
    in bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>
  ) -> Int? {
    let run = String(decoding: UnsafeBufferPointer(rebasing: bytes[range]), as: UTF8.self)
    guard let last = run.last else { return nil }
    let start = range.upperBound - last.utf8.count
    return start > range.lowerBound ? start : nil
  }
}
