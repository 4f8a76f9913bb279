import Chat
import Testing

@Suite struct StopMatcherTests {
  struct Case: Sendable {
    var text: String
    var stops: [String]
    var shown: String
    var stop: String?
  }

  static let cases = [
    Case(text: "Hello there", stops: [], shown: "Hello there"),
    Case(text: "Hello there", stops: [""], shown: "Hello there"),
    Case(text: "Hi</s> more", stops: ["</s>"], shown: "Hi", stop: "</s>"),
    Case(text: "</s>", stops: ["</s>"], shown: "", stop: "</s>"),
    Case(text: "a < b </ c", stops: ["</s>"], shown: "a < b </ c"),
    Case(text: "ends with <", stops: ["</s>"], shown: "ends with <"),
    Case(
      text: "Yes.\n\n### Instruction:\nNext", stops: PromptFormat.alpaca.stops, shown: "Yes.",
      stop: "\n\n### Instruction:"),
    Case(
      text: "Yes.\n### Instruction:\nNext", stops: PromptFormat.alpaca.stops, shown: "Yes.",
      stop: "\n### Instruction:"),
    Case(
      text: "# One\n\n## Two\n\n### Three\n\n\n", stops: PromptFormat.alpaca.stops,
      shown: "# One\n\n## Two\n\n### Three\n\n\n"),
    // The prefix overlaps itself.
    Case(text: "aaab", stops: ["aab"], shown: "a", stop: "aab"),
    Case(text: "ababac", stops: ["abac"], shown: "ab", stop: "abac"),
    // The one that is whole first counts, not the one that begins first.
    Case(text: "xabcd", stops: ["abcd", "bc"], shown: "xa", stop: "bc"),
    Case(text: "x🦙y\r\nUSER:", stops: ["\nUSER:"], shown: "x🦙y\r", stop: "\nUSER:"),
    Case(text: "🦙🦘", stops: ["🦙🦙"], shown: "🦙🦘"),
  ]

  @Test(arguments: cases)
  func sameResultHoweverTheTextIsCut(_ example: Case) {
    let scalars = Array(example.text.unicodeScalars)
    func piece(_ range: Range<Int>) -> String {
      var view = String.UnicodeScalarView()
      view.append(contentsOf: scalars[range])
      return String(view)
    }
    var splits: [[String]] = [scalars.indices.map { piece($0..<$0 + 1) }]
    for first in 0...scalars.count {
      for second in first...scalars.count {
        splits.append([piece(0..<first), piece(first..<second), piece(second..<scalars.count)])
      }
    }
    for pieces in splits {
      var matcher = StopMatcher(stops: example.stops)
      var shown = ""
      var stop: String?
      for piece in pieces {
        let result = matcher.feed(piece)
        shown += result.text
        stop = result.stop
        // Never more than what comes out in the end, so nothing of a stop string.
        #expect(example.shown.utf8.starts(with: shown.utf8))
      }
      shown += matcher.finish()
      #expect(shown == example.shown)
      #expect(stop == example.stop)
    }
  }

  @Test func holdsBackNoMoreThanNeeded() {
    var matcher = StopMatcher(stops: ["</s>"])
    #expect(matcher.feed("abc<").text == "abc")
    #expect(matcher.feed("/").text == "")
    #expect(matcher.feed("x").text == "</x")
  }

  @Test func swallowsWhatFollowsTheStop() {
    var matcher = StopMatcher(stops: ["END"])
    #expect(matcher.feed("aEND").stop == "END")
    #expect(matcher.feed("more") == StopMatcher.Result(text: "", stop: "END"))
    #expect(matcher.finish() == "")
  }
}
