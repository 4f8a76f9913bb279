import Chat
import Kernel
import TUI
import Testing
import cria

/// Pictures of the screen: whole ones where they are small, what matters where they are large.
@Suite struct AppScreenTests {
  /// Things that the screen can show.
  enum Scene: String, CaseIterable {
    case empty, streaming, scrolled, models, transcripts, help, confirm, notice
  }

  static func app(_ scene: Scene, _ columns: Int, _ rows: Int) throws -> AppDriver {
    var app = try AppDriver(columns, rows)
    switch scene {
    case .empty: break
    case .streaming:
      try app.type("Name three birds<Enter>")
      app.begin()
      app.stream("Kestrel, ", "heron ", "and ", "wren")
    case .scrolled:
      try app.type("Count<Enter>")
      app.begin()
      for number in 1...60 { app.stream("\(number)\n\n") }
      try app.type("<PageUp><PageUp>")
      app.stream("one\n\n", "two\n\n", "three")
    case .models:
      try app.type("<C-o>")
      app.send(.modelsListed(AppModelTests.listings(try AppDriver.model.path)))
    case .transcripts:
      try app.type("<C-t>")
      let list = [
        AppTranscriptTests.summary("a", "Owls"), AppTranscriptTests.summary("b", "Larks"),
      ]
      app.send(.transcriptsListed(list, unreadableCount: 0))
    case .help: try app.type("<F1>")
    case .confirm:
      try app.exchange("Name a bird", "Kestrel")
      app.effects += app.state.perform(.deleteTranscript)
    case .notice:
      try app.type("draft")
      app.send(.failed(Failure("the file is damaged", at: "x.gguf", remedy: "copy it again")))
    }
    return app
  }

  @Test(arguments: Scene.allCases)
  func theSmallScreenIs(_ scene: Scene) throws {
    try Self.expect(try Self.app(scene, 40, 12), Pictures.small[scene])
  }

  @Test(arguments: Scene.allCases)
  func theSmallestScreenIs(_ scene: Scene) throws {
    try Self.expect(try Self.app(scene, 20, 6), Pictures.smallest[scene])
  }

  private static func expect(
    _ app: AppDriver, _ picture: String?, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    var wanted = try #require(picture).split(separator: "\n", omittingEmptySubsequences: false)
      .map(String.init)
    while wanted.count < app.state.size.rows { wanted.append("") }
    #expect(
      app.state.view().lines == wanted, "shown:\n\(app.screen)", sourceLocation: sourceLocation)
  }

  /// What has to be on the larger screens, whatever else is.
  static let wanted: [(Scene, [String])] = [
    (
      .empty,
      ["new conversation", "F1 help", "tiny is ready", "Type a message", "tiny Q4_0", "0/256"]
    ),
    (
      .streaming,
      [
        "Name three birds", "Kestrel, heron and wren", "10.0 tok/s", "avg 10.0", "first 100 ms",
        "tiny Q4_0", "24/256",
      ]
    ),
    (.scrolled, ["6 new lines", "83/256"]),
    (
      .models,
      ["135M", "2,048 ctx", "too big", "unusable", "takes 150 MB of memory", "Enter loads"]
    ),
    (.transcripts, ["Owls", "Larks", "2 messages", "8 d", "Ctrl-D deletes"]),
    (.help, ["Enter ", "Alt-Enter Ctrl-J", "Undo, redo", "Esc closes"]),
    (.confirm, ["Delete 'Name a bird'?", "Keep", "Kestrel"]),
    (.notice, ["the file is damaged; x.gguf; copy it again", "draft"]),
  ]

  @Test(arguments: wanted)
  func theLargerScreensShow(scene: Scene, texts: [String]) throws {
    for (columns, rows) in [(80, 24), (120, 40)] {
      let app = try Self.app(scene, columns, rows)
      for text in texts { #expect(app.shows(text), "\(text) at \(columns)") }
    }
  }

  /// The cursor is where one types, and nowhere where one cannot.
  @Test func theCursorIsInTheInputUnlessSomethingLiesOverIt() throws {
    var app = try AppDriver(40, 12)
    try app.type("abc")
    #expect(app.state.view().cursor == Point(column: 5, row: 10))
    try app.type("<F1>")
    #expect(app.state.view().cursor == nil)
  }
}
