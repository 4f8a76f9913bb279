/// Finding text in text, letter case aside.
package enum TextSearch {
  /// UTF-8 ranges of the matches, from left to right, without overlap, whole graphemes.
  ///
  /// A needle of ASCII, the usual case, is looked for byte by byte: a conversation of ten
  /// thousand messages is searched between two frames.
  package static func ranges(of needle: String, in text: String) -> [Range<Int>] {
    guard !needle.isEmpty else { return [] }
    guard needle.utf8.allSatisfy({ $0 < 0x80 }) else { return slowRanges(of: needle, in: text) }
    let wanted = needle.utf8.map(lowered)
    if let found = text.utf8.withContiguousStorageIfAvailable({ candidates(wanted, $0) }) {
      return found.filter { isWhole($0, in: text) }
    }
    return candidates(wanted, Array(text.utf8)).filter { isWhole($0, in: text) }
  }

  private static func lowered(_ byte: UInt8) -> UInt8 {
    byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
  }

  private static func candidates(
    _ wanted: [UInt8], _ bytes: some RandomAccessCollection<UInt8>
  ) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    let count = bytes.count
    var start = 0
    func byte(_ offset: Int) -> UInt8 {
      lowered(bytes[bytes.index(bytes.startIndex, offsetBy: offset)])
    }
    while start + wanted.count <= count {
      var length = 0
      while length < wanted.count, byte(start + length) == wanted[length] { length += 1 }
      if length == wanted.count {
        ranges.append(start..<start + length)
        start += length
      } else {
        start += 1
      }
    }
    return ranges
  }

  /// Whether no mark follows that belongs to the last letter.
  private static func isWhole(_ range: Range<Int>, in text: String) -> Bool {
    let end = text.utf8.index(text.startIndex, offsetBy: range.upperBound)
    guard end < text.endIndex, text.utf8[end] >= 0x80 else { return true }
    return String.Index(end, within: text) != nil
  }

  private static func slowRanges(of needle: String, in text: String) -> [Range<Int>] {
    guard let first = needle.first else { return [] }
    let wanted = needle.lowercased()
    let length = needle.count
    let initials = [first.lowercased(), first.uppercased()].compactMap(\.first)
    var ranges: [Range<Int>] = []
    var index = text.startIndex
    while index < text.endIndex {
      if initials.contains(text[index]),
        let end = text.index(index, offsetBy: length, limitedBy: text.endIndex),
        text[index..<end].lowercased() == wanted
      {
        let start = text.utf8.distance(from: text.startIndex, to: index)
        ranges.append(start..<start + text[index..<end].utf8.count)
        index = end
      } else {
        index = text.index(after: index)
      }
    }
    return ranges
  }
}
