/// Decides which turns of a conversation the model sees.
///
/// The system prompt and the newest exchange (the last user turn and what follows it) are
/// always in. Older exchanges leave whole, oldest first, and in blocks: a drop frees at least
/// a quarter of the window beyond the reserve for the reply, where the newest exchange allows
/// it, so that the prompt keeps its beginning, and the model its cache, for several turns.
package struct ContextBudget: Sendable, Equatable {
  /// Tokens that the model's window holds.
  package var windowTokenCount: Int
  /// Tokens kept free for the reply.
  package var reserveTokenCount: Int
  /// Tokens that the tokenizer puts before every prompt: 1 where there is a
  /// beginning-of-sequence token. The count function leaves them out.
  package var leadTokenCount: Int

  /// - Parameter wantedReserve: cut to a quarter of the window, and at least 1.
  package init(windowTokenCount: Int, wantedReserve: Int = 512, leadTokenCount: Int = 0) {
    self.windowTokenCount = windowTokenCount
    self.reserveTokenCount = max(1, min(wantedReserve, windowTokenCount / 4))
    self.leadTokenCount = leadTokenCount
  }

  /// Tokens that a prompt may have.
  package var promptTokenLimit: Int { windowTokenCount - reserveTokenCount }

  /// What a prompt should have at most after a drop: room for a quarter of the window.
  package var dropTarget: Int { promptTokenLimit - windowTokenCount / 4 }
}

/// Token counts of turns that are known already, so that each turn is counted once.
///
/// Keep one for as long as model and format stay the same; `removeAll` when either changes.
package struct TurnCounts: Sendable {
  private struct Key: Hashable {
    var id: MessageID
    /// A reply that is gone on with keeps its id and grows.
    var byteCount: Int
    var inputByteCount: Int
    var isFinished: Bool
    var format: String
  }

  private var counts: [Key: Int] = [:]

  package init() {}

  package mutating func removeAll() { counts = [:] }

  /// The turn's tokens with its format's own. Turns without an id are counted every time.
  mutating func count(
    _ turn: Turn, _ format: PromptFormat, with count: ([FormatSegment]) throws -> Int
  ) throws -> Int {
    let key = Key(
      id: turn.id, byteCount: turn.text.utf8.count,
      inputByteCount: turn.input?.utf8.count ?? 0, isFinished: turn.isFinished,
      format: format.name)
    if !turn.id.isEmpty, let known = counts[key] { return known }
    let result = try count(format.render(turn: turn))
    if !turn.id.isEmpty { counts[key] = result }
    return result
  }
}
