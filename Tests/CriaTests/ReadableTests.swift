import Testing
import cria

@Suite struct ReadableTests {
  @Test(arguments: [
    (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (98_362_432, "98.4 MB"),
    (999_499, "999 kB"), (999_600, "1.0 MB"), (3_791_728_640, "3.8 GB"),
    (123_456_789_000, "123 GB"),
  ])
  func byteCounts(count: Int, text: String) {
    #expect(Readable.byteCount(count) == text)
  }

  @Test func jsonStringsAreEscaped() {
    #expect(JSONText.string("a\"b\\c\n\u{1}\u{7F}é") == "\"a\\\"b\\\\c\\n\\u0001\\u007fé\"")
    #expect(JSONText.number(.infinity) == "null")
    #expect(
      JSONText.object([("b", "1"), ("a", JSONText.array(["2", "3"]))]) == "{\"b\":1,\"a\":[2,3]}")
  }
}
