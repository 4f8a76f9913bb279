import Testing
import cria

@Suite struct TextToolsTests {
  static let searches: [(String, String, [Range<Int>])] = [
    ("a", "", []), ("", "abc", []), ("b", "abcb", [1..<2, 3..<4]), ("AB", "xabAb", [1..<3, 3..<5]),
    ("aa", "aaaa", [0..<2, 2..<4]), ("aa", "aaa", [0..<2]), ("abc", "ab", []),
    // An accent that follows belongs to the letter.
    ("e", "e\u{301}e", [3..<4]), ("é", "É é", [0..<2, 3..<5]),
    ("漢", "x漢y漢", [1..<4, 5..<8]), ("x", "漢x", [3..<4]),
  ]

  @Test(arguments: searches)
  func findsText(needle: String, text: String, ranges: [Range<Int>]) {
    #expect(TextSearch.ranges(of: needle, in: text) == ranges)
  }

  static let blocks: [(String, [String])] = [
    ("no code", []), ("```\na\n```", ["a"]),
    ("```swift\na\nb\n```\ntext\n~~~\nc\n~~~", ["a\nb", "c"]),
    ("```\nopen", ["open"]), ("```", []), ("  ```\n  a\n  ```", ["  a"]),
    ("````\n```\na\n```\n````", ["```\na\n```"]), ("```\r\na\r\n```\r\n", ["a"]),
  ]

  @Test(arguments: blocks)
  func findsCodeBlocks(text: String, code: [String]) {
    #expect(CodeBlocks.find(in: text) == code)
  }
}
