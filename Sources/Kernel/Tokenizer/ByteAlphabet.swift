/// The printable stand-ins for bytes in which byte-level vocabularies write their pieces.
///
/// Bytes that are printable in Latin-1 stand for themselves; the other 68, in order, are the
/// code points from U+0100 on: a space is Ġ. (GPT-2's published encoder, OpenAI 2019.)
enum ByteAlphabet {
  /// The byte that a code point below `codePointCount` stands for, or -1.
  private static let bytes: [Int16] = {
    var bytes = [Int16](repeating: -1, count: codePointCount)
    var next = 0x100
    for byte in 0..<256 {
      switch byte {
      case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: bytes[byte] = Int16(byte)
      default:
        bytes[next] = Int16(byte)
        next += 1
      }
    }
    return bytes
  }()

  private static let codePointCount = 0x100 + 68

  /// Lends the decoder's table for a loop.
  static func withDecoder<Result>(_ body: (Decoder) -> Result) -> Result {
    bytes.withUnsafeBufferPointer { body(Decoder(table: $0)) }
  }

  /// Turns text in the alphabet back into bytes.
  struct Decoder {
    fileprivate let table: UnsafeBufferPointer<Int16>

    /// Writes the bytes that `text` stands for, at most as many as it has, and returns their
    /// number; nil when a character is not of the alphabet.
    @inline(__always)
    func decode(
      _ text: UnsafeBufferPointer<UInt8>, into output: UnsafeMutablePointer<UInt8>
    ) -> Int? {
      var count = 0
      var index = 0
      while index < text.count {
        var codePoint = Int(text[index])
        index &+= 1
        if codePoint >= 0x80 {
          // Two bytes reach U+07FF, well beyond the alphabet.
          guard codePoint & 0xE0 == 0xC0, index < text.count, text[index] & 0xC0 == 0x80 else {
            return nil
          }
          codePoint = (codePoint & 0x1F) << 6 | Int(text[index] & 0x3F)
          index &+= 1
        }
        guard codePoint < table.count, table[codePoint] >= 0 else { return nil }
        output[count] = UInt8(truncatingIfNeeded: table[codePoint])
        count &+= 1
      }
      return count
    }
  }
}
