import FoundationEssentials

/// A message's id: unique within its conversation; see `SortableID`.
package typealias MessageID = String

/// One message of a conversation. Its parent is the message it answers or follows.
package struct Message: Sendable, Equatable, Identifiable {
  package let id: MessageID
  /// `nil` for the first message of a branch that starts the conversation.
  package var parent: MessageID?
  package var role: Role
  /// Exactly what was typed or generated; never trimmed, so that a prompt made of it begins
  /// with the tokens that were computed when it was made. Hostile: it may hold anything.
  package var text: String
  /// A second text that the message is about, such as a piped document: Alpaca's "Input".
  /// Formats without a place for it put it after the text, an empty line between.
  package var input: String?
  /// Whole milliseconds.
  package var date: Date
  /// How a reply came about; `nil` for what people wrote.
  package var reply: ReplyDetails?
  /// Deleted by the user, which can be undone: kept out of prompts and of the screen.
  package var isHidden: Bool

  package init(
    id: MessageID, parent: MessageID?, role: Role, text: String, input: String? = nil,
    date: Date, reply: ReplyDetails? = nil, isHidden: Bool = false
  ) {
    self.id = id
    self.parent = parent
    self.role = role
    self.text = text
    self.input = input
    self.date = Timestamp.rounded(date)
    self.reply = reply
    self.isHidden = isHidden
  }

  /// The same message under another id.
  func with(id: MessageID) -> Message {
    Message(
      id: id, parent: parent, role: role, text: text, input: input, date: date, reply: reply,
      isHidden: isHidden)
  }
}
