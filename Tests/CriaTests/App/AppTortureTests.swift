import Chat
import FoundationEssentials
import Kernel
import TUI
import Testing
import cria

/// Random keys, random sizes, hostile text, long conversations.
@Suite struct AppTortureTests {
  /// A small generator, so that a failure can be had again by its seed.
  struct Random: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return (state ^ (state >> 33)) &* 0xFF51_AFD7_ED55_8CCD
    }
  }

  static let keys: [Key] =
    KeyBindings().commands.keys.sorted { $0.description < $1.description }
    + [
      "a", "b", " ", "/", "n", "N", "g", "G", "y", "u", "e", "i", "?", "<Enter>", "<Enter>",
      "<Esc>", "<Up>", "<Down>", "<Left>", "<Tab>", "<Backspace>", "<C-w>", "<C-u>", "<C-_>",
      "<A-Enter>", "<C-d>", "<Home>", "<End>", "<Del>",
    ]

  @Test(arguments: 1...8)
  func anyKeysAndResultsInAnyOrderAreSurvived(seed: UInt64) throws {
    var random = Random(state: seed)
    var app = try AppDriver(hasModel: seed.isMultiple(of: 2))
    app.writes = false
    let model = try AppDriver.model
    for step in 0..<300 {
      app.state.now += Double(Int.random(in: 0..<20, using: &random)) / 10
      switch Int.random(in: 0..<24, using: &random) {
      case 0: app.begin()
      case 1, 2: app.stream("word ", "\u{1B}[2J\n", "```\n")
      case 3: app.end([.endOfText, .limit, .cancelled].randomElement(using: &random) ?? .limit)
      case 4:
        app.send(
          .replyFailed(number: app.number, Failure("no"), isTooLong: Bool.random(using: &random)))
      case 5: app.send(.tick)
      case 6: app.send(.modelLoaded(model))
      case 7: app.send(.modelsListed(AppModelTests.listings(model.path)))
      case 8:
        app.send(.transcriptsListed([AppTranscriptTests.summary("a", "Owls")], unreadableCount: 1))
      case 9:
        let opened = AppTranscriptTests.conversation("Larks?", "Sing.")
        let reason = Bool.random(using: &random) ? "locked" : nil
        app.send(.transcriptOpened(OpenedTranscript(conversation: opened, readOnlyReason: reason)))
      case 10: app.send(.transcriptFailed(id: app.state.conversation.id, Failure("full")))
      case 11: app.send(.themesListed(["dark", "light"]))
      case 12: app.paste("pasted\ttext\n/help")
      case 13:
        let size = Size(
          columns: Int.random(in: 1...200, using: &random),
          rows: Int.random(in: 1...60, using: &random))
        app.send(.event(.resize(size)))
      case 14:
        let point = Point(
          column: Int.random(in: 0..<200, using: &random),
          row: Int.random(in: 0..<60, using: &random))
        let action = [Event.Mouse.Action.press, .wheelUp, .wheelDown].randomElement(using: &random)
        app.send(.event(.mouse(Event.Mouse(action ?? .press, at: point))))
      default: app.send(.event(.key(Self.keys.randomElement(using: &random) ?? "a")))
      }
      // Drawing takes longer than all else.
      if step.isMultiple(of: 4) { #expect(app.state.view().size == app.state.size) }
    }
  }

  @Test func anySizeIsDrawn() throws {
    var random = Random(state: 7)
    var app = try AppDriver()
    try app.exchange(
      "Name a \u{1F426}", String(repeating: "long \u{6F22}\u{5B57} text ", count: 40))
    for keys in ["", "<C-p>", "<F1>", "<C-f>"] {
      try app.type("<Esc><Esc>" + keys)
      for _ in 0..<60 {
        let size = Size(
          columns: Int.random(in: 1...200, using: &random),
          rows: Int.random(in: 1...60, using: &random))
        app.send(.event(.resize(size)))
        #expect(app.state.view().size == size)
      }
    }
  }

  @Test func hostileTextReachesNoCell() throws {
    let hostile = "\u{1B}]0;x\u{7}\u{9B}2J\u{202E}\r\u{0}\u{200B}"
    var app = try AppDriver(100, 30)
    app.paste("a" + hostile + "b")
    try app.type("<Enter>")
    app.begin()
    app.stream(hostile)
    app.end()
    app.send(.failed(Failure("bad \(hostile)", at: hostile)))
    app.send(.transcriptFailed(id: app.state.conversation.id, Failure(hostile)))
    var seen = app.screen
    try app.type("<C-o>")
    var listing = ModelListing(path: hostile, name: hostile, byteCount: 1)
    listing.problem = hostile
    app.send(.modelsListed([listing]))
    seen += app.screen
    try app.type("<Esc><C-t>")
    app.send(.transcriptsListed([AppTranscriptTests.summary("a", hostile)], unreadableCount: 0))
    seen += app.screen
    try app.type("<C-d>")
    seen += app.screen
    let bad = seen.unicodeScalars.filter { scalar in
      scalar != "\n" && [.control, .format].contains(scalar.properties.generalCategory)
    }
    #expect(bad.isEmpty)
  }

  /// The time that a token takes must not grow with what is there already.
  @Test func aTokenCostsTheSameInALongConversation() throws {
    func secondsForTokens(after messageCount: Int, replyLength: Int) throws -> Double {
      var conversation = Conversation.new(at: Date(timeIntervalSince1970: 0))
      for index in 0..<messageCount {
        conversation.append(
          index.isMultiple(of: 2) ? .user : .assistant, "message \(index)",
          at: Date(timeIntervalSince1970: 0))
      }
      var app = try AppDriver()
      app.writes = false
      app.send(.transcriptOpened(OpenedTranscript(conversation: conversation)))
      try app.type("Go<Enter>")
      app.begin()
      app.stream(String(repeating: "word ", count: replyLength / 5))
      app.effects = app.effects.suffix(0) + [.reply(try #require(app.requests.last))]
      let clock = ContinuousClock()
      return (0..<5).map { _ in
        let time = clock.measure { for _ in 0..<100 { app.stream("word ") } }
        return Double(time.components.attoseconds) / 1e18 + Double(time.components.seconds)
      }.min() ?? 0
    }
    let short = try secondsForTokens(after: 2, replyLength: 100)
    let long = try secondsForTokens(after: 10_000, replyLength: 400_000)
    #expect(long < short * 8 + 0.005, "\(short) s for a short one, \(long) s for a long one")
  }
}
