import FoundationEssentials

extension Conversation {
  /// Adds a message under the head and makes it the head. Returns it with its new id.
  @discardableResult
  package mutating func append(
    _ role: Role, _ text: String, input: String? = nil, reply: ReplyDetails? = nil, at date: Date
  ) -> Message {
    let message = Message(
      id: unusedID(for: date), parent: head, role: role, text: text, input: input, date: date,
      reply: reply)
    // The id is new and the parent is the head, so there is nothing that could fail.
    try? insert(message)
    return message
  }

  /// Goes back before a message, so that what is appended next becomes its sibling: before a
  /// reply to make it again, before a question to ask it differently.
  package mutating func branch(before id: MessageID) throws(ChatError) {
    guard let message = self[id] else {
      throw ChatError(.unknownMessage, at: id, "no such message")
    }
    try moveHead(to: message.parent)
  }

  /// Goes `offset` siblings on from a message (−1 back, 1 forth), to the end of that branch.
  /// Returns the sibling, or `nil` when there is none that way.
  @discardableResult
  package mutating func selectSibling(of id: MessageID, offset: Int) -> Message? {
    let siblings = siblings(of: id)
    guard let index = siblings.firstIndex(where: { $0.id == id }),
      siblings.indices.contains(index + offset)
    else { return nil }
    let sibling = siblings[index + offset]
    try? select(sibling.id)
    return sibling
  }

  /// Where a message stands among its siblings, for "2/3": index from 0, and count.
  package func siblingPosition(of id: MessageID) -> (index: Int, count: Int)? {
    let siblings = siblings(of: id)
    guard let index = siblings.firstIndex(where: { $0.id == id }) else { return nil }
    return (index, siblings.count)
  }

  /// Hides a message or shows it again; its place in the tree stays.
  package mutating func setHidden(_ id: MessageID, _ isHidden: Bool) throws(ChatError) {
    try update(id) { $0.isHidden = isHidden }
  }

  /// The path's last message that is a reply, or a question, and is not hidden.
  package func last(_ role: Role) -> Message? {
    visiblePath.last { $0.role == role }
  }

  private func unusedID(for date: Date) -> MessageID {
    var generator = SystemRandomNumberGenerator()
    while true {
      let id = SortableID.make(date: date, using: &generator)
      if self[id] == nil { return id }
    }
  }
}
