import Chat
import Dispatch
import Kernel
import Synchronization
import TUI

/// Puts prompts together, hands them to the engine and turns its events into actions.
///
/// Counting tokens and rendering prompts happen on a queue of their own, so that neither the
/// screen nor the engine waits for them.
package final class ReplyMaker: Sendable {
  private let engine: Engine
  private let post: @Sendable (AppAction) -> Void
  private let queue = DispatchQueue(label: "reply")
  private let state = Mutex(State())
  /// Raised by `cancel`, also for a reply that the engine has not been told of yet.
  private let cancelledNumber = Atomic<Int>(0)

  private struct State {
    /// Counts loads, so that a model that was given up while it loaded is not taken for the
    /// one that came after it.
    var loadNumber = 0
    var summary: ModelSummary?
    var counts = TurnCounts()
  }

  /// - Parameter post: gets the actions, on any thread.
  package init(engine: Engine, post: @escaping @Sendable (AppAction) -> Void) {
    self.engine = engine
    self.post = post
  }

  /// Loads a model in place of the present one.
  package func load(_ request: LoadRequest) {
    let number = state.withLock { state in
      state = State(loadNumber: state.loadNumber + 1)
      return state.loadNumber
    }
    engine.load(request) { [self] event in
      let isWanted = state.withLock { state in
        guard state.loadNumber == number else { return false }
        if case .loaded(let summary) = event { state.summary = summary }
        return true
      }
      guard isWanted else { return }
      switch event {
      case .loaded(let summary): post(.modelLoaded(summary))
      case .failed(let error): post(.modelFailed(path: request.path, Failure(error)))
      }
    }
  }

  /// Says how full the window is.
  package func measure(_ request: WindowRequest) {
    queue.async { [self] in
      do {
        let (fit, _) = try fit(request)
        post(.windowMeasured(AppState.WindowStatus(fit), of: request.conversation))
      } catch let error as ChatError where error.code == .systemPromptTooLong {
        post(.failed(Failure(error)))
      } catch {
        // Whatever else is wrong is told when a reply is asked for.
      }
    }
  }

  /// Makes a reply: says how the window stands, then what the engine says, and ends with
  /// `replyFinished` or `replyFailed`.
  package func start(_ request: ReplyRequest) {
    queue.async { [self] in
      do {
        let (fit, summary) = try fit(request.window)
        post(.replyPrepared(number: request.number, AppState.WindowStatus(fit)))
        let limit = min(request.tokenLimit ?? .max, fit.replyTokenLimit)
        let generation = GenerationRequest(
          tokens: summary.tokenizer.prompt(fit.segments), sampling: request.policy,
          tokenLimit: limit, isContinuation: request.isContinuation, drafting: request.drafting)
        let matcher = Mutex(StopMatcher(stops: request.window.format.stops))
        if cancelledNumber.load(ordering: .acquiring) >= request.number {
          post(.replyFinished(number: request.number, .cancelled, GenerationStatistics()))
          return
        }
        // Not the whole request: it holds the texts of the conversation.
        engine.generate(generation) { [self, number = request.number] event in
          relay(event, of: number, through: matcher)
        }
        // A cancel between the look above and the engine's taking over.
        if cancelledNumber.load(ordering: .acquiring) >= request.number { engine.cancel() }
      } catch {
        let isTooLong = (error as? ChatError)?.code == .newestTurnTooLong
        var failure = Failure(error)
        // It would be the message's id.
        if isTooLong { failure.place = "" }
        post(.replyFailed(number: request.number, failure, isTooLong: isTooLong))
      }
    }
  }

  /// Ends the reply of that number, wherever it is.
  package func cancel(number: Int) {
    cancelledNumber.store(number, ordering: .releasing)
    engine.cancel()
  }

  private func relay(
    _ event: GenerationEvent, of number: Int, through matcher: borrowing Mutex<StopMatcher>
  ) {
    switch event {
    case .promptProgress(let done, let total, let reused):
      post(.replyProgress(number: number, done: done, total: total, reused: reused))
    case .token(_, let text):
      let matched = matcher.withLock { $0.feed(text) }
      post(.replyText(number: number, text: matched.text, at: Clock.seconds()))
      if matched.stop != nil {
        post(.replyStopMatched(number: number))
        engine.cancel()
      }
    case .drafted(let count, let accepted):
      post(.replyDrafted(number: number, count: count, accepted: accepted))
    case .finished(let reason, let statistics, let trailing):
      let rest = matcher.withLock { $0.feed(trailing).text + $0.finish() }
      if !rest.isEmpty { post(.replyText(number: number, text: rest, at: Clock.seconds())) }
      post(.replyFinished(number: number, reason, statistics))
    case .failed(let error):
      post(.replyFailed(number: number, Failure(error), isTooLong: false))
    }
  }

  private func fit(_ request: WindowRequest) throws -> (WindowFit, ModelSummary) {
    let (summary, known, loadNumber) = state.withLock { ($0.summary, $0.counts, $0.loadNumber) }
    guard let summary else { throw Failure("no model is loaded", remedy: "choose one with Ctrl-O") }
    let tokenizer = summary.tokenizer
    let budget = ContextBudget(
      windowTokenCount: summary.contextLength, leadTokenCount: tokenizer.lead.count)
    var counts = known
    let fit = try budget.fit(
      system: request.system, turns: request.turns, format: request.format,
      previousStart: request.previousStart, counts: &counts
    ) { tokenizer.encode($0).count }
    state.withLock { if $0.loadNumber == loadNumber { $0.counts = counts } }
    return (fit, summary)
  }
}

extension AppState.WindowStatus {
  init(_ fit: WindowFit) {
    self.init(
      start: fit.start, droppedTurnCount: fit.droppedTurnCount,
      promptTokenCount: fit.promptTokenCount, windowTokenCount: fit.windowTokenCount)
  }
}
