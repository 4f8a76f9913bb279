import Chat
import Kernel

/// An engine whose answers the calling thread waits for, and that Ctrl-C stops.
struct ForegroundEngine {
  private let engine: Engine
  /// How long it takes at most until Ctrl-C is seen.
  private static let tickMilliseconds = 50

  init() throws(KernelError) { engine = try Engine() }

  func close() { engine.close() }

  func load(_ request: LoadRequest) throws -> ModelSummary {
    let events = EventQueue<LoadEvent>()
    engine.load(request) { events.post($0) }
    while true {
      if Interrupt.isRequested { throw Cancelled() }
      switch events.next(waitingUpTo: Self.tickMilliseconds) {
      case .loaded(let summary): return summary
      case .failed(let error): throw error
      case nil: continue
      }
    }
  }

  /// Generates a reply up to its end, a stop string, or Ctrl-C; `emit` gets the text as it
  /// comes, without any part of a stop string. It also gets empty texts, while nothing comes.
  func generate(
    _ request: GenerationRequest, stops: [String], showsProgress: Bool = true,
    emit: (String) throws -> Void
  ) throws -> Reply {
    let events = EventQueue<GenerationEvent>()
    engine.generate(request) { events.post($0) }
    var matcher = StopMatcher(stops: stops)
    var reply = Reply()
    var progress = ProgressLine()
    var isCancelled = false
    defer { progress.clear() }

    func take(_ text: String) throws {
      let result = matcher.feed(text)
      reply.text += result.text
      try emit(result.text)
      if result.stop != nil {
        reply.stop = .stop
        engine.cancel()
      }
    }

    do {
      while true {
        if Interrupt.isRequested && !isCancelled {
          isCancelled = true
          engine.cancel()
        }
        switch events.next(waitingUpTo: Self.tickMilliseconds) {
        case .promptProgress(let done, let total, _):
          if showsProgress && done < total {
            progress.show("reading the prompt  \(done * 100 / max(total, 1)) %")
          }
        case .token(let token, let text):
          progress.clear()
          // What the engine had under way when the stop string came is no part of the reply.
          if reply.stop != nil { continue }
          reply.tokens.append(token)
          try take(text)
        case .drafted: break
        case .finished(let reason, let statistics, let trailing):
          reply.statistics = statistics
          if reply.stop == nil {
            try take(trailing)
            let rest = matcher.finish()
            reply.text += rest
            try emit(rest)
          }
          reply.stop = reply.stop ?? Chat.StopReason(rawValue: reason.rawValue)
          return reply
        case .failed(let error):
          throw error
        case nil:
          try emit("")
        }
      }
    } catch {
      engine.cancel()
      throw error
    }
  }
}

/// A reply as `cria run` reports it.
struct Reply {
  var text = ""
  var tokens: [TokenID] = []
  var stop: Chat.StopReason?
  /// Nil until the generation ends.
  var statistics: GenerationStatistics?

  /// The object of `cria run --json`.
  func json(summary: ModelSummary) -> String {
    func number(_ value: Double?) -> String { value.map(JSONText.number) ?? "null" }
    return JSONText.object([
      ("text", JSONText.string(text)),
      ("tokens", JSONText.array(tokens.map(String.init))),
      ("promptTokens", String(statistics?.promptTokenCount ?? 0)),
      ("reusedTokens", String(statistics?.reusedTokenCount ?? 0)),
      ("stop", JSONText.string(stop?.rawValue ?? "eos")),
      ("model", JSONText.string(summary.displayName)),
      (
        "drafting",
        JSONText.object([
          ("proposed", String(statistics?.draftedTokenCount ?? 0)),
          ("accepted", String(statistics?.acceptedTokenCount ?? 0)),
        ])
      ),
      (
        "timings",
        JSONText.object([
          ("loadSeconds", number(summary.loadSeconds)),
          ("firstTokenSeconds", number(statistics?.firstTokenSeconds)),
          ("prefillTokensPerSecond", number(statistics?.prefillTokensPerSecond)),
          ("decodeTokensPerSecond", number(statistics?.decodeTokensPerSecond)),
        ])
      ),
    ])
  }

  /// One line for standard error.
  func statisticsLine(seed: UInt64) -> String {
    func rate(_ value: Double?) -> String {
      value.map { ", \(Readable.oneDecimal($0)) tokens/s" } ?? ""
    }
    let first = statistics?.firstTokenSeconds.map { "; first token after \(Readable.seconds($0))" }
    let drafts = statistics?.readableDrafts.map { ", \($0)" }
    let prompt = "prompt \(statistics?.promptTokenCount ?? 0) tokens"
    return "cria: \(prompt)\(rate(statistics?.prefillTokensPerSecond))\(first ?? "")"
      + "; reply \(tokens.count) tokens\(rate(statistics?.decodeTokensPerSecond))\(drafts ?? "")"
      + "; stop: \(stop?.rawValue ?? "eos"); seed \(seed)\n"
  }
}
