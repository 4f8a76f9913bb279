import Chat
import FoundationEssentials
import TUI
import Testing
import cria

/// Opening, leaving, renaming, deleting, and what cannot be written.
@Suite struct AppTranscriptTests {
  static func conversation(_ texts: String...) -> Conversation {
    var conversation = Conversation.new(at: Date(timeIntervalSince1970: 1_678_000_000))
    for (index, text) in texts.enumerated() {
      let isQuestion = index.isMultiple(of: 2)
      conversation.append(
        isQuestion ? .user : .assistant, text, reply: isQuestion ? nil : ReplyDetails(),
        at: Date(timeIntervalSince1970: 1_678_000_000))
    }
    return conversation
  }

  static func summary(_ id: String, _ title: String) -> TranscriptSummary {
    TranscriptSummary(
      id: id, title: title, created: Date(timeIntervalSince1970: 0),
      updated: Date(timeIntervalSince1970: 1_678_000_000), messageCount: 2, model: "tiny",
      byteCount: 100)
  }

  @Test func theListOpensAConversation() throws {
    var app = try AppDriver()
    try app.type("<C-t>")
    #expect(app.shows("Reading"))
    app.send(
      .transcriptsListed(
        [Self.summary("a", "Owls"), Self.summary("b", "Larks")], unreadableCount: 0))
    #expect(app.shows("Owls") && app.shows("Larks") && app.shows("2 messages"))
    _ = app.taken()
    try app.type("lark<Enter>")
    #expect(app.taken() == ["openTranscript"])
    // Until it is here nothing is written to the one that is left.
    try app.type("hasty<Enter>")
    #expect(app.taken().isEmpty)
    #expect(app.shows("still being read") && app.shows("hasty"))
    app.send(
      .transcriptOpened(OpenedTranscript(conversation: Self.conversation("Larks?", "Sing."))))
    #expect(app.texts == ["Larks?", "Sing."])
    #expect(app.shows("Sing."))
  }

  @Test func aListThatComesLateOpensNothing() throws {
    var app = try AppDriver()
    try app.type("<C-t><Esc>")
    app.send(.transcriptsListed([Self.summary("a", "Owls")], unreadableCount: 0))
    #expect(!app.shows("Owls"))
    try app.type("<C-p>")
    app.send(.modelsListed([]))
    #expect(app.shows("Commands"))
  }

  @Test func aListThatCannotBeReadClosesItsMenu() throws {
    var app = try AppDriver()
    try app.type("<C-t>")
    app.send(.listFailed(Failure("the system refuses access")))
    #expect(app.shows("the system refuses access"))
    #expect(!app.shows("Reading"))
  }

  @Test func aConversationThatCannotBeOpenedLeavesTheOneThatIs() throws {
    var app = try AppDriver()
    try app.exchange("Hello", "Hi")
    app.send(.transcriptOpenFailed(Failure("no such transcript")))
    #expect(app.texts == ["Hello", "Hi"])
    try app.exchange("Still", "Here")
    try app.expectReloads()
  }

  @Test func aResumeThatFailsStartsAnewAndSaves() throws {
    var app = try AppDriver()
    app.state.isOpening = true
    app.send(.transcriptOpenFailed(Failure("no such transcript")))
    #expect(app.taken() == ["startTranscript"])
    try app.exchange("Hello", "Hi")
    try app.expectReloads()
  }

  @Test func deletingAsksAndGoesBackToTheList() throws {
    var app = try AppDriver()
    try app.exchange("Hello", "Hi")
    try app.type("<C-t>")
    app.send(.transcriptsListed([Self.summary("a", "Owls")], unreadableCount: 0))
    _ = app.taken()
    try app.type("<C-d>")
    #expect(app.shows("Delete 'Owls'?"))
    try app.type("<Enter>")
    #expect(app.taken() == ["listTranscripts"])
    app.send(.transcriptsListed([Self.summary("a", "Owls")], unreadableCount: 0))
    try app.type("<C-d>y")
    #expect(app.taken() == ["deleteTranscript", "listTranscripts"])
    #expect(app.texts == ["Hello", "Hi"])
  }

  /// A question that something else took the place of must not answer for another.
  @Test func aForgottenQuestionDeletesNothing() throws {
    var app = try AppDriver()
    try app.exchange("Hello", "Hi")
    try app.type("<C-t>")
    app.send(.transcriptsListed([Self.summary("a", "Owls")], unreadableCount: 0))
    try app.type("<C-d><Esc><Esc>")
    _ = app.taken()
    app.effects += app.state.perform(.deleteTranscript)
    #expect(app.taken().isEmpty)
    #expect(app.shows("Delete 'Hello'?"))
  }

  @Test func deletingTheOpenConversationStartsANewOneFirst() throws {
    var app = try AppDriver()
    try app.exchange("Hello", "Hi")
    _ = app.taken()
    app.effects += app.state.perform(.deleteTranscript)
    try app.type("y")
    #expect(app.taken() == ["startTranscript", "measureWindow", "deleteTranscript"])
    #expect(app.texts.isEmpty)
  }

  @Test func renamingIsWritten() throws {
    var app = try AppDriver()
    try app.exchange("Hello", "Hi")
    try app.type("<C-t>")
    app.send(
      .transcriptsListed([Self.summary(app.state.conversation.id, "Hello")], unreadableCount: 0))
    try app.type("<C-r><C-u>A \u{1B}[31mgreeting<Enter>")
    #expect(app.state.conversation.title == "A [31mgreeting")
    try app.expectReloads()
    _ = app.taken()
    app.send(.transcriptsListed([Self.summary("other", "Owls")], unreadableCount: 0))
    try app.type("<C-r> too<Enter>")
    #expect(app.taken() == ["renameTranscript", "listTranscripts"])
  }

  @Test func aReadOnlyTranscriptSaysSoAndGoesOnAsACopy() throws {
    var app = try AppDriver()
    let opened = Self.conversation("Larks?", "Sing.")
    app.send(
      .transcriptOpened(
        OpenedTranscript(conversation: opened, readOnlyReason: "another program is writing")))
    #expect(app.shows("read only"))
    try app.exchange("More", "Certainly")
    #expect(app.state.conversation.id != opened.id)
    #expect(app.texts == ["Larks?", "Sing.", "More", "Certainly"])
    app.wait(20)
    #expect(!app.shows("read only"))
    try app.expectReloads()
  }

  @Test func lookingAtVersionsOfAReadOnlyTranscriptMakesNoCopy() throws {
    var app = try AppDriver()
    var opened = Self.conversation("Larks?", "Sing.")
    try opened.branch(before: try #require(opened.head))
    opened.append(.assistant, "Fly.", at: Date(timeIntervalSince1970: 1_678_000_000))
    app.writes = false
    app.send(.transcriptOpened(OpenedTranscript(conversation: opened, readOnlyReason: "locked")))
    try app.type("<A-Up>")
    #expect(app.texts == ["Larks?", "Sing."])
    #expect(app.state.conversation.id == opened.id)
  }

  @Test func brokenLinesAndInterruptedRepliesAreTold() throws {
    var app = try AppDriver(120, 30)
    var opened = Self.conversation("Larks?", "Si")
    try opened.update(try #require(opened.head)) { $0.reply = ReplyDetails(stop: .interrupted) }
    app.send(.transcriptOpened(OpenedTranscript(conversation: opened, problemCount: 2)))
    #expect(app.shows("2 lines of this transcript could not be read"))
    #expect(app.shows("the program ended here"))
  }

  @Test func whatIsNotOnTheDiskIsNotLeftUnasked() throws {
    var app = try AppDriver()
    try app.exchange("Hello", "Hi")
    let id = app.state.conversation.id
    app.send(.transcriptFailed(id: id, Failure("no space is left on the disk")))
    app.wait(30)
    #expect(app.shows("not saved"))
    for keys in ["<C-d>", "<C-n>"] {
      _ = app.taken()
      try app.type(keys)
      #expect(app.shows("not on the disk: no space is left"), "\(keys)")
      try app.type("n")
      #expect(app.taken().isEmpty)
    }
    app.send(.transcriptSaved(id: id))
    #expect(!app.shows("not saved"))
    try app.type("<C-d>")
    #expect(app.taken().last == "quit")
  }

  @Test func aFailureOfAnotherConversationIsNotThisOnes() throws {
    var app = try AppDriver()
    app.send(.transcriptFailed(id: "another", Failure("no space is left on the disk")))
    #expect(app.shows("no space is left"))
    #expect(app.state.transcript == .fine)
  }
}
