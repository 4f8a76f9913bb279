import Chat
import Kernel
import TUI
import Testing
import cria

/// Sending, streaming, stopping, making again, editing, going on; and what the disk holds then.
@Suite struct AppReplyTests {
  @Test func aMessageIsSentAndAnswered() throws {
    var app = try AppDriver()
    try app.type("Hello there<Enter>")
    #expect(app.requests.count == 1)
    #expect(app.requests[0].window.turns.map(\.text) == ["Hello there"])
    app.begin()
    app.stream("Good ", "day")
    #expect(app.shows("Good day"))
    app.end()
    #expect(app.texts == ["Hello there", "Good day"])
    #expect(app.state.conversation.path.last?.reply?.stop == .eos)
    try app.expectReloads()
  }

  @Test func whatIsTypedBeforeTheModelIsReadyWaits() throws {
    var app = try AppDriver(hasModel: false)
    app.state.model = .loading(path: "/m/tiny.gguf")
    try app.type("Early<Enter>")
    #expect(app.requests.isEmpty)
    #expect(app.shows("waiting for the model"))
    app.send(.modelLoaded(try AppDriver.model))
    #expect(app.requests.map { $0.window.turns.map(\.text) } == [["Early"]])
  }

  @Test func withoutAModelTheMessageWaitsAndTheScreenSaysForWhat() throws {
    var app = try AppDriver(hasModel: false)
    try app.type("Early<Enter>")
    app.wait(10)
    #expect(app.shows("waiting for the model: Ctrl-O"))
    app.send(.modelFailed(path: "/m/x.gguf", Failure("the file is damaged")))
    #expect(app.shows("the file is damaged"))
    app.send(.modelLoaded(try AppDriver.model))
    #expect(app.requests.count == 1)
  }

  @Test func aSecondMessageIsKeptInTheInputWhileAReplyIsOnItsWay() throws {
    var app = try AppDriver()
    try app.type("One<Enter>Two<Enter>")
    #expect(app.shows("Esc stops it"))
    #expect(app.shows("Two"))
    #expect(app.texts == ["One"])
  }

  @Test func escapeStopsAndKeepsWhatCame() throws {
    var app = try AppDriver()
    try app.type("Go<Enter>")
    app.begin()
    app.stream("Half a")
    _ = app.taken()
    try app.type("<Esc>")
    #expect(app.taken() == ["cancelReply"])
    #expect(app.shows("stopping"))
    app.send(.replyFinished(number: 1, .cancelled, GenerationStatistics()))
    #expect(app.texts == ["Go", "Half a"])
    #expect(app.shows("stopped"))
    #expect(app.state.conversation.path.last?.reply?.stop == .cancelled)
    try app.expectReloads()
  }

  @Test func aReplyStoppedInPrefillLeavesTheStatusBarWhole() throws {
    var app = try AppDriver()
    try app.type("Go<Enter>")
    let number = app.number
    app.begin()
    var statistics = GenerationStatistics()
    statistics.promptTokenCount = 20
    statistics.reusedTokenCount = 7
    app.send(.replyFinished(number: number, .cancelled, statistics))
    #expect(app.shows("reused 7 of 20"))
    #expect(app.shows("no reply"))
    try app.expectReloads()
  }

  /// From the narrowest screen that has room for it, while a reply comes and afterwards.
  @Test(arguments: [40, 60, 80, 120])
  func theShareOfAcceptedDraftsIsShownWhereThereWereSome(columns: Int) throws {
    var app = try AppDriver(columns, 40)
    try app.type("Go<Enter>")
    app.begin()
    app.stream("one ", "two ", "three ", "four ")
    #expect(!app.shows("drafts"))
    app.send(.replyDrafted(number: app.number, count: 7, accepted: 5))
    let running = app.state.view().lines.last ?? ""
    #expect(running.contains("10.0 tok/s  drafts 71%"))
    #expect(running.contains("24/256"))
    var statistics = GenerationStatistics()
    statistics.promptTokenCount = 20
    statistics.generatedTokenCount = 5
    statistics.firstTokenSeconds = 0.5
    statistics.decodeSeconds = 0.4
    statistics.draftedTokenCount = 8
    statistics.acceptedTokenCount = 6
    app.send(.replyFinished(number: app.number, .endOfText, statistics))
    let idle = app.state.view().lines.last ?? ""
    #expect(idle.contains("10.0 tok/s") && idle.contains("drafts 75%"))
    #expect(idle.contains("25/256"))
    #expect(idle.contains("first 500 ms") == (columns >= 60))
    try app.type("/stats<Enter>")
    if columns > 60 { #expect(app.shows("6 of 8 drafted tokens accepted (75 %)")) }
  }

  @Test func theNarrowestScreensKeepTheirRoom() throws {
    var app = try AppDriver(20, 6)
    try app.type("Go<Enter>")
    app.begin()
    app.stream("one ", "two ", "three ", "four ")
    app.send(.replyDrafted(number: app.number, count: 7, accepted: 5))
    #expect(app.state.view().lines.last?.hasSuffix("10.0 tok/s    9%") == true)
  }

  @Test func aReplyWithoutTextIsFilledTheNextTime() throws {
    var app = try AppDriver()
    try app.type("Go<Enter>")
    app.begin()
    app.send(.replyFinished(number: app.number, .cancelled, GenerationStatistics()))
    try app.type("<C-r>")
    app.begin()
    app.stream("Now")
    app.end()
    #expect(app.texts == ["Go", "Now"])
    #expect(app.state.conversation.messages.count == 2)
    try app.expectReloads()
  }

  @Test func makingAgainAddsASibling() throws {
    var app = try AppDriver()
    try app.exchange("Name a bird", "Kestrel")
    try app.type("<C-r>")
    #expect(app.requests.last?.window.turns.map(\.text) == ["Name a bird"])
    // The old one stays in sight until the new one begins.
    #expect(app.shows("Kestrel"))
    app.begin()
    app.stream("Heron")
    app.end()
    #expect(app.texts == ["Name a bird", "Heron"])
    #expect(app.shows("2/2"))
    try app.expectReloads()
    try app.type("<A-Up>")
    #expect(app.texts == ["Name a bird", "Kestrel"])
    #expect(app.shows("1/2"))
    try app.expectReloads()
    try app.type("<A-Up>")
    #expect(app.shows("first version"))
  }

  @Test func aFailedSecondTryLeavesTheFirstReply() throws {
    var app = try AppDriver()
    try app.exchange("Name a bird", "Kestrel")
    try app.type("<C-r>")
    app.send(.replyFailed(number: app.number, Failure("out of memory"), isTooLong: false))
    #expect(app.texts == ["Name a bird", "Kestrel"])
    #expect(app.shows("out of memory"))
    try app.expectReloads()
  }

  @Test func goingOnAddsToTheSameReply() throws {
    var app = try AppDriver()
    try app.type("Tell<Enter>")
    app.begin()
    app.stream("Once upon")
    app.end(.limit)
    #expect(app.shows("cut at the limit"))
    try app.type("<A-c>")
    let request = try #require(app.requests.last)
    #expect(request.isContinuation)
    #expect(request.window.turns.last?.isFinished == false)
    app.begin()
    app.stream(" a time")
    app.end()
    #expect(app.texts == ["Tell", "Once upon a time"])
    #expect(app.state.conversation.messages.count == 2)
    try app.expectReloads()
  }

  @Test func aFullWindowSaysWhyItCannotGoOnAndLeavesTheReplyAsItWas() throws {
    var app = try AppDriver()
    try app.type("Tell<Enter>")
    app.begin()
    app.stream("Once upon")
    app.end(.limit)
    let before = app.state.conversation
    try app.type("<A-c>")
    app.send(.replyFailed(number: app.number, Failure("too long"), isTooLong: true))
    #expect(app.shows("fills the window"))
    #expect(app.state.conversation == before)
    try app.expectReloads()
  }

  @Test func quittingWhileAContinuationIsPreparedLeavesTheReplyAsItWas() throws {
    var app = try AppDriver()
    try app.type("Tell<Enter>")
    app.begin()
    app.stream("Once upon")
    app.end(.limit)
    try app.type("<A-c>")
    app.send(.event(.terminate(.hangUp)))
    #expect(app.taken().last == "quit")
    #expect(app.state.conversation.path.last?.reply?.stop == .limit)
    try app.expectReloads()
  }

  @Test func aMessageThatDoesNotFitComesBackToTheInput() throws {
    var app = try AppDriver()
    try app.type("A very long story<Enter>")
    app.send(
      .replyFailed(
        number: app.number, Failure("the message is too long by 9 tokens"), isTooLong: true))
    #expect(app.shows("too long by 9 tokens"))
    try app.type("<C-w><Enter>")
    #expect(app.texts == ["A very long "])
    #expect(app.state.conversation.messages.count == 2)
    try app.expectReloads()
  }

  @Test func editingAsksInABranchOfItsOwn() throws {
    var app = try AppDriver()
    try app.exchange("Name a brid", "What?")
    try app.type("<C-e>")
    #expect(app.shows("editing") || app.shows("branch of its own"))
    try app.type("<C-u>Name a bird<Enter>")
    app.begin()
    app.stream("Wren")
    app.end()
    #expect(app.texts == ["Name a bird", "Wren"])
    try app.expectReloads()
    try app.type("<A-Up>")
    #expect(app.texts == ["Name a brid", "What?"])
    try app.expectReloads()
  }

  @Test func givingUpAnEditBringsTheDraftBack() throws {
    var app = try AppDriver()
    try app.exchange("First", "Reply")
    try app.type("a draft<Tab>e")
    #expect(!app.shows("a draft"))
    try app.type("<Esc>")
    #expect(app.shows("a draft"))
    #expect(app.texts == ["First", "Reply"])
  }

  @Test func aStopStringEndsTheReplyAsItsEnd() throws {
    var app = try AppDriver()
    try app.type("Go<Enter>")
    app.begin()
    app.stream("Done.")
    app.send(.replyStopMatched(number: app.number))
    app.end(.cancelled)
    #expect(app.state.conversation.path.last?.reply?.stop == .stop)
    #expect(!app.shows("stopped"))
  }

  @Test func whatComesLateOfAnOlderReplyIsNotTaken() throws {
    var app = try AppDriver()
    try app.exchange("One", "First")
    let old = app.number
    try app.type("<C-n>Two<Enter>")
    app.begin()
    app.send(.replyText(number: old, text: "STALE", at: app.state.now))
    app.send(.replyFinished(number: old, .endOfText, GenerationStatistics()))
    app.stream("Second")
    app.end()
    #expect(app.texts == ["Two", "Second"])
    try app.expectReloads()
  }

  @Test func quittingInMidReplyKeepsIt() throws {
    var app = try AppDriver()
    try app.type("Go<Enter>")
    app.begin()
    app.stream("Half")
    app.send(.event(.terminate(.hangUp)))
    #expect(app.taken().suffix(2) == ["persist", "quit"])
    try app.expectReloads()
  }

  @Test func theScreenSaysWhatIsOutsideTheWindow() throws {
    var app = try AppDriver(100, 30)
    try app.exchange("First question", "First reply")
    try app.type("Second question<Enter>")
    let second = try #require(app.state.conversation.head)
    app.begin(start: second, dropped: 2)
    #expect(app.shows("The window is full"))
    #expect(app.shows("the window starts here"))
    let lines = app.state.view().lines
    let line = try #require(lines.firstIndex { $0.contains("the window starts here") })
    #expect(lines[..<line].contains { $0.contains("First reply") })
    #expect(lines[line...].contains { $0.contains("Second question") })
    #expect(lines.filter { $0.contains("outside the window") }.count == 2)
  }

  @Test func aMeasurementOfAnotherConversationCountsForNothing() throws {
    var app = try AppDriver()
    let status = AppState.WindowStatus(
      start: nil, droppedTurnCount: 0, promptTokenCount: 123, windowTokenCount: 256)
    app.send(.windowMeasured(status, of: "another"))
    #expect(!app.shows("123"))
    app.send(.windowMeasured(status, of: app.state.conversation.id))
    #expect(app.shows("123/256"))
  }

  @Test func theStatusBarFollowsTheReply() throws {
    var app = try AppDriver(120, 30)
    try app.type("Go<Enter>")
    let number = app.number
    #expect(app.shows("preparing"))
    let status = AppState.WindowStatus(
      start: nil, droppedTurnCount: 0, promptTokenCount: 200, windowTokenCount: 256)
    app.send(.replyPrepared(number: number, status))
    app.send(.replyProgress(number: number, done: 40, total: 200, reused: 40))
    app.state.now += 2
    app.send(.replyProgress(number: number, done: 100, total: 200, reused: 40))
    #expect(app.shows("reading 50%"))
    #expect(app.shows("30 tok/s"))
    #expect(app.shows("3.3 s left"))
    app.stream("a", "b", "c", "d", "e")
    #expect(app.shows("10.0 tok/s"))
    #expect(app.shows("avg 10.0"))
    #expect(app.shows("first 2.1 s"))
    #expect(app.shows("205/256"))
  }
}
