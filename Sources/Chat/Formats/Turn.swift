/// What a prompt format needs to know of a message.
package struct Turn: Sendable, Equatable, Identifiable {
  package var id: MessageID
  package var role: Role
  package var text: String
  /// See `Message.input`.
  package var input: String?
  /// `false` only for a reply that the model is to go on with; the last turn then.
  package var isFinished: Bool

  package init(
    id: MessageID = "", role: Role, text: String, input: String? = nil, isFinished: Bool = true
  ) {
    self.id = id
    self.role = role
    self.text = text
    self.input = input
    self.isFinished = isFinished
  }
}

extension Conversation {
  /// The visible path as turns, ready for a prompt. Replies without text are left out: they
  /// would teach the model to say nothing.
  ///
  /// - Parameter continuing: the path's last message is a reply that the model shall go on
  ///   with; otherwise a new reply to the path is asked for.
  package func turns(continuing: Bool = false) -> [Turn] {
    var turns = visiblePath.compactMap { message -> Turn? in
      if message.role == .assistant && message.text.isEmpty { return nil }
      return Turn(id: message.id, role: message.role, text: message.text, input: message.input)
    }
    if continuing, let last = turns.indices.last, turns[last].role == .assistant {
      turns[last].isFinished = false
    }
    return turns
  }
}
