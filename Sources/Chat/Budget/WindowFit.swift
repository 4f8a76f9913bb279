/// What of a conversation is in the window, and where the tokens go.
package struct WindowFit: Sendable, Equatable {
  /// A turn's share of the window.
  package struct Share: Sendable, Equatable {
    package var id: MessageID
    /// With the format's own tokens around it. Counted for the turn alone: where two turns
    /// meet, the whole prompt can differ by a token, which `overheadTokenCount` takes up.
    package var tokenCount: Int
  }

  /// The turns that the model sees, oldest first.
  package var turns: [Turn]
  /// The prompt itself: what was counted is what the model gets.
  package var segments: [FormatSegment]
  /// The first turn inside; hand it to the next fit as `previousStart`. `nil` without turns.
  package var start: MessageID?
  /// Turns outside, all before `start`.
  package var droppedTurnCount: Int
  /// The start moved since the previous fit, so that the prompt's beginning has changed.
  package var didMoveStart: Bool
  /// One for each of `turns`.
  package var shares: [Share]
  /// Tokens of the whole prompt.
  package var promptTokenCount: Int
  package var windowTokenCount: Int
  /// Tokens kept free for the reply.
  package var reserveTokenCount: Int

  /// System prompt, preamble and the opening of the reply.
  package var overheadTokenCount: Int {
    promptTokenCount - shares.reduce(0) { $0 + $1.tokenCount }
  }
  /// Tokens that neither the prompt nor the reserve takes.
  package var freeTokenCount: Int { windowTokenCount - reserveTokenCount - promptTokenCount }
  /// Tokens that a reply may have before the window is full; at least the reserve.
  package var replyTokenLimit: Int { windowTokenCount - promptTokenCount }
}
