import Chat
import Dispatch
import Kernel
import Testing
import cria

/// Replies from a real engine on a tiny model.
@Suite(.timeLimit(.minutes(1))) struct ReplyMakerTests {
  let engine: Engine
  let replies: ReplyMaker
  let actions: AsyncStream<AppAction>

  init() throws {
    let (stream, continuation) = AsyncStream<AppAction>.makeStream()
    engine = try Engine()
    actions = stream
    replies = ReplyMaker(engine: engine) { continuation.yield($0) }
  }

  func request(_ text: String, number: Int = 1, limit: Int? = 8) -> ReplyRequest {
    ReplyRequest(
      number: number,
      window: WindowRequest(
        conversation: "c", turns: [Turn(id: "q", role: .user, text: text)], format: .alpaca),
      tokenLimit: limit)
  }

  func load() throws {
    replies.load(
      LoadRequest(path: try AppDriver.model.path, contextLength: 256, threadCount: 1))
  }

  @Test func aReplyIsPreparedStreamedAndFinished() async throws {
    try load()
    var order: [String] = []
    for await action in actions {
      switch action {
      case .modelLoaded: replies.start(request("Hi"))
      case .replyPrepared(1, let status):
        order.append("prepared")
        #expect(status.start == "q" && status.windowTokenCount == 256)
      case .replyProgress(1, _, _, _): if order.last != "read" { order.append("read") }
      case .replyText(1, _, _): if order.last != "text" { order.append("text") }
      case .replyFinished(1, let reason, let statistics):
        #expect(reason == .limit ? statistics.generatedTokenCount == 8 : true)
        #expect(order == ["prepared", "read", "text"])
        engine.close()
        return
      default: Issue.record("\(action)")
      }
    }
  }

  @Test func aMessageThatIsTooLongIsSaidToBe() async throws {
    try load()
    for await action in actions {
      switch action {
      case .modelLoaded: replies.start(request(String(repeating: "very long ", count: 400)))
      case .replyFailed(1, let failure, let isTooLong):
        #expect(isTooLong)
        #expect(failure.text.contains("too long for the window"))
        // The message's id says nothing to a person.
        #expect(failure.place.isEmpty)
        engine.close()
        return
      default: Issue.record("\(action)")
      }
    }
  }

  @Test func aReplyCancelledBeforeItBeganEnds() async throws {
    try load()
    for await action in actions {
      switch action {
      case .modelLoaded:
        replies.cancel(number: 1)
        replies.start(request("Hi", limit: nil))
      case .replyPrepared: break
      case .replyFinished(1, let reason, _):
        #expect(reason == .cancelled)
        engine.close()
        return
      default: Issue.record("\(action)")
      }
    }
  }

  /// Two models in a row: only the second may be announced, or a message that waits would be
  /// put into the tokens of the first.
  @Test func aModelThatWasGivenUpWhileItLoadedIsNotAnnounced() async throws {
    // The engine is busy until both have been asked for.
    let gate = DispatchSemaphore(value: 0)
    engine.load(LoadRequest(path: "/nonexistent/zeroth.gguf")) { _ in gate.wait() }
    replies.load(LoadRequest(path: "/nonexistent/first.gguf"))
    try load()
    gate.signal()
    for await action in actions {
      guard case .modelLoaded(let summary) = action else {
        Issue.record("\(action)")
        continue
      }
      #expect(summary.path == (try AppDriver.model.path))
      engine.close()
      return
    }
  }
}
