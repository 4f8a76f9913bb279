/// ▁, U+2581, which stands for a space in SentencePiece's pieces.
enum SpaceMark {
  /// Writes `text` with each ▁ as a space, at most as many bytes as it has, and returns their
  /// number.
  static func replace(
    in text: UnsafeBufferPointer<UInt8>, into output: UnsafeMutablePointer<UInt8>
  ) -> Int {
    var count = 0
    var index = 0
    while index < text.count {
      if text[index] == 0xE2, index &+ 2 < text.count, text[index &+ 1] == 0x96,
        text[index &+ 2] == 0x81
      {
        output[count] = 0x20
        index &+= 3
      } else {
        output[count] = text[index]
        index &+= 1
      }
      count &+= 1
    }
    return count
  }
}
