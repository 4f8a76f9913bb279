import Chat
import Kernel
import TUI

/// What comes of asking for a reply.
extension AppState {
  /// Asks for a reply to what is there, as soon as the model is ready.
  mutating func askForReply(_ kind: ReplyProgress.Kind = .new) -> [AppEffect] {
    replyNumber += 1
    reply = ReplyProgress(
      number: replyNumber, kind: kind, policy: sampling.drawn(), startedAt: now)
    switch model {
    case .absent: tell("There is no model yet: Ctrl-O chooses one; the message waits")
    case .failed: tell("The model could not be loaded: Ctrl-O chooses another; the message waits")
    case .loading, .ready: break
    }
    return startReply()
  }

  /// Starts the reply that waits, if the model is ready.
  mutating func startReply() -> [AppEffect] {
    guard let waiting = reply, waiting.phase == .waitingForModel, model.summary != nil else {
      return []
    }
    reply?.phase = .preparing
    return [
      .reply(
        ReplyRequest(
          number: waiting.number, window: windowRequest(for: waiting.kind),
          policy: waiting.policy, tokenLimit: sampling.tokenLimit,
          isContinuation: waiting.isContinuation, drafting: drafting))
    ]
  }

  /// What the window is to be fitted to: the conversation as it is, or as a reply is to see it.
  func windowRequest(for kind: ReplyProgress.Kind = .new) -> WindowRequest {
    var turns: [Turn]
    switch kind {
    case .new, .filling: turns = conversation.turns()
    case .continuing: turns = conversation.turns(continuing: true)
    case .another(let replaced):
      turns = conversation.turns()
      if turns.last?.id == replaced { turns.removeLast() }
    }
    return WindowRequest(
      conversation: conversation.id, system: conversation.systemPrompt, turns: turns,
      format: format.current, previousStart: window?.start)
  }

  mutating func takeReply(_ action: AppAction) -> [AppEffect] {
    switch action {
    case .windowMeasured(let status, let id):
      if reply == nil, id == conversation.id { adopt(status, tellsDrop: window != nil) }
    case .replyPrepared(let number, let status) where number == reply?.number:
      return prepared(status)
    case .replyProgress(let number, let done, let total, let reused) where number == reply?.number:
      if reply?.prefillStartedAt == nil { reply?.prefillStartedAt = now }
      reply?.phase = .prefill(done: done, total: total, reused: reused)
    case .replyText(let number, let text, let time) where number == reply?.number:
      guard let id = reply?.message else { return [] }
      reply?.countToken(at: time)
      guard !text.isEmpty else { return [] }
      appendText(text, to: id)
      return [persist(.stream(text))]
    case .replyDrafted(let number, let count, let accepted) where number == reply?.number:
      reply?.acceptedShare = count > 0 ? Double(accepted) / Double(count) : nil
    case .replyStopMatched(let number) where number == reply?.number:
      reply?.didMatchStop = true
    case .replyFinished(let number, let reason, let statistics) where number == reply?.number:
      return finished(reason, statistics)
    case .replyFailed(let number, let failure, let isTooLong) where number == reply?.number:
      return failed(failure, isTooLong: isTooLong)
    default: break
    }
    return []
  }

  private mutating func adopt(_ status: WindowStatus, tellsDrop: Bool) {
    if tellsDrop, status.droppedTurnCount > (window?.droppedTurnCount ?? 0) {
      tell("The window is full: the oldest messages, shown dim, are no longer sent")
    }
    window = status
    syncEntries()
  }

  /// The prompt fits: from here on there is a message to fill.
  private mutating func prepared(_ status: WindowStatus) -> [AppEffect] {
    guard let reply else { return [] }
    let details = ReplyDetails(
      model: model.summary?.displayName, format: format.current.name,
      sampling: SamplingRecord(reply.policy))
    var known: MessageID?
    switch reply.kind {
    case .new: break
    case .another(let replaced): try? conversation.branch(before: replaced)
    case .filling(let id), .continuing(let id): known = id
    }
    if let known { try? conversation.update(known) { $0.reply = details } }
    let message =
      known.flatMap { conversation[$0] }
      ?? conversation.append(.assistant, "", reply: details, at: currentDate)
    self.reply?.message = message.id
    adopt(status, tellsDrop: true)
    return [persist(.begin(message))]
  }

  private mutating func finished(
    _ reason: Kernel.StopReason, _ statistics: GenerationStatistics
  ) -> [AppEffect] {
    let didMatchStop = reply?.didMatchStop == true
    let message = reply?.message
    reply = nil
    lastStatistics = statistics
    let stop = didMatchStop ? .stop : Chat.StopReason(rawValue: reason.rawValue)
    if stop == .limit { tell("The reply reached its limit; Alt-C goes on") }
    return message.map { finish($0, stop: stop, statistics: statistics) } ?? []
  }

  private mutating func failed(_ failure: Failure, isTooLong: Bool) -> [AppEffect] {
    guard let ended = reply else { return [] }
    reply = nil
    if let message = ended.message {
      tell(failure)
      return finish(message, stop: .error, statistics: nil)
    }
    if isTooLong, ended.isContinuation {
      tell(
        Failure(
          "this reply fills the window: there is no room to go on",
          remedy: "ask for the rest in a new message, or start with a larger --context"))
      return []
    }
    // The question goes back to where it can be shortened; what is being typed stays.
    if isTooLong, editor.isEmpty, ended.kind == .new { _ = editLast() }
    tell(failure)
    return []
  }

  /// Closes a reply's message with how it ended.
  mutating func finish(
    _ id: MessageID, stop: Chat.StopReason, statistics: GenerationStatistics?
  ) -> [AppEffect] {
    try? conversation.update(id) { message in
      message.reply?.stop = stop
      message.reply?.stats = statistics.map(ReplyStats.init)
    }
    // A reply that was stopped before it began has counted nothing.
    if let statistics, statistics.promptTokenCount > 0 {
      window?.promptTokenCount = statistics.promptTokenCount + statistics.generatedTokenCount
    }
    syncEntries()
    return conversation[id].map { [persist(.end($0))] } ?? []
  }
}
