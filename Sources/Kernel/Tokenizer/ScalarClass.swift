/// What the split patterns of byte-level vocabularies tell characters apart by.
enum ScalarClass: UInt8 {
  /// `\p{L}`
  case letter
  /// `\p{N}`
  case number
  /// `\r` and `\n`
  case lineBreak
  /// `\s` (Unicode's White_Space) but for `\r` and `\n`
  case space
  /// Everything else, and bytes that are not UTF-8.
  case other
}

extension ScalarClass {
  var isWhitespace: Bool { self == .space || self == .lineBreak }

  init(_ scalar: Unicode.Scalar) {
    switch scalar.value {
    // The big scripts first: asking for the category is a search.
    case 0x4E00...0x9FFF, 0xAC00...0xD7A3: self = .letter
    case 0x85: self = .space
    default:
      switch scalar.properties.generalCategory {
      case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
        self = .letter
      case .decimalNumber, .letterNumber, .otherNumber: self = .number
      // Beyond ASCII and U+0085, white space is these three categories.
      case .spaceSeparator, .lineSeparator, .paragraphSeparator: self = .space
      default: self = .other
      }
    }
  }

  @inline(__always)
  fileprivate init(ascii byte: UInt8) {
    switch byte {
    case 0x61...0x7A, 0x41...0x5A: self = .letter
    case 0x20: self = .space
    case 0x30...0x39: self = .number
    case 0x0A, 0x0D: self = .lineBreak
    case 0x09, 0x0B, 0x0C: self = .space
    default: self = .other
    }
  }
}

/// A character in a byte buffer, and how long it is there.
struct ClassifiedScalar {
  var kind: ScalarClass
  var length: Int

  /// The character at an offset inside `text`. A byte that starts none is `other`, alone.
  @inline(__always)
  init(_ text: UnsafeBufferPointer<UInt8>, at offset: Int) {
    let byte = text[offset]
    if byte < 0x80 {
      kind = ScalarClass(ascii: byte)
      length = 1
    } else {
      (kind, length) = Self.classifyMultibyte(text, at: offset)
    }
  }

  private static func classifyMultibyte(
    _ text: UnsafeBufferPointer<UInt8>, at offset: Int
  ) -> (ScalarClass, Int) {
    let count = UTF8Shape.length(of: text, at: offset)
    guard count > 1 else { return (.other, 1) }
    var value = UInt32(text[offset]) & (0x7F >> UInt32(count))
    for index in 1..<count { value = value << 6 | UInt32(text[offset + index] & 0x3F) }
    return (Unicode.Scalar(value).map { ScalarClass($0) } ?? .other, count)
  }
}
