extension ContextBudget {
  /// Chooses the turns for the next reply and renders the prompt.
  ///
  /// The start stays at `previousStart` while the prompt fits from there, and moves forward
  /// when it does not. It moves back only when the turns from there take less than half of
  /// the window and an earlier start leaves the room that a drop would (a larger window, a
  /// branch that left the conversation shorter); a start that is not on the path counts for
  /// nothing.
  ///
  /// - Parameters:
  ///   - system: as in `PromptFormat.render`.
  ///   - turns: the whole path, oldest first.
  ///   - previousStart: `WindowFit.start` of the last fit of this conversation.
  ///   - counts: counts known from earlier fits; filled further.
  ///   - count: tokens of a list of segments, without `leadTokenCount`.
  /// - Throws: `.systemPromptTooLong`, `.newestTurnTooLong` with the tokens over the limit;
  ///   `.countFailed` when `count` throws.
  /// - Complexity: one count for each turn inside that is not known, from the newest back
  ///   until the window is full, and one of the whole prompt (a few when a drop is needed).
  package func fit(
    system: String?, turns: [Turn], format: PromptFormat, previousStart: MessageID?,
    counts: inout TurnCounts, count: ([FormatSegment]) throws -> Int
  ) throws(ChatError) -> WindowFit {
    do {
      return try choose(
        system: system, turns: turns, format: format, previousStart: previousStart,
        counts: &counts, count: count)
    } catch let error as ChatError {
      throw error
    } catch {
      throw ChatError(.countFailed, at: format.name, "counting tokens failed", cause: error)
    }
  }

  private func choose(
    system: String?, turns: [Turn], format: PromptFormat, previousStart: MessageID?,
    counts: inout TurnCounts, count: ([FormatSegment]) throws -> Int
  ) throws -> WindowFit {
    let starts = exchangeStarts(turns)
    let newest = starts.last ?? 0
    let previous = previousStart.flatMap { id in starts.last { turns[$0].id == id } }
    func prompt(from start: Int) throws -> Prompt {
      let segments = format.render(system: system, turns: Array(turns[start...]))
      let tokenCount = try count(segments) + leadTokenCount
      return Prompt(start: start, segments: segments, tokenCount: tokenCount)
    }
    let overhead = try count(format.render(system: system, turns: [])) + leadTokenCount
    var estimates = Estimates(overhead: overhead, end: turns.count)
    /// The first start from which the prompt is estimated to have at most `limit` tokens.
    func earliestStart(limit: Int) throws -> Int {
      var result = newest
      for start in starts.reversed() {
        let tokenCount = try estimates.tokenCount(from: start) {
          try counts.count(turns[$0], format, with: count)
        }
        if tokenCount > limit { break }
        result = start
      }
      return result
    }

    let earliestRoomy = try earliestStart(limit: dropTarget)
    var isDrop = false
    var chosen: Prompt
    if let previous {
      chosen = try prompt(from: previous)
    } else {
      isDrop = try earliestStart(limit: promptTokenLimit) > 0
      chosen = try prompt(from: isDrop ? earliestRoomy : 0)
    }
    if let previous, chosen.tokenCount <= windowTokenCount / 2, earliestRoomy < previous {
      let earlier = try prompt(from: earliestRoomy)
      // The estimate may be short by a few tokens; taking it anyway would move the start to
      // and fro.
      if earlier.tokenCount <= dropTarget { chosen = earlier }
    }
    if isDrop || chosen.tokenCount > promptTokenLimit {
      chosen = try prompt(from: max(chosen.start, earliestRoomy))
      while chosen.tokenCount > dropTarget, let next = starts.first(where: { $0 > chosen.start }) {
        chosen = try prompt(from: next)
      }
    }
    let excess = chosen.tokenCount - promptTokenLimit
    if excess > 0 {
      throw tooLong(excess: excess, overhead: overhead, newest: turns.last)
    }
    let shares = try turns[chosen.start...].map { turn in
      WindowFit.Share(id: turn.id, tokenCount: try counts.count(turn, format, with: count))
    }
    return WindowFit(
      turns: Array(turns[chosen.start...]), segments: chosen.segments,
      start: turns.isEmpty ? nil : turns[chosen.start].id, droppedTurnCount: chosen.start,
      didMoveStart: chosen.start != previous ?? 0, shares: shares,
      promptTokenCount: chosen.tokenCount, windowTokenCount: windowTokenCount,
      reserveTokenCount: reserveTokenCount)
  }

  /// Indices at which an exchange begins: the first turn, and every turn that is no reply and
  /// does not follow a system turn. A question that got no reply is an exchange of its own,
  /// so that one that was too long for the window does not hold on to the next.
  private func exchangeStarts(_ turns: [Turn]) -> [Int] {
    turns.indices.filter { index in
      index == 0 || (turns[index].role != .assistant && turns[index - 1].role != .system)
    }
  }

  private func tooLong(excess: Int, overhead: Int, newest: Turn?) -> ChatError {
    let systemExcess = overhead - promptTokenLimit
    if systemExcess > 0 || newest == nil {
      return ChatError(
        .systemPromptTooLong, at: "system prompt",
        "\(overhead) tokens where \(promptTokenLimit) fit", tokenCount: max(systemExcess, excess))
    }
    return ChatError(
      .newestTurnTooLong, at: newest?.id ?? "",
      "\(excess) tokens over the \(promptTokenLimit) that fit", tokenCount: excess)
  }
}

/// A prompt under consideration.
private struct Prompt {
  var start: Int
  var segments: [FormatSegment]
  var tokenCount: Int
}

/// Sums of the turns' own counts, from the newest turn backwards, as far as they were asked
/// for: a conversation of ten thousand turns is not counted to fill a small window.
private struct Estimates {
  let overhead: Int
  private let end: Int
  /// `sums[i]` is the sum from turn `end − i` on.
  private var sums = [0]

  init(overhead: Int, end: Int) {
    self.overhead = overhead
    self.end = end
  }

  mutating func tokenCount(from start: Int, count: (Int) throws -> Int) rethrows -> Int {
    while sums.count <= end - start {
      sums.append(sums[sums.count - 1] + (try count(end - sums.count)))
    }
    return overhead + sums[end - start]
  }
}
