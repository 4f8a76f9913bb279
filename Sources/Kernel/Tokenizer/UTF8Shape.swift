/// Well-formed UTF-8 (table 3-7 of the Unicode standard).
enum UTF8Shape {
  /// Bytes of the well-formed character at an offset inside `text`, 0 when there is none.
  @inline(__always)
  static func length(of text: UnsafeBufferPointer<UInt8>, at offset: Int) -> Int {
    let lead = text[offset]
    if lead < 0x80 { return 1 }
    let expected = length(lead: lead)
    guard expected > 1, offset &+ expected <= text.count,
      allows(lead: lead, second: text[offset &+ 1])
    else { return 0 }
    for index in 2..<max(expected, 2) where text[offset &+ index] & 0xC0 != 0x80 { return 0 }
    return expected
  }

  /// Bytes of a character that starts with `lead`, 0 when none does.
  @inline(__always)
  static func length(lead: UInt8) -> Int {
    switch lead {
    case 0x00...0x7F: 1
    case 0xC2...0xDF: 2
    case 0xE0...0xEF: 3
    case 0xF0...0xF4: 4
    default: 0
    }
  }

  /// Whether `second` may follow `lead`: no overlong forms, surrogates or values too large.
  @inline(__always)
  static func allows(lead: UInt8, second: UInt8) -> Bool {
    switch lead {
    case 0xE0: 0xA0...0xBF ~= second
    case 0xED: 0x80...0x9F ~= second
    case 0xF0: 0x90...0xBF ~= second
    case 0xF4: 0x80...0x8F ~= second
    default: 0x80...0xBF ~= second
    }
  }
}
