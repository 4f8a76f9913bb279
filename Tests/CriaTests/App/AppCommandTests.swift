import Chat
import Kernel
import TUI
import Testing
import cria

/// Every command and every slash command: what it asks for, and what the screen says.
@Suite struct AppCommandTests {
  /// A command, the effects it asks for, and something that the screen then shows.
  static let commands: [(AppCommand, [String], String)] = [
    (.newChat, ["startTranscript", "measureWindow"], "is ready: type and press Enter"),
    (.palette, [], "Commands"),
    (.models, ["listModels"], "Models"),
    (.transcripts, ["listTranscripts"], "Conversations"),
    (.formats, [], "Prompt format"),
    (.themes, ["listThemes"], "Theme"),
    (.help, [], "Help"),
    (.stop, [], "Kestrel"),
    (.regenerate, ["reply"], "preparing"),
    (.continueReply, ["reply"], "preparing"),
    (.editLast, [], "branch of its own"),
    (.previousBranch, [], "only one version"),
    (.nextBranch, [], "only one version"),
    (.copyMessage, ["copy"], "Kestrel"),
    (.copyCode, [], "no code block"),
    (.find, [], "Find"),
    (.findNext, [], "nothing to find yet"),
    (.findPrevious, [], "nothing to find yet"),
    (.focusConversation, [], "Kestrel"),
    (.pageUp, [], "Name a bird"),
    (.pageDown, [], "Kestrel"),
    (.top, [], "Name a bird"),
    (.bottom, [], "Kestrel"),
    (.externalEditor, ["edit"], "Kestrel"),
    (.toggleMouse, ["captureMouse"], "The mouse is the terminal's"),
    (.redraw, ["redraw"], "Kestrel"),
    (.suspend, ["suspend"], "Kestrel"),
    (.deleteTranscript, [], "Delete 'Name a bird'?"),
    (.pullModel, ["download"], "fetching 0%"),
    (.interrupt, [], "once more to quit"),
    (.quit, ["cancelReply", "cancelDownload", "quit"], "Kestrel"),
  ]

  @Test(arguments: commands)
  func aCommandDoesWhatItSays(command: AppCommand, effects: [String], text: String) throws {
    var app = try AppDriver(100, 30)
    try app.exchange("Name a bird", "Kestrel")
    _ = app.taken()
    let asked = app.state.perform(command)
    app.effects += asked
    #expect(app.taken() == effects)
    #expect(app.shows(text))
  }

  @Test func everyCommandIsInTheTableAndThePalette() throws {
    #expect(Self.commands.map(\.0) == AppCommand.allCases)
    var app = try AppDriver(100, 60)
    try app.type("<C-p>")
    for command in AppCommand.allCases where ![.palette, .interrupt].contains(command) {
      #expect(app.shows(command.title), "\(command)")
    }
    try app.type("theme<Enter>")
    #expect(app.taken() == ["listThemes"])
  }

  static let slashCommands: [(String, [String], String)] = [
    ("/model", ["listModels"], "Models"), ("/model 7b", ["findModel"], "Kestrel"),
    ("/new", ["startTranscript", "measureWindow"], "is ready"),
    ("/system", [], "System prompt"),
    ("/system Be brief.", ["persist", "measureWindow"], "The system prompt is set"),
    ("/system none", ["persist", "measureWindow"], "No system prompt"),
    ("/system default", ["persist", "measureWindow"], "The format's own"),
    ("/set", [], "temperature"), ("/set temperature 0.5", [], "temperature is 0.5"),
    ("/set temperature hot", [], "takes a number"), ("/set nonsense 1", [], "no setting called"),
    ("/save", [], "save themselves"), ("/save Raptors", ["persist"], "Raptors"),
    ("/load", ["listTranscripts"], "Conversations"),
    ("/regen", ["reply"], "preparing"), ("/retry", ["reply"], "preparing"),
    ("/continue", ["reply"], "preparing"), ("/edit", [], "branch of its own"),
    ("/format", [], "Prompt format"), ("/format alpaca", ["measureWindow"], "Prompt format: "),
    ("/format nonsense", [], "no prompt format called nonsense"),
    ("/theme", ["listThemes"], "Theme"), ("/theme dark", ["loadTheme"], "Kestrel"),
    ("/export", [], ".md, .txt or .json"), ("/export a.md", ["export"], "Kestrel"),
    ("/search", [], "Find"), ("/search kestrel", [], "1 of 1"),
    ("/search wren", [], "'wren' is not in this conversation"),
    ("/stats", [], "Statistics"), ("/help", [], "Help"),
    ("/quit", ["cancelReply", "cancelDownload", "quit"], "Kestrel"),
  ]

  @Test(arguments: slashCommands)
  func aSlashCommandDoesWhatItSays(line: String, effects: [String], text: String) throws {
    var app = try AppDriver(100, 30)
    try app.exchange("Name a bird", "Kestrel")
    _ = app.taken()
    try app.type(line + "<Enter>")
    #expect(app.taken() == ["remember"] + effects)
    #expect(app.shows(text))
    #expect(app.texts.first != line)
  }

  @Test func everySlashCommandIsInTheTableAndTheHelp() throws {
    let tested = Set(Self.slashCommands.map { $0.0.dropFirst().prefix { $0 != " " } })
    for command in SlashCommand.all {
      #expect(tested.contains(command.name[...]), "\(command.name)")
    }
    var app = try AppDriver(100, 30)
    try app.type("/help<Enter><End>")
    #expect(app.shows("/quit"))
  }

  @Test func anUnknownSlashCommandStaysInTheInput() throws {
    var app = try AppDriver()
    try app.type("/modle 7b<Enter>")
    #expect(app.shows("no command /modle"))
    #expect(app.shows("/modle 7b"))
    #expect(app.texts.isEmpty)
  }

  /// What begins with a slash and is a message all the same, and the message.
  static let messages = [
    ("/usr/bin is what?", "/usr/bin is what?"), ("//help", "/help"),
    ("// a comment", "// a comment"),
    ("/ alone", "/ alone"), ("/5 of it", "/5 of it"),
  ]

  @Test(arguments: messages)
  func aSlashIsNotAlwaysACommand(typed: String, sent: String) throws {
    var app = try AppDriver()
    try app.type(typed + "<Enter>")
    #expect(app.texts == [sent])
  }

  @Test func aSystemPromptMayHaveSeveralLines() throws {
    var app = try AppDriver()
    app.paste("/system Be brief.\nBe kind.")
    try app.type("<Enter>")
    #expect(app.state.conversation.systemPrompt == "Be brief.\nBe kind.")
  }

  @Test func tabCompletesACommand() throws {
    var app = try AppDriver()
    try app.type("/exp<Tab>")
    #expect(app.shows("/export"))
    try app.type("<C-u>/s<Tab>")
    #expect(app.shows("/system  /set  /save"))
  }

  @Test func controlCClearsThenStopsThenQuits() throws {
    var app = try AppDriver()
    try app.type("Go<Enter>")
    app.begin()
    app.stream("Half")
    try app.type("draft")
    _ = app.taken()
    try app.type("<C-c>")
    #expect(!app.shows("draft"))
    #expect(app.taken().isEmpty)
    try app.type("<C-c>")
    #expect(app.taken() == ["cancelReply"])
    app.end(.cancelled)
    try app.type("<C-c>")
    #expect(app.shows("once more to quit"))
    app.wait(4)
    _ = app.taken()
    try app.type("<C-c>")
    #expect(app.taken().isEmpty)
    try app.type("<C-c>")
    #expect(app.taken().last == "quit")
  }

  @Test func aReplyThatIsSlowToStopDoesNotKeepAnybody() throws {
    var app = try AppDriver()
    try app.type("Go<Enter><C-c><C-c><C-c>")
    #expect(app.taken().last == "quit")
  }

  @Test func escapeLeavesStepByStep() throws {
    var app = try AppDriver()
    try app.exchange("Name a bird", "Kestrel")
    try app.type("<Tab>")
    try app.type("/kes<Enter>")
    #expect(app.shows("1 of 1"))
    try app.type("<Esc>")
    app.wait(20)
    try app.type("<Esc>x")
    // The conversation has no use for x: it is in the input now.
    #expect(app.state.view().lines.contains { $0.contains("x") && $0.contains("\u{25B8}") })
  }

  @Test func searchingGoesFromMatchToMatchAroundTheEnds() throws {
    var app = try AppDriver()
    try app.exchange("tern and tern", "A TERN")
    try app.type("<C-f>tern<Enter>")
    #expect(app.shows("3 of 3"))
    try app.type("N")
    #expect(app.shows("2 of 3"))
    try app.type("N")
    #expect(app.shows("1 of 3"))
    try app.type("N")
    #expect(app.shows("3 of 3"))
    try app.type("n")
    #expect(app.shows("1 of 3"))
  }

  @Test func historyComesBackWithUp() throws {
    var app = try AppDriver()
    try app.exchange("First", "A")
    try app.exchange("Second", "B")
    try app.type("<Up><Up><Enter>")
    #expect(app.texts.last == "First")
  }

  @Test func configuredKeysReplaceTheStandardOnes() throws {
    var config = Config()
    config.keys = ["help": ["<F5>"]]
    let bindings = try KeyBindings(config)
    #expect(bindings.commands["<F5>"] == .help)
    #expect(bindings.commands["<F1>"] == nil)
    config.keys = ["help": ["<F5>"], "quit": ["<F5>"]]
    #expect(throws: Failure.self) { try KeyBindings(config) }
    config.keys = ["hlep": ["<F5>"]]
    #expect(throws: Failure.self) { try KeyBindings(config) }
  }
}
