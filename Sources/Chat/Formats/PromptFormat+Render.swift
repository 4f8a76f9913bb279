extension PromptFormat {
  /// The prompt for the next reply, or, when the last turn is an unfinished reply, for going
  /// on with that one.
  ///
  /// Adding to a conversation adds to its prompt: the prompt of a conversation is a prefix of
  /// the prompt after the reply and more turns, so that a model's cache stays good.
  ///
  /// - Parameters:
  ///   - system: `nil` for the format's default, empty for none.
  ///   - turns: oldest first. A system turn among them is written as one where the format has
  ///     such turns, and as the user's where it has not.
  /// - Returns: segments without empty ones; neighbours differ in kind. O(text).
  package func render(system: String?, turns: [Turn]) -> [FormatSegment] {
    var segments = SegmentList()
    append(openingFor: system, firstTurn: turns.first, to: &segments)
    for (index, turn) in turns.enumerated() {
      let isOpened = index == 0 && opensUserTurn(system: system, firstTurn: turn)
      let isUnfinished = index == turns.count - 1 && !turn.isFinished
      append(turn, isOpened: isOpened, isUnfinished: isUnfinished, to: &segments)
    }
    if turns.last.map({ $0.isFinished || $0.role != .assistant }) ?? true {
      segments.append(assistantBefore, isFormat: true)
    }
    return segments.segments
  }

  /// One finished turn on its own, as it stands in the middle of a prompt: for counting.
  package func render(turn: Turn) -> [FormatSegment] {
    var segments = SegmentList()
    append(
      turn, isOpened: false, isUnfinished: !turn.isFinished && turn.role == .assistant,
      to: &segments)
    return segments.segments
  }

  private func isPlaced(_ system: String?) -> String? {
    let text = system ?? defaultSystemPrompt ?? ""
    return text.isEmpty ? nil : text
  }

  /// The system prompt stands within the first turn and has opened it.
  private func opensUserTurn(system: String?, firstTurn: Turn) -> Bool {
    systemPlacement == .firstUserTurn && firstTurn.role != .assistant
      && isPlaced(system) != nil
  }

  private func append(
    openingFor system: String?, firstTurn: Turn?, to segments: inout SegmentList
  ) {
    if let text = isPlaced(system) {
      segments.append(systemBefore, isFormat: true)
      segments.append(text, isFormat: false)
      segments.append(systemAfter, isFormat: true)
    } else if system == nil {
      let hasInput = firstTurn?.givenInput != nil
      segments.append(hasInput ? preambleWithInput ?? preamble : preamble, isFormat: true)
    }
    if systemPlacement == .firstUserTurn, isPlaced(system) != nil, firstTurn?.role == .assistant {
      // A greeting by the assistant before anybody spoke: close the turn that was opened.
      segments.append(userAfter, isFormat: true)
    }
  }

  private func append(
    _ turn: Turn, isOpened: Bool, isUnfinished: Bool, to segments: inout SegmentList
  ) {
    switch turn.role {
    case .system where systemPlacement == .ownTurn && !isOpened:
      segments.append(systemBefore, isFormat: true)
      segments.append(turn.text, isFormat: false)
      segments.append(systemAfter, isFormat: true)
    case .system, .user:
      if !isOpened { segments.append(userBefore, isFormat: true) }
      segments.append(turn.text, isFormat: false)
      if let input = turn.givenInput {
        segments.append(inputBefore, isFormat: true)
        segments.append(input, isFormat: false)
      }
      segments.append(userAfter, isFormat: true)
    case .assistant:
      segments.append(assistantBefore, isFormat: true)
      if let first = turn.text.unicodeScalars.first, !first.properties.isWhitespace {
        segments.append(replyLead, isFormat: true)
      }
      segments.append(turn.text, isFormat: false)
      if !isUnfinished { segments.append(assistantAfter, isFormat: true) }
    }
  }
}

extension Turn {
  /// The input when it says anything.
  fileprivate var givenInput: String? {
    guard let input, !input.isEmpty else { return nil }
    return input
  }
}

/// Segments under construction: neighbours of a kind are joined, empty ones left out.
private struct SegmentList {
  var segments: [FormatSegment] = []

  mutating func append(_ text: String, isFormat: Bool) {
    if text.isEmpty { return }
    if let last = segments.indices.last, segments[last].isFormat == isFormat {
      segments[last].text += text
    } else {
      segments.append(FormatSegment(text, isFormat: isFormat))
    }
  }
}
