import Glibc
import TUI
import Testing

@Suite struct ThemeTests {
  /// The folder of the themes that ship, found from this file's place in the repository.
  static let shipped: String = {
    let parts = #filePath.split(separator: "/").dropLast(3)
    return "/" + parts.joined(separator: "/") + "/themes"
  }()

  private func withFolder(
    _ files: [String: String], _ body: (ThemeStore) throws -> Void
  ) throws {
    var template = Array("/tmp/cria-themes-XXXXXX".utf8CString)
    let made = try #require(mkdtemp(&template))
    let folder = String(cString: made)
    defer {
      for name in files.keys { unlink("\(folder)/\(name).toml") }
      rmdir(folder)
    }
    for (name, text) in files {
      let file = try #require(fopen("\(folder)/\(name).toml", "w"))
      fputs(text, file)
      fclose(file)
    }
    try body(ThemeStore(folders: [folder]))
  }

  @Test(arguments: ["terminal", "dark", "light", "high-contrast", "colourless"])
  func shippedThemesLoad(_ name: String) throws {
    let theme = try ThemeStore(folders: [Self.shipped]).load(name)
    #expect(theme.name == name)
    #expect(theme[.menuSelected] != theme[.menu])
    #expect(theme[.messageUser.dot("label")] != theme[.messageAssistant.dot("label")])
  }

  @Test(arguments: ["terminal", "colourless"])
  func builtInThemesEqualTheirFiles(_ name: String) throws {
    let file = try ThemeStore(folders: [Self.shipped]).load(name)
    let builtIn = try ThemeStore(folders: []).load(name)
    #expect(file == builtIn)
  }

  @Test func colourlessHasNoColour() {
    for style in Theme.colourless.styles.values {
      #expect([.inherit, .terminalDefault].contains(style.foreground))
      #expect([.inherit, .terminalDefault].contains(style.background))
    }
    #expect(Theme.terminal.suited(to: .none) == .colourless)
    #expect(Theme.terminal.suited(to: .eight) == .terminal)
  }

  /// WCAG 2's contrast of text on its ground is to be 4.5 or more.
  @Test(arguments: ["dark", "light", "high-contrast"])
  func textStandsOutFromItsGround(_ name: String) throws {
    let theme = try ThemeStore(folders: [Self.shipped]).load(name)
    let ground = theme.ground
    let over: [(Role, Style)] = [
      (.text, ground), (.dim, ground), (.error, ground), (.notice, ground), (.input, ground),
      (.inputHint, ground), (.inputChip, ground), (.status, ground), (.statusDim, ground),
      (.menu, ground), (.menuDetail, theme[.menu]), (.menuSelected, theme[.menu]),
      (.menuMatch, theme[.menu]), (.dialog, ground), (.dialogButton, theme[.dialog]),
      (.dialogButtonSelected, theme[.dialog]), (.messageUser, ground), (.messageAssistant, ground),
      (.messageSystem, ground), (.messageOutside, ground), (.messageNote, ground),
      (.messageCode, ground), (.messageUser.dot("label"), ground),
      (.messageAssistant.dot("label"), ground), (.messageSystem.dot("label"), ground),
      (.meterFull, theme[.status]),
    ]
    for (role, below) in over {
      let style = theme[role].over(below)
      let ratio = try #require(contrast(style.foreground, style.background), "\(role.name)")
      #expect(ratio >= 4.5, "\(role.name) has \(ratio)")
    }
  }

  private func contrast(_ first: Color, _ second: Color) -> Double? {
    guard let one = luminance(first), let other = luminance(second) else { return nil }
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)
  }

  private func luminance(_ color: Color) -> Double? {
    guard case .rgb(let red, let green, let blue) = color.kind else { return nil }
    func linear(_ component: UInt8) -> Double {
      let value = Double(component) / 255
      return value <= 0.03928 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
    }
    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
  }

  @Test func rolesFallBackToTheOneAbove() {
    let bold = Style(attributes: .bold)
    let theme = Theme(name: "t", appearance: .dark, styles: ["ui.menu": bold])
    #expect(theme["ui.menu.selected.match"] == bold)
    #expect(theme["ui.status"] == Style())
    #expect(theme["ui"] == Style())
  }

  @Test func inheritsAndRecolours() throws {
    try withFolder([
      "base": """
      appearance = "light"
      [palette]
      ink = "#102030"
      [styles]
      "ui.text" = "ink"
      "ui.dim" = { fg = 8, italic = true }
      """,
      "child": """
      inherits = "base"
      [palette]
      ink = "bright-red"
      [styles]
      "ui.dim" = { bg = "#abc", bold = false }
      """,
    ]) { store in
      let theme = try store.load("child")
      #expect(theme.appearance == .light)
      #expect(theme[.text] == Style(foreground: .indexed(9)))
      #expect(theme[.dim] == Style(background: .rgb(0xAA, 0xBB, 0xCC)))
      #expect(store.names == ["base", "child", "colourless", "terminal"])
    }
  }

  @Test(
    arguments: [
      ("[styles]\n\n\"ui.text\" = { fg = \"no-such\" }", 3, "styles.ui.text.fg"),
      ("[palette]\na = \"#12\"\n[styles]\n\"ui.text\" = \"a\"", 2, "palette.a"),
      ("# a comment\n[styles]\n\"ui.text\" = { bald = true }", 3, "styles.ui.text.bald"),
      ("[styles]\n'ui.text' = { bold = 1 }", 2, "styles.ui.text.bold"),
      ("[styles]\n\"ui.text\" = 256", 2, "styles.ui.text"),
      ("[styles.\"ui.text\"]\nbold = true\nfg = []", 3, "styles.ui.text.fg"),
      ("\ncolour = 1", 2, "colour"),
      ("appearance = \"grey\"", 1, "appearance"),
      ("inherits = \"nobody\"", 1, "inherits"),
      ("[palette]\na = \"b\"\nb = \"a\"\n[styles]\nui = \"a\"", 3, "palette.b"),
    ] as [(String, Int, String)])
  func errorsNameTheLineAndTheKey(_ text: String, _ line: Int, _ key: String) throws {
    try withFolder(["bad": text]) { store in
      let error = try #require(throws: TUIError.self) { try store.load("bad") }
      #expect(error.code == .themeInvalid)
      #expect(error.place.hasSuffix("/bad.toml"))
      #expect(error.line == line)
      #expect(error.key == key)
    }
  }

  @Test func syntaxErrorsNameTheLine() throws {
    try withFolder(["bad": "appearance = \"dark\"\n[styles\n"]) { store in
      let error = try #require(throws: TUIError.self) { try store.load("bad") }
      #expect(error.code == .themeInvalid)
      #expect(error.line == 2)
    }
  }

  @Test func circlesAndMissingThemesAreReported() throws {
    try withFolder(["a": "inherits = \"b\"", "b": "inherits = \"a\""]) { store in
      let expected: [(String, TUIError.Code)] = [
        ("a", .themeCycle), ("c", .themeMissing), ("../a", .themeMissing), ("", .themeMissing),
      ]
      for (name, code) in expected {
        let error = try #require(throws: TUIError.self) { try store.load(name) }
        #expect(error.code == code)
      }
    }
  }

  @Test(
    arguments: [
      (Color.rgb(255, 0, 0), .palette, 196), (.rgb(0, 0, 0), .palette, 16),
      (.rgb(128, 128, 128), .palette, 244), (.rgb(95, 135, 175), .palette, 67),
      (.rgb(250, 10, 10), .sixteen, 9), (.rgb(200, 0, 0), .sixteen, 1),
      (.indexed(12), .sixteen, 12),
      (.indexed(12), .eight, 4), (.rgb(255, 255, 255), .eight, 7), (.rgb(1, 2, 3), .none, -1),
      (.rgb(1, 2, 3), .trueColor, 0x010203), (.terminalDefault, .palette, -1),
    ] as [(Color, ColorDepth, Int)])
  func coloursAreFittedToTheTerminal(_ color: Color, _ depth: ColorDepth, _ number: Int) {
    #expect(color.fitted(to: depth).number == number)
  }

  @Test func brightnessBecomesBoldOnEightColours() {
    #expect(Color.indexed(12).fitted(to: .eight).needsBold)
    #expect(!Color.indexed(4).fitted(to: .eight).needsBold)
  }

  @Test func depthFollowsTheTerminalAndNoColor() {
    #expect(ColorDepth(colorCount: 256, isDirect: false, noColor: nil) == .palette)
    #expect(ColorDepth(colorCount: 256, isDirect: false, noColor: "") == .palette)
    #expect(ColorDepth(colorCount: 256, isDirect: false, noColor: "0") == .none)
    #expect(ColorDepth(colorCount: 1 << 24, isDirect: true, noColor: nil) == .trueColor)
    #expect(ColorDepth(colorCount: 88, isDirect: false, noColor: nil) == .sixteen)
    #expect(ColorDepth(colorCount: 8, isDirect: false, noColor: nil) == .eight)
    #expect(ColorDepth(colorCount: -1, isDirect: false, noColor: nil) == .none)
  }
}
