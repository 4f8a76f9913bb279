import Chat
import FoundationEssentials
import Kernel
import TUI

/// Asking for replies, and what comes of it.
extension AppState {
  /// Enter: a command or a message.
  mutating func submit() -> [AppEffect] {
    let text = editor.text
    guard text.contains(where: { !$0.isWhitespace }) else { return [] }
    if let effects = runSlashCommand(text) { return effects }
    if reply != nil {
      tell("A reply is on its way: Esc stops it, then send")
      return []
    }
    history.add(text)
    editor.reset()
    if let edited {
      // The question becomes a sibling of the one it replaces.
      try? conversation.branch(before: edited)
      self.edited = nil
    }
    let message = conversation.append(.user, text, at: Date(timeIntervalSince1970: date))
    syncEntries()
    conversationView.scrollToEnd()
    return [.remember(text), .persist(.append(message))] + askForReply()
  }

  /// Asks for a reply to what is there, as soon as the model is ready.
  mutating func askForReply(continuing message: MessageID? = nil) -> [AppEffect] {
    replyNumber += 1
    reply = ReplyProgress(
      number: replyNumber, message: message, isContinuation: message != nil,
      policy: sampling.drawn(), startedAt: now)
    if case .absent = model {
      tell("There is no model yet: Ctrl-O chooses one; the message waits")
    }
    return startReply()
  }

  /// Starts the reply that waits, if the model is ready.
  mutating func startReply() -> [AppEffect] {
    guard var reply, reply.phase == .waitingForModel, model.summary != nil else { return [] }
    reply.phase = .preparing
    self.reply = reply
    return [
      .reply(
        ReplyRequest(
          number: reply.number, window: windowRequest(continuing: reply.isContinuation),
          policy: reply.policy, tokenLimit: sampling.tokenLimit,
          isContinuation: reply.isContinuation))
    ]
  }

  func windowRequest(continuing: Bool = false) -> WindowRequest {
    WindowRequest(
      system: conversation.systemPrompt ?? defaultSystemPrompt,
      turns: conversation.turns(continuing: continuing), format: format.current,
      previousStart: window?.start)
  }

  mutating func takeReply(_ action: AppAction) -> [AppEffect] {
    switch action {
    case .windowMeasured(let status):
      if reply == nil {
        window = status
        syncEntries()
      }
      return []
    case .replyPrepared(let number, let status) where number == reply?.number:
      return prepared(status)
    case .replyProgress(let number, let done, let total, let reused) where number == reply?.number:
      if reply?.prefillStartedAt == nil { reply?.prefillStartedAt = now }
      reply?.phase = .prefill(done: done, total: total, reused: reused)
      reply?.reusedTokenCount = reused
    case .replyText(let number, let text, let time) where number == reply?.number:
      return takeText(text, at: time)
    case .replyStopMatched(let number) where number == reply?.number:
      reply?.didMatchStop = true
    case .replyFinished(let number, let reason, let statistics) where number == reply?.number:
      let stop: Chat.StopReason =
        reply?.didMatchStop == true ? .stop : Chat.StopReason(rawValue: reason.rawValue)
      let message = reply?.message
      reply = nil
      lastStatistics = statistics
      if reason == .limit { tell("The reply reached its limit; Alt-c goes on") }
      return message.map { finish($0, stop: stop, statistics: statistics) } ?? []
    case .replyFailed(let number, let failure) where number == reply?.number:
      let message = reply?.message
      reply = nil
      tell(failure)
      return message.map { finish($0, stop: .error, statistics: nil) } ?? []
    default: break
    }
    return []
  }

  /// The prompt fits: from here on there is a message to fill.
  private mutating func prepared(_ status: WindowStatus) -> [AppEffect] {
    guard let reply else { return [] }
    if status.droppedTurnCount > (window?.droppedTurnCount ?? 0) {
      tell("The window is full: the oldest messages, shown dim, are no longer sent")
    }
    window = status
    let details = ReplyDetails(
      model: model.summary?.displayName, format: format.current.name,
      sampling: SamplingRecord(reply.policy))
    let message: Message
    if let id = reply.message, var known = conversation[id] {
      known.reply = details
      try? conversation.update(id) { $0.reply = details }
      message = known
    } else {
      message = conversation.append(
        .assistant, "", reply: details, at: Date(timeIntervalSince1970: date))
      self.reply?.message = message.id
    }
    syncEntries()
    return [.persist(.begin(message))]
  }

  private mutating func takeText(_ text: String, at time: Double) -> [AppEffect] {
    guard let id = reply?.message else { return [] }
    reply?.phase = .decoding
    if reply?.firstTokenAt == nil { reply?.firstTokenAt = time }
    reply?.tokenCount += 1
    reply?.recentTokens.append(time)
    if let oldest = reply?.recentTokens.first, time - oldest > 1, reply?.recentTokens.count ?? 0 > 4 {
      reply?.recentTokens.removeAll { time - $0 > 1 }
    }
    guard !text.isEmpty else { return [] }
    try? conversation.update(id) { $0.text += text }
    if let number = entryNumbers[id],
      let index = conversationView.entries.lastIndex(where: { $0.id == number })
    {
      conversationView.appendText(text, at: index)
    }
    return [.persist(.stream(text))]
  }

  /// Closes a reply's message with how it ended.
  mutating func finish(
    _ id: MessageID, stop: Chat.StopReason, statistics: GenerationStatistics?
  ) -> [AppEffect] {
    try? conversation.update(id) { message in
      message.reply?.stop = stop
      message.reply?.stats = statistics.map(ReplyStats.init)
    }
    if let statistics {
      window?.promptTokenCount = statistics.promptTokenCount + statistics.generatedTokenCount
    }
    syncEntries()
    return conversation[id].map { [.persist(.end($0))] } ?? []
  }

  // MARK: - What a person does about replies

  mutating func stop() -> [AppEffect] {
    if find != nil, reply == nil {
      find = nil
      markMatches()
    }
    guard let running = reply else {
      if edited != nil {
        edited = nil
        editor.reset()
        tell("Editing was given up")
      }
      return []
    }
    if running.phase == .waitingForModel {
      reply = nil
      tell("The message stays; Ctrl-R asks for a reply")
      return []
    }
    reply?.isStopping = true
    return [.cancelReply]
  }

  mutating func regenerate() -> [AppEffect] {
    guard reply == nil else {
      tell("A reply is on its way: Esc stops it")
      return []
    }
    guard let last = conversation.visiblePath.last else { return [] }
    if last.role == .assistant {
      try? conversation.branch(before: last.id)
      syncEntries()
      return [.persist(.head(conversation.head))] + askForReply()
    }
    return askForReply()
  }

  mutating func continueReply() -> [AppEffect] {
    guard reply == nil else { return [] }
    guard let last = conversation.visiblePath.last, last.role == .assistant, !last.text.isEmpty
    else {
      tell("There is no reply to go on with")
      return []
    }
    return askForReply(continuing: last.id)
  }

  mutating func editLast() -> [AppEffect] {
    guard reply == nil else {
      tell("A reply is on its way: Esc stops it, then edit")
      return []
    }
    let focused = focusedMessage.flatMap { $0.role == .user ? $0 : nil }
    guard let message = focused ?? conversation.last(.user) else { return [] }
    edited = message.id
    editor.setText(message.text)
    focus = .input
    conversationView.setFocus(nil)
    tell("Enter asks this instead, on a branch of its own; Esc gives up")
    return []
  }

  mutating func selectBranch(_ offset: Int) -> [AppEffect] {
    guard reply == nil else { return [] }
    let candidates = focusedMessage.map { [$0] } ?? conversation.visiblePath.reversed()
    guard let message = candidates.first(where: { conversation.siblings(of: $0.id).count > 1 })
    else {
      tell("There is only one version: Ctrl-R makes another reply")
      return []
    }
    guard conversation.selectSibling(of: message.id, offset: offset) != nil else { return [] }
    syncEntries()
    return [.persist(.head(conversation.head)), .measureWindow(windowRequest())]
  }
}
