import Chat
import FoundationEssentials
import Kernel

extension LinearChat {
  /// Makes a reply to what is there, or more of the last one, prints and saves it as it comes.
  ///
  /// Ctrl-C ends it; what came so far is kept.
  mutating func reply(continuing known: Message? = nil) throws {
    let fit = try fitWindow(continuing: known != nil)
    if fit.droppedTurnCount > window.droppedTurnCount {
      LinearNote.say(
        "the window is full: the oldest \(fit.droppedTurnCount) messages are no longer sent")
    }
    window = (fit.start, fit.droppedTurnCount)
    let policy = sampling.drawn()
    let message = begin(policy, continuing: known)
    transcript.write { try $0.begin(message) }

    let request = GenerationRequest(
      tokens: model.tokenizer.prompt(fit.segments), sampling: policy,
      tokenLimit: min(sampling.tokenLimit ?? .max, fit.replyTokenLimit),
      isContinuation: known != nil, drafting: drafting)
    var text = ""
    var printed = PrintedReply()
    do {
      try printed.begin()
      let reply = try engine.generate(request, stops: format.stops, showsProgress: false) { piece in
        text += piece
        transcript.write { piece.isEmpty ? try $0.flushIfDue() : try $0.stream(piece) }
        try printed.add(piece)
      }
      end(message, adding: text, stop: reply.stop, statistics: reply.statistics)
      lastReply = reply
      try printed.end()
      LinearNote.say(Self.rates(reply))
      if reply.stop == .cancelled { LinearNote.say("stopped; /continue goes on") }
      if reply.stop == .limit { LinearNote.say("cut at the limit; /continue goes on") }
      // A Ctrl-C that stopped the reply is dealt with.
      if isInteractive && !Interrupt.isFinal { Interrupt.install() }
    } catch {
      end(message, adding: text, stop: error is OutputClosed ? .cancelled : .error, statistics: nil)
      try? printed.end()
      throw error
    }
  }

  private mutating func fitWindow(continuing: Bool) throws -> WindowFit {
    let tokenizer = model.tokenizer
    let budget = ContextBudget(
      windowTokenCount: model.contextLength, leadTokenCount: tokenizer.lead.count)
    return try budget.fit(
      system: conversation.systemPrompt ?? config.system,
      turns: conversation.turns(continuing: continuing), format: format,
      previousStart: window.start, counts: &counts
    ) { tokenizer.encode($0).count }
  }

  /// The message that the reply fills, with how it is made.
  private mutating func begin(_ policy: SamplingPolicy, continuing known: Message?) -> Message {
    let details = ReplyDetails(
      model: model.displayName, format: format.name, sampling: SamplingRecord(policy))
    guard var message = known else {
      return conversation.append(.assistant, "", reply: details, at: Date())
    }
    message.reply = details
    return message
  }

  private mutating func end(
    _ message: Message, adding text: String, stop: Chat.StopReason?,
    statistics: GenerationStatistics?
  ) {
    var message = message
    message.text += text
    message.reply?.stop = stop ?? .error
    message.reply?.stats = statistics.map(ReplyStats.init)
    let whole = message
    try? conversation.update(whole.id) { $0 = whole }
    transcript.write { try $0.end(whole) }
  }

  /// `42 tokens, 180.3 tokens/s, first token after 60 ms, 20 of 28 drafted tokens accepted`.
  static func rates(_ reply: Reply) -> String {
    var parts = ["\(reply.tokens.count) tokens"]
    if let rate = reply.statistics?.decodeTokensPerSecond {
      parts.append("\(Readable.oneDecimal(rate)) tokens/s")
    }
    if let first = reply.statistics?.firstTokenSeconds {
      parts.append("first token after \(Readable.seconds(first))")
    }
    if let drafts = reply.statistics?.readableDrafts { parts.append(drafts) }
    return parts.joined(separator: ", ")
  }
}

/// A reply on standard output: its label, its text without the white space around it, a line end.
private struct PrintedReply {
  private var hasText = false
  private var heldBack = ""

  mutating func begin() throws { try StandardStreams.write("Assistant: ") }

  mutating func add(_ piece: String) throws {
    var visible = VisibleText.withoutControls(piece)[...]
    if !hasText { visible = visible.drop(while: \.isWhitespace) }
    // White space at the end waits for what follows it.
    let text = heldBack + visible
    let end = text.lastIndex { !$0.isWhitespace }.map { text.index(after: $0) } ?? text.startIndex
    heldBack = String(text[end...])
    guard end > text.startIndex else { return }
    hasText = true
    try StandardStreams.write(String(text[..<end]))
  }

  func end() throws { try StandardStreams.write("\n") }
}
