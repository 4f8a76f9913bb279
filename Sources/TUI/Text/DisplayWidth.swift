import CNcurses

/// Decides, for every grapheme, which scalars are drawn and how many columns they take.
///
/// Widths come from the C library's `wcwidth`, the same that ncurses uses, so what is counted
/// here is what ncurses counts. Where terminals are known to differ among themselves, only the
/// part is drawn on which they agree: emoji sequences are cut to their first emoji, variation
/// selectors and joiners are left out, flags become their two letters. Nothing that could
/// steer the terminal or reorder text is ever drawn.
package enum DisplayWidth {
  /// One cell's worth of a grapheme: a base of width 1 or 2 and the marks on it.
  struct Piece {
    var base: UInt32
    var marks: [UInt32]
    var columns: Int
  }

  /// What stands for anything that cannot be drawn.
  static let replacement: UInt32 = 0xFFFD

  /// ncurses keeps 5 scalars a cell and cuts the rest without a word.
  static let maximumMarkCount = 4

  /// Columns of a text on one line, with control characters counted as the sign drawn for
  /// them and tabs from column 0.
  package static func columns(of text: some StringProtocol) -> Int {
    var total = 0
    TextScanner.withUTF8(text) { bytes in
      TextScanner.scan(bytes) { glyph in
        total += glyph.columns(atColumn: total)
        return true
      }
    }
    return total
  }

  /// Columns of one grapheme; 0 for those that leave nothing to draw.
  package static func columns(of character: Character) -> Int {
    if let ascii = character.asciiValue, ascii >= 0x20, ascii < 0x7F { return 1 }
    var total = 0
    forEachPiece(of: character.unicodeScalars) { total += $0.columns }
    return total
  }

  /// Calls `body` for each cell that a grapheme is drawn with, left to right.
  static func forEachPiece(of scalars: some Sequence<Unicode.Scalar>, _ body: (Piece) -> Void) {
    var piece: Piece?
    var inEmojiSequence = false
    for scalar in scalars {
      switch classify(scalar.value) {
      case .dropped:
        if scalar.value == 0x200D, let base = piece?.base, isPictograph(base) {
          inEmojiSequence = true
        }
      case .drawnAs(let other):
        if let done = piece { body(done) }
        body(Piece(base: other, marks: [], columns: 1))
        piece = nil
      case .mark:
        if piece == nil {
          piece = Piece(base: replacement, marks: [], columns: 1)
        } else if piece?.marks.count ?? 0 < maximumMarkCount {
          piece?.marks.append(scalar.value)
        }
      case .modifier where piece.map({ isPictograph($0.base) }) ?? false:
        continue
      case .base(let columns), .modifier(let columns):
        if inEmojiSequence { continue }
        if let done = piece { body(done) }
        piece = Piece(base: scalar.value, marks: [], columns: columns)
      }
    }
    if let done = piece { body(done) }
  }

  private enum Class {
    case base(Int)
    case mark
    /// A skin tone: nothing on an emoji, an emoji by itself.
    case modifier(Int)
    case dropped
    case drawnAs(UInt32)
  }

  private static func classify(_ scalar: UInt32) -> Class {
    switch scalar {
    case 0x20..<0x7F: return .base(1)
    case 0..<0x20: return TerminalLocale.isUTF8 ? .drawnAs(0x2400 + scalar) : .drawnAs(0x3F)
    case 0x7F: return TerminalLocale.isUTF8 ? .drawnAs(0x2421) : .drawnAs(0x3F)
    default: break
    }
    guard TerminalLocale.isUTF8 else { return .drawnAs(0x3F) }
    switch scalar {
    // C1, line and paragraph separators, directional embeddings, overrides and isolates.
    case 0x80..<0xA0, 0x2028...0x202E, 0x2066...0x2069: return .drawnAs(replacement)
    // Soft hyphen, joiners and directional marks, word joiner and invisible operators, byte
    // order mark, interlinear annotation, keycap, shorthand and musical format controls.
    case 0xAD, 0x034F, 0x061C, 0x180B...0x180F, 0x200B...0x200F, 0x2060...0x2065,
      0x206A...0x206F, 0x20E3, 0xFE00...0xFE0F, 0xFEFF, 0xFFF9...0xFFFB, 0x1BCA0...0x1BCA3,
      0x1D173...0x1D17A, 0xE0000...0xE0FFF:
      return .dropped
    // Halves of a flag, drawn as the letters they stand for.
    case 0x1F1E6...0x1F1FF: return .drawnAs(scalar - 0x1F1E6 + 0x41)
    case 0x1F3FB...0x1F3FF: return .modifier(width(scalar))
    default: break
    }
    switch width(scalar) {
    case 0: return .mark
    case let columns where columns > 0: return .base(min(columns, 2))
    default: return .drawnAs(replacement)
    }
  }

  private static func width(_ scalar: UInt32) -> Int { Int(cria_wcwidth(scalar)) }

  private static func isPictograph(_ scalar: UInt32) -> Bool {
    guard scalar > 0xA8, let scalar = Unicode.Scalar(scalar) else { return false }
    return scalar.properties.isEmoji
  }
}
