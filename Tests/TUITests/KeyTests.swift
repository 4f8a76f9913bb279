import TUI
import Testing

@Suite struct KeyTests {
  @Test(
    arguments: [
      ("a", Key("a")), ("A", Key("A")), ("é", Key("é")), ("<C-a>", Key("a", .control)),
      ("<C-A>", Key("a", .control)), ("<A-Enter>", Key(.enter, .alt)),
      ("<S-Tab>", Key(.tab, .shift)), ("<PageUp>", Key(.pageUp)), ("<F1>", Key(.function(1))),
      ("<C-F12>", Key(.function(12), .control)), ("<Esc>", Key(.escape)),
      ("<lt>", Key(.character("<"))),
      ("<Space>", Key(" ")), ("<C-Space>", Key(" ", .control)), ("<C-_>", Key("_", .control)),
      ("<C-Left>", Key(.left, .control)), ("<A-lt>", Key("<", .alt)), ("<A-->", Key("-", .alt)),
      ("<C-A-Del>", Key(.delete, [.control, .alt])), (">", Key(">")), ("<S-a>", Key("A")),
      ("<pagedown>", Key(.pageDown)), ("<M-x>", Key("x", .alt)),
    ] as [(String, Key)])
  func reads(_ notation: String, _ key: Key) throws {
    #expect(try Key(notation: notation) == key)
    // What is printed reads back as the same key.
    #expect(try Key(notation: key.description) == key)
  }

  @Test(arguments: [
    "<C-a>", "<A-Enter>", "<PageUp>", "<F1>", "<Esc>", "a", "<lt>", "<S-Tab>", "<C-A-Left>",
  ])
  func printsTheCanonicalForm(_ notation: String) throws {
    #expect(try Key(notation: notation).description == notation)
  }

  @Test(arguments: ["", "ab", "<", "<C-a", "<Nope>", "<X-a>", "<F0>", "<F99>", "<>"])
  func refuses(_ notation: String) {
    #expect(throws: TUIError.self) { try Key(notation: notation) }
  }

  @Test func readsSequences() throws {
    #expect(try Key.sequence("hi<Enter>") == [Key("h"), Key("i"), Key(.enter)])
    #expect(try Key.sequence("<lt><C-x>>") == [Key(.character("<")), Key("x", .control), Key(">")])
  }
}
