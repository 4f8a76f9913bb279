import TUI
import Testing

@Suite struct ConversationViewTests {
  private let theme = Theme.terminal

  private func frame(_ view: ConversationView, hint: String = "") -> Surface {
    var surface = surface(view.size.columns, view.size.rows)
    view.draw(into: &surface, rect: Rect(view.size), theme: theme, hint: hint)
    return surface
  }

  private func conversation(_ columns: Int, _ rows: Int, _ texts: [String]) -> ConversationView {
    var view = ConversationView()
    view.resize(to: Size(columns: columns, rows: rows))
    view.setEntries(
      texts.enumerated().map { place, text in
        ConversationEntry(
          id: place, label: place % 2 == 0 ? "You" : "Assistant", role: .messageUser, text: text)
      })
    return view
  }

  private func shown(_ view: ConversationView) -> [String] { frame(view).lines }

  @Test func showsMessagesWithLabels() {
    var view = conversation(50, 9, ["Hello there", "Hi!\n\nHow are you?"])
    view.update(at: 1) { $0.note = "stopped" }
    expect(
      frame(view),
      """
        You
        Hello there

        Assistant
        Hi!

        How are you?
        stopped
      """)
  }

  @Test func wrapsByWords() {
    let view = conversation(
      24, 11, ["The quick brown fox jumps over the lazy dog.\n- a list item that is longer"])
    expect(
      frame(view),
      """
       You
       The quick brown fox
       jumps over the lazy
       dog.
       - a list item that is
         longer
      """)
  }

  @Test func breaksCJKAnywhereButBeforeClosingMarks() {
    let view = conversation(12, 6, ["日本語の文章です。はい"])
    expect(
      frame(view),
      """
       You
       日本語の文
       章です。は
       い
      """)
    let closing = conversation(12, 6, ["あいうえお。か"])
    expect(
      frame(closing),
      """
       You
       あいうえ
       お。か
      """)
  }

  @Test func cutsLongWordsAndKeepsCodesIndentation() {
    let view = conversation(
      13, 9, ["0123456789abcdef\n```\n  if x {\n    y = 1 + 2 + 3\n```"])
    expect(
      frame(view),
      """
       You
       0123456789ab
       cdef
       ```
         if x {
           y = 1 +
           2 + 3
       ```
      """)
    // The block is styled apart from the text.
    #expect(frame(view)[1, 4]?.style.foreground == theme[.messageCode].foreground)
    #expect(frame(view)[1, 1]?.style.foreground == .terminalDefault)
  }

  @Test func tabsAndCarriageReturns() {
    let view = conversation(30, 5, ["a\tb\r\n\tc\r\n"])
    expect(frame(view), " You\n a   b\n     c")
  }

  @Test func followsTheEndWhileThere() {
    var view = conversation(30, 4, ["one", "two"])
    expect(frame(view), " one\n\n Assistant\n two")
    view.appendText("\nthree\nfour")
    expect(frame(view), " Assistant\n two\n three\n four")
    #expect(view.isAtEnd)
    #expect(view.newLineCount == 0)
  }

  @Test func staysWhereTheReaderIs() {
    var view = conversation(30, 4, (0..<10).map { "message \($0)" })
    view.scroll(by: -6)
    let before = shown(view)
    #expect(!view.isAtEnd)
    view.appendText("\nmore\nand more")
    #expect(shown(view) == before)
    #expect(view.newLineCount == 2)
    view.append(ConversationEntry(id: 10, label: "You", text: "next"))
    #expect(shown(view) == before)
    // The two lines, the empty row, the label and the text.
    #expect(view.newLineCount == 5)
    expect(
      frame(view, hint: "↓ 5"),
      before.prefix(3).joined(separator: "\n") + "\n"
        + before[3].padding(to: 26) + "↓ 5")
    view.scrollToEnd()
    #expect(view.isAtEnd)
    expect(frame(view), " and more\n\n You\n next")
  }

  @Test func scrollingDownToTheEndFollowsAgain() {
    var view = conversation(30, 4, (0..<10).map { "message \($0)" })
    let end = shown(view)
    view.scroll(by: -1)
    #expect(!view.isAtEnd)
    view.scroll(by: 1)
    #expect(view.isAtEnd)
    #expect(shown(view) == end)
    view.scroll(by: -1000)
    expect(frame(view), " You\n message 0\n\n Assistant")
    view.scroll(by: 5)
    expect(frame(view), "\n You\n message 2\n")
    view.scrollToStart()
    view.scrollPages(1)
    expect(frame(view), "\n Assistant\n message 1\n")
  }

  @Test func everyRowIsSeenOnceOnTheWayUp() {
    var view = conversation(30, 5, (0..<40).map { "a\nmessage \($0)\nof three" })
    var tops: [String] = []
    view.scrollToStart()
    while !view.isAtEnd {
      tops.append(shown(view)[0])
      view.scroll(by: 1)
    }
    tops += shown(view)
    let wanted = (0..<40).flatMap {
      [$0 % 2 == 0 ? " You" : " Assistant", " a", " message \($0)", " of three", ""]
    }
    #expect(tops == Array(wanted.dropLast()))
  }

  @Test func resizingKeepsTheTopLine() {
    let long = (0..<60).map { "word\($0)" }.joined(separator: " ")
    var view = conversation(60, 6, [long, long, long])
    view.scrollToStart()
    view.scroll(by: 10)
    let word = shown(view)[0].split(separator: " ")[0]
    for columns in [80, 33, 45, 100, 60] {
      view.resize(to: Size(columns: columns, rows: 6))
      #expect(shown(view)[0].contains(word), "\(columns) columns")
    }
  }

  @Test func growingKeepsNoEmptyRowsBelowTheEnd() {
    var view = conversation(30, 4, (0..<6).map { "message \($0)" })
    view.scroll(by: -2)
    view.resize(to: Size(columns: 30, rows: 30))
    #expect(view.isAtEnd)
    #expect(shown(view)[0] == " You")
  }

  @Test func streamingGivesTheSameLinesAsTheWhole() {
    let text =
      "# Title\n\nSome words, 日本語のテキスト and more-words-with-hyphens; e\u{301}é 🙂👍🏽🇸🇪.\n"
      + "```swift\nlet x = 1 // a rather long comment that wraps\n```\n- a list\n  1. with numbers in it\n\n"
      + String(repeating: "averyverylongwordwithoutanyend", count: 4) + "\n\n\n"
    for columns in [12, 20, 41, 80] {
      let whole = conversation(columns, 60, [text])
      for step in [1, 2, 3, 7] {
        var view = conversation(columns, 60, [""])
        var piece = ""
        for (place, scalar) in text.unicodeScalars.enumerated() {
          piece.unicodeScalars.append(scalar)
          if place % step == step - 1 {
            view.appendText(piece)
            piece = ""
          }
        }
        view.appendText(piece)
        #expect(shown(view) == shown(whole), "\(columns) columns, \(step) at a time")
      }
    }
  }

  @Test func separatorsAndOutsideMessages() {
    var view = conversation(44, 8, ["old", "new"])
    view.update(at: 0) { $0.isOutside = true }
    view.replace(1..<1, with: [.separator(id: 99, "the window starts here")])
    expect(
      frame(view),
      """
        You
        old

        ──────── the window starts here ─────────

        Assistant
        new
      """)
    #expect(frame(view)[2, 1]?.style.attributes == .dim)
    #expect(frame(view)[2, 6]?.style.attributes == [])
  }

  @Test func spansStyleTheirPart() {
    var view = conversation(20, 4, ["plain bold plain and more"])
    view.update(at: 0) {
      $0.spans = [ConversationEntry.Span(range: 6..<20, role: .error)]
    }
    let drawn = frame(view)
    expect(drawn, " You\n plain bold plain\n and more")
    #expect(drawn[6, 1]?.style.foreground == .terminalDefault)
    #expect(drawn[7, 1]?.style.foreground == theme[.error].foreground)
    #expect(drawn[16, 1]?.style.foreground == theme[.error].foreground)
    #expect(drawn[3, 2]?.style.foreground == theme[.error].foreground)
    #expect(drawn[4, 2]?.style.foreground == .terminalDefault)
  }

  @Test func focusMovesAndComesIntoView() throws {
    var view = conversation(30, 4, (0..<10).map { "message \($0)" })
    view.moveFocus(by: -1)
    #expect(view.focus == 9)
    for _ in 0..<5 { view.moveFocus(by: -1) }
    #expect(view.focus == 4)
    #expect(shown(view).contains("▌You"))
    for _ in 0..<20 { view.moveFocus(by: -1) }
    #expect(view.focus == 0)
    expect(frame(view), "▌You\n▌message 0\n\n Assistant")
    #expect(view.entry(atRow: 1) == 0)
    #expect(view.entry(atRow: 3) == 1)
    #expect(view.entry(atRow: 9) == nil)
  }

  @Test func regeneratingReplacesAndKeepsTheView() {
    var view = conversation(30, 4, (0..<10).map { "message \($0)" })
    view.scrollToStart()
    let before = shown(view)
    view.replace(8..<10, with: [])
    #expect(view.entries.count == 8)
    #expect(shown(view) == before)
    view.setEntries([])
    #expect(shown(view) == ["", "", "", ""])
    #expect(view.isAtEnd)
  }

  @Test(arguments: [0, 1, 2, 3, 5, 19])
  func narrowAndFlatViewsHoldTogether(_ columns: Int) {
    for rows in [0, 1, 2, 6] {
      var view = conversation(80, 20, ["日本語 and words\n```\ncode", "ok", "🙂🙂🙂"])
      view.resize(to: Size(columns: columns, rows: rows))
      view.scroll(by: -3)
      view.moveFocus(by: -1)
      view.appendText("more\n")
      view.scrollPages(2)
      #expect(frame(view, hint: "↓ 34 new lines").lines.count == rows)
      _ = view.newLineCount
    }
  }
}

extension String {
  fileprivate func padding(to count: Int) -> String {
    self + String(repeating: " ", count: max(0, count - self.count))
  }
}
