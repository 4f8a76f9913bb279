import TUI
import Testing

@Suite struct ClipboardTests {
  /// Expected values are RFC 4648's own examples.
  @Test(
    arguments: [
      ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
      ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
    ])
  func encodes(_ text: String, _ encoded: String) throws {
    let bytes = try #require(Clipboard.request(for: text, inTmux: false))
    #expect(String(decoding: bytes, as: UTF8.self) == "\u{1B}]52;c;\(encoded)\u{7}")
  }

  @Test func isAlsoWrappedForTmux() throws {
    let bytes = try #require(Clipboard.request(for: "foo", inTmux: true))
    #expect(
      String(decoding: bytes, as: UTF8.self)
        == "\u{1B}]52;c;Zm9v\u{7}\u{1B}Ptmux;\u{1B}\u{1B}]52;c;Zm9v\u{7}\u{1B}\\")
  }

  @Test func isBounded() {
    let most = String(repeating: "a", count: Clipboard.maximumByteCount)
    #expect(Clipboard.request(for: most, inTmux: false) != nil)
    #expect(Clipboard.request(for: most + "a", inTmux: false) == nil)
  }
}
