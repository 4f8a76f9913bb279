import TUI
import Testing

/// What the cells hold is what ncurses writes, so nothing in them may steer a terminal.
@Suite struct HostileTextTests {
  static func isHarmless(_ scalar: UInt32) -> Bool {
    if scalar < 0x20 || (0x7F..<0xA0).contains(scalar) { return false }
    return !hostileValues.contains(scalar)
  }

  static func check(_ surface: Surface, sourceLocation: SourceLocation = #_sourceLocation) {
    for cell in surface.cells {
      for scalar in cell.scalars where !isHarmless(scalar) {
        Issue.record(
          "U+\(String(scalar, radix: 16)) is drawn", sourceLocation: sourceLocation)
      }
    }
  }

  @Test(arguments: hostileScalars)
  func everyControlScalar(_ scalar: Unicode.Scalar) {
    var surface = surface(40, 4)
    let text = "a\(Character(scalar))b"
    surface.put(text, at: Point(column: 0, row: 0), style: Style())
    surface.put(String(Character(scalar)), at: Point(column: 0, row: 1), style: Style())
    surface.put("世\(Character(scalar))🙂", at: Point(column: 0, row: 2), style: Style())
    surface.putTruncated(
      String(repeating: text, count: 30), at: Point(column: 0, row: 3), style: Style(), columns: 40)
    Self.check(surface)
    // Counting and drawing agree.
    let columns = DisplayWidth.columns(of: text)
    var again = TUITests.surface(40, 1)
    #expect(again.put(text, at: Point(column: 0, row: 0), style: Style()) == columns)
    #expect(again.lines[0].hasPrefix("a"))
    #expect(again[columns - 1, 0]?.scalars == [0x62])
  }

  static let sequences = [
    "\u{1B}[31mred\u{1B}[0m", "\u{1B}]0;title\u{07}", "\u{1B}]52;c;aGk=\u{1B}\\",
    "\u{1B}P+q544e\u{1B}\\", "\u{1B}_Gf=100;AAAA\u{1B}\\", "\u{1B}^pm\u{1B}\\", "\u{1B}c",
    "\u{9B}2J", "\u{9D}0;t\u{9C}", "\u{90}q\u{9C}", "\u{1B}[?1049l", "\u{1B}(0lqk",
    "a\u{08}\u{08}b",
    "over\rwritten", "\u{0E}\u{0F}", "\u{202E}gnp.exe", "\u{2066}isolate\u{2069}", "bell\u{07}",
  ]

  @Test(arguments: sequences)
  func sequencesInEveryWidget(_ text: String) {
    let theme = Theme.terminal
    let size = Size(columns: 60, rows: 12)
    let all = Rect(size)
    var surface = Surface(size: size)

    var view = ConversationView()
    view.resize(to: size)
    view.append(
      ConversationEntry(id: 1, label: text, aside: text, role: .messageUser, text: "", note: text))
    // Split over tokens, one scalar at a time.
    for scalar in text.unicodeScalars { view.appendText(String(Character(scalar))) }
    view.append(.separator(id: 2, text))
    view.draw(into: &surface, rect: all, theme: theme, hint: text)
    Self.check(surface)

    var editor = TextEditor()
    editor.resize(columns: 60, maximumRows: 5)
    editor.paste(text) { _ in text }
    editor.paste(String(repeating: text, count: 200)) { _ in text }
    for character in text { _ = editor.handle(Key(character)) }
    editor.draw(into: &surface, rect: all, theme: theme, placeholder: text)
    Self.check(surface)

    var menu = Menu(
      title: text, items: [Menu.Item(id: text, title: text, columns: [text], detail: text)],
      hint: text, emptyText: text)
    menu.draw(into: &surface, rect: all, theme: theme)
    Self.check(surface)
    menu.paste(text)
    menu.draw(into: &surface, rect: all, theme: theme)
    Self.check(surface)

    Confirm(title: text, message: text, acceptLabel: text, refuseLabel: text)
      .draw(into: &surface, rect: all, theme: theme)
    Prompt(title: text, text: text, hint: text).draw(into: &surface, rect: all, theme: theme)
    Self.check(surface)
    TextPage(title: text, text: text, hint: text).draw(into: &surface, rect: all, theme: theme)
    Self.check(surface)
    StatusBar([StatusBar.Segment(text, priority: 1)]).draw(into: &surface, rect: all, theme: theme)
    Notice(text, kind: .error).draw(into: &surface, rect: all, theme: theme)
    Self.check(surface)
    TooSmall.draw(text, into: &surface, theme: theme)
    Self.check(surface)
  }

  @Test(arguments: sequences)
  func sanitizedTextIsHarmless(_ text: String) {
    for scalar in sanitized(text).unicodeScalars where scalar != "\n" && scalar != "\t" {
      #expect(Self.isHarmless(scalar.value))
    }
  }

  @Test func sanitizingLeavesOrdinaryTextAlone() {
    let text = "One line,\n\tanother: 世界 e\u{301} é 🙂"
    #expect(sanitized(text) == text)
  }

  @Test func theEditorKeepsNoEscapes() {
    var editor = TextEditor()
    editor.paste("a\u{1B}[31mb\u{7}\tc\r\nd") { $0 }
    #expect(editor.text == "a[31mb\tc\nd")
  }
}
