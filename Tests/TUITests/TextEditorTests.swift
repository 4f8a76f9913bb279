import TUI
import Testing

@Suite struct TextEditorTests {
  private func editor(_ columns: Int = 40, _ rows: Int = 5) -> TextEditor {
    var editor = TextEditor()
    editor.resize(columns: columns, maximumRows: rows)
    return editor
  }

  /// What is left after typing, with the cursor as a bar.
  private func result(_ keys: String, _ start: String = "") throws -> String {
    var editor = editor()
    editor.setText(start)
    try type(keys, into: &editor)
    var text = ""
    for (place, element) in editor.elements.enumerated() {
      if place == editor.cursor { text += "|" }
      text.append(element.character ?? "#")
    }
    return editor.cursor == editor.elements.count ? text + "|" : text
  }

  @Test(
    arguments: [
      ("hello", "", "hello|"),
      ("<C-a>X<C-e>Y", "one two", "Xone twoY|"),
      ("<C-b><C-b>X<C-f>Y", "abc", "aXbY|c"),
      ("<Home><Right><Del>", "abc", "a|c"),
      ("<C-a><C-d>", "abc", "|bc"),
      ("<Backspace><C-h>", "abcd", "ab|"),
      ("<C-w>", "one two-three", "one |"),
      ("<A-Backspace>", "one two-three", "one two-|"),
      ("<A-b><A-b>X", "one two-three", "one X|two-three"),
      ("<C-a><A-f>X<A-f>Y", "one two", "oneX twoY|"),
      ("<C-a><A-d>", "one two", "| two"),
      ("<C-a><A-f><C-k>", "one two", "one|"),
      ("<C-a><A-f><C-u>", "one two", "| two"),
      ("<A-lt><C-k><C-k>x", "one\ntwo", "x|two"),
      ("<A-Enter>b<C-j>c", "a", "a\nb\nc|"),
      ("<A-lt>X<A-gt>Y", "one\ntwo", "Xone\ntwoY|"),
      ("<Left><Backspace>", "a🙂👍🏽b", "a🙂|b"),
      ("<C-Left>X<C-Right>Y", "one two", "one XtwoY|"),
    ])
  func keysEdit(_ keys: String, _ start: String, _ wanted: String) throws {
    #expect(try result(keys, start) == wanted)
  }

  @Test(
    arguments: [
      ("<C-w><C-y><C-y>", "one two", "one twotwo|"),
      // Kills in a row are one.
      ("<C-w><C-w><C-y>", "one two", "one two|"),
      ("<C-a><C-k><C-y><C-y>", "ab", "abab|"),
      ("<C-a><A-d><A-d><C-e><C-y>", "one two", "one two|"),
      // A movement between them makes two, and Alt-Y goes to the older.
      ("<C-w><C-e><C-w><C-y><A-y>", "one two", "two|"),
      ("<C-w><C-e><C-w><C-y><A-y><A-y>", "one two", "one |"),
    ])
  func killsAndYanks(_ keys: String, _ start: String, _ wanted: String) throws {
    #expect(try result(keys, start) == wanted)
  }

  @Test(
    arguments: [
      ("one two<C-_>", "one |"), ("one two<C-_><C-_>", "|"), ("one two<C-_><A-_>", "one two|"),
      ("one<C-w><C-_>", "one|"), ("one<C-u>two<C-_><C-_>", "one|"),
      ("ab<C-_>c<A-_>", "c|"), ("<C-_><A-_>", "|"),
      ("one<Left><Backspace><C-_>", "on|e"), ("a<A-Enter>b<C-_><C-_><C-_>", "|"),
    ])
  func undoesAndRedoes(_ keys: String, _ wanted: String) throws {
    #expect(try result(keys) == wanted)
  }

  @Test func everyEditCanBeUndoneToTheStartAndRedoneToTheEnd() throws {
    var editor = editor()
    try type(
      "The quick<C-w>brown <A-Enter>fox<C-y><A-b><C-k><C-a>X<Del><A-gt>end<C-u><C-y><C-y>",
      into: &editor)
    let end = editor.text
    #expect(end.count > 10)
    for _ in 0..<100 { _ = editor.perform(.undo) }
    #expect(editor.text == "")
    for _ in 0..<100 { _ = editor.perform(.redo) }
    #expect(editor.text == end)
  }

  @Test func enterIsTheProgramsAndControlDOnlyWhenEmpty() throws {
    var editor = editor()
    #expect(try type("<C-d>", into: &editor) == .ignored)
    #expect(try type("hi<Enter>", into: &editor) == .submit)
    #expect(editor.text == "hi")
    #expect(try type("<C-d>", into: &editor) == .handled)
    #expect(try type("<F5>", into: &editor) == .ignored)
    #expect(try type("<C-o>", into: &editor) == .ignored)
    #expect(try type("<Tab>", into: &editor) == .ignored)
  }

  @Test func upAndDownMoveByRowsAndReportTheEdges() throws {
    var editor = editor(11, 5)
    // Rows of ten columns: "one two ", "three four", "five".
    editor.setText("one two three four\nfive")
    #expect(try type("<Up>", into: &editor) == .handled)
    #expect(try type("|", into: &editor) == .handled)
    #expect(editor.text == "one two thre|e four\nfive")
    editor.setText("one two three four\nfive")
    #expect(try type("<Up><Up>", into: &editor) == .handled)
    #expect(try type("<Up>", into: &editor) == .atFirstRow)
    #expect(try type("<Down><Down>", into: &editor) == .handled)
    #expect(try type("<Down>", into: &editor) == .atLastRow)
    // The column is kept over the shorter row.
    editor.setText("12345\n1\n12345")
    try type("<Up><Up>X", into: &editor)
    #expect(editor.text == "12345X\n1\n12345")
  }

  @Test func combiningMarksJoinTheLetterBefore() throws {
    var editor = editor()
    try type("e\u{301}x", into: &editor)
    #expect(editor.elements.count == 2)
    _ = editor.handle(Key("e"))
    _ = editor.handle(Key(.character("\u{301}")))
    #expect(editor.elements.count == 3)
    #expect(editor.text == "e\u{301}xe\u{301}")
  }

  @Test func drawsWrappedRowsAndTheCursor() throws {
    var editor = editor(12, 4)
    try type("The quick brown fox<A-Enter>世界", into: &editor)
    #expect(editor.rowCount == 3)
    var drawn = surface(12, 4)
    editor.draw(into: &drawn, rect: rect(12, 4), theme: .terminal)
    expect(drawn, "The quick\nbrown fox\n世界")
    #expect(drawn.cursor == Point(column: 4, row: 2))
    try type("<A-lt>", into: &editor)
    editor.draw(into: &drawn, rect: rect(12, 4), theme: .terminal)
    #expect(drawn.cursor == Point(column: 0, row: 0))
  }

  @Test func scrollsToTheCursorWhenItMayGrowNoMore() throws {
    var editor = editor(12, 2)
    editor.setText("1\n2\n3\n4")
    #expect(editor.rowCount == 2)
    var drawn = surface(12, 2)
    editor.draw(into: &drawn, rect: rect(12, 2), theme: .terminal)
    expect(drawn, "3\n4")
    try type("<Up><Up>", into: &editor)
    drawn = surface(12, 2)
    editor.draw(into: &drawn, rect: rect(12, 2), theme: .terminal)
    expect(drawn, "2\n3")
    #expect(drawn.cursor == Point(column: 1, row: 0))
  }

  @Test func theCursorHasRoomAfterAFullRow() throws {
    for columns in 1...9 {
      var editor = editor(columns, 9)
      for count in 1...20 {
        _ = editor.handle(Key(count % 5 == 0 ? " " : "x"))
        var drawn = surface(columns, 9)
        editor.draw(into: &drawn, rect: rect(columns, 9), theme: .terminal)
        let cursor = try #require(drawn.cursor)
        #expect(cursor.column < columns)
        #expect(cursor.row < 9)
      }
    }
  }

  @Test func bigPastesBecomeChips() throws {
    var editor = editor()
    let lines = (1...120).map(String.init).joined(separator: "\n")
    try type("see: ", into: &editor)
    editor.paste(lines) { "pasted \(TextEditor.lineCount(of: $0)) lines" }
    try type("!", into: &editor)
    var drawn = surface(40, 1)
    editor.draw(into: &drawn, rect: rect(40, 1), theme: .terminal)
    expect(drawn, "see: [pasted 120 lines]!")
    #expect(editor.text == "see: \(lines)!")
    #expect(editor.elements.count == 7)
    try type("<Left><Backspace>", into: &editor)
    #expect(editor.text == "see: !")
    try type("<C-_><Right>", into: &editor)
    #expect(editor.expandChip() == false)
    try type("<Left><A-e>", into: &editor)
    #expect(editor.text == "see: \(lines)!")
    #expect(editor.elements.count == 6 + lines.count)
  }

  @Test(
    arguments: [
      (String(repeating: "a\n", count: 8), false), (String(repeating: "a\n", count: 9), true),
      (String(repeating: "a", count: 1000), false), (String(repeating: "a", count: 1001), true),
      (String(repeating: "é", count: 1000), false), ("", false),
    ] as [(String, Bool)])
  func onlyLongPastesAreBig(_ text: String, _ isBig: Bool) {
    #expect(TextEditor.isBigPaste(text) == isBig)
  }

  @Test func completionReplacesWhatIsBeforeTheCursor() throws {
    var editor = editor()
    try type("a<A-Enter>/mo", into: &editor)
    #expect(editor.lineBeforeCursor == "/mo")
    editor.replace(beforeCursor: 3, with: "/model ")
    #expect(editor.text == "a\n/model ")
  }

  @Test func clicksPlaceTheCursor() throws {
    var editor = editor(12, 4)
    editor.setText("hello\n世界")
    let area = Rect(column: 2, row: 5, columns: 12, rows: 4)
    editor.click(Point(column: 5, row: 5), in: area)
    #expect(editor.cursor == 3)
    editor.click(Point(column: 4, row: 6), in: area)
    #expect(editor.cursor == 7)
    editor.click(Point(column: 13, row: 8), in: area)
    #expect(editor.cursor == 8)
  }

  @Test func keysCanBeRebound() throws {
    var editor = editor()
    editor.keymap["<C-t>"] = .lineStart
    editor.keymap["<C-a>"] = nil
    try type("ab<C-t>X", into: &editor)
    #expect(editor.text == "Xab")
    #expect(try type("<C-a>", into: &editor) == .ignored)
  }

  @Test func historyGoesUpAndComesBack() {
    var history = InputHistory(entries: ["one", "two"], limit: 3)
    #expect(history.next() == nil)
    #expect(history.previous(from: "draft") == "two")
    #expect(history.previous(from: "two") == "one")
    #expect(history.previous(from: "one") == nil)
    #expect(history.next() == "two")
    #expect(history.next() == "draft")
    #expect(history.next() == nil)
    history.add("two")
    history.add("")
    history.add("three")
    history.add("four")
    #expect(history.entries == ["two", "three", "four"])
    #expect(history.search("o") == 2)
    #expect(history.search("o", before: 2) == 0)
    #expect(history.search("x") == nil)
  }

  @Test(arguments: ["plain", "two\nlines", "back\\slash", "\\n", "\r\n\\", ""])
  func historyLinesReadBack(_ entry: String) {
    let line = InputHistory.line(for: entry)
    #expect(!line.utf8.contains(0x0A))
    #expect(InputHistory.entry(from: line) == entry)
  }
}
