/// Breaks a paragraph into lines by words.
///
/// Breaks lie after spaces, after hyphens inside of words, and on either side of wide glyphs,
/// except before closing and after opening punctuation. A word longer than a line is cut.
/// Lines after the first are indented by a hang.
enum TextWrap {
  /// One line: a range of the text's UTF-8 and the columns it is moved right by.
  struct Line: Hashable {
    var start: Int
    var end: Int
    var indent: Int
  }

  /// The columns that continuation lines of a paragraph are indented by: its own indentation
  /// and the width of a list's mark, but never more than half of the width.
  static func hang(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, width: Int) -> Int {
    var index = range.lowerBound
    var columns = 0
    while index < range.upperBound, bytes[index] == 0x20 || bytes[index] == 0x09 {
      columns +=
        bytes[index] == 0x09 ? TextScanner.tabColumns - columns % TextScanner.tabColumns : 1
      index += 1
    }
    let markStart = index
    while index < range.upperBound, (0x30...0x39).contains(bytes[index]), index - markStart < 3 {
      index += 1
    }
    let isNumbered = index > markStart
    if index + 1 < range.upperBound, bytes[index + 1] == 0x20 {
      let mark = bytes[index]
      let isMark =
        isNumbered
        ? mark == 0x2E || mark == 0x29
        : mark == 0x2D || mark == 0x2A || mark == 0x2B || mark == 0x3E
      if isMark { columns += index + 2 - markStart }
    }
    return min(columns, width / 2)
  }

  /// Breaks the bytes in `range`, which hold no line feed, and gives the lines in order; at
  /// least one. With `isContinuation` the range starts in the middle of its paragraph.
  ///
  /// Greedy: the lines before the last do not depend on what follows them, so a text that
  /// grows can be wrapped on from the start of its last line. Linear in the range.
  static func wrap(
    _ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, width: Int, hang: Int,
    isContinuation: Bool = false, _ emit: (Line) -> Void
  ) {
    let part = UnsafeBufferPointer(rebasing: bytes[..<range.upperBound])
    var line = Line(
      start: range.lowerBound, end: range.lowerBound, indent: isContinuation ? hang : 0)
    var column = 0
    var hasWord = false
    // Where the line can be broken: its end before spaces, the next line's start, its column.
    var breakEnd = -1
    var breakStart = -1
    var breakColumn = 0
    var textEnd = range.lowerBound
    var before = Kind.none

    TextScanner.scan(part, from: range.lowerBound) { glyph in
      let columns = glyph.columns(atColumn: column)
      if glyph.isSpace {
        column += columns
        if hasWord {
          if before != .space { breakEnd = textEnd }
          breakStart = glyph.range.upperBound
          breakColumn = column
        }
        before = .space
        return true
      }
      let kind = Kind(glyph)
      if hasWord && Kind.canBreak(before, kind) {
        breakEnd = glyph.range.lowerBound
        breakStart = glyph.range.lowerBound
        breakColumn = column
      }
      if line.indent + column + columns > width && column > 0 {
        if breakStart > line.start {
          line.end = breakEnd
          emit(line)
          line = Line(start: breakStart, end: breakStart, indent: hang)
          column = glyph.range.lowerBound == breakStart ? 0 : column - breakColumn
        }
        // No break, or what was carried over fills the line by itself.
        if line.indent + column + columns > width && column > 0 {
          line.end = glyph.range.lowerBound
          emit(line)
          line = Line(start: glyph.range.lowerBound, end: glyph.range.lowerBound, indent: hang)
          column = 0
        }
        breakStart = -1
      }
      column += columns
      textEnd = glyph.range.upperBound
      hasWord = true
      before = kind
      return true
    }
    line.end = range.upperBound
    emit(line)
  }

  private enum Kind {
    case none, space, letter, hyphenAfterLetter, other, wide, opening, closing

    @inline(__always)
    init(_ glyph: TextScanner.Glyph) {
      if let ascii = glyph.ascii {
        switch ascii {
        case 0x41...0x5A, 0x61...0x7A: self = .letter
        case 0x2D: self = .hyphenAfterLetter
        default: self = .other
        }
        return
      }
      guard let scalar = glyph.character?.unicodeScalars.first?.value else {
        self = .other
        return
      }
      switch scalar {
      case 0x3008, 0x300A, 0x300C, 0x300E, 0x3010, 0x3014, 0x3016, 0x3018, 0xFF08, 0xFF3B, 0xFF5B,
        0x2018, 0x201C:
        self = .opening
      case 0x3001, 0x3002, 0x3009, 0x300B, 0x300D, 0x300F, 0x3011, 0x3015, 0x3017, 0x3019, 0x30FB,
        0x30FC, 0x3041, 0x3043, 0x3045, 0x3047, 0x3049, 0x3063, 0x3083, 0x3085, 0x3087, 0x30A1,
        0x30A3, 0x30A5, 0x30A7, 0x30A9, 0x30C3, 0x30E3, 0x30E5, 0x30E7, 0xFF01, 0xFF09, 0xFF0C,
        0xFF0E, 0xFF1A, 0xFF1B, 0xFF1F, 0xFF3D, 0xFF5D, 0x2019, 0x201D, 0x2026:
        self = .closing
      default: self = glyph.fixedColumns == 2 ? .wide : .letter
      }
    }

    @inline(__always)
    static func canBreak(_ before: Kind, _ after: Kind) -> Bool {
      switch (before, after) {
      case (.hyphenAfterLetter, .letter): true
      case (_, .closing), (.opening, _), (.none, _), (.space, _): false
      case (.wide, .other): false
      case (.wide, _), (_, .wide), (.closing, .opening): true
      default: false
      }
    }
  }
}
