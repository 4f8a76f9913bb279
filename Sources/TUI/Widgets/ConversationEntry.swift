/// One entry of a conversation as it is shown: a message, or a line between messages.
package struct ConversationEntry: Hashable, Sendable {
  package enum Kind: Hashable, Sendable {
    case message
    /// A line across, with `label` in its middle.
    case separator
  }

  /// A stretch of the text that looks otherwise than the rest.
  package struct Span: Hashable, Sendable {
    /// Offsets into the text's UTF-8, on boundaries of graphemes.
    package var range: Range<Int>
    package var role: Role

    package init(range: Range<Int>, role: Role) {
      self.range = range
      self.role = role
    }
  }

  /// The program's own name for the entry.
  package var id: Int
  package var kind: Kind
  /// The line above the text, such as "You"; empty for none.
  package var label: String
  /// Right of the label, dim, dropped where there is no room.
  package var aside: String
  /// How the text looks; the label takes the same role with `.label`.
  package var role: Role
  /// May come from anywhere.
  package var text: String
  /// A line below the text, such as how the reply ended; empty for none.
  package var note: String
  /// Laid over with `message.outside`: no longer part of what is sent.
  package var isOutside: Bool
  /// Sorted and without overlap; laid over the role's style.
  package var spans: [Span]

  package init(
    id: Int, kind: Kind = .message, label: String = "", aside: String = "", role: Role = .text,
    text: String = "", note: String = "", isOutside: Bool = false, spans: [Span] = []
  ) {
    self.id = id
    self.kind = kind
    self.label = label
    self.aside = aside
    self.role = role
    self.text = text
    self.note = note
    self.isOutside = isOutside
    self.spans = spans
  }

  package static func separator(id: Int, _ label: String) -> ConversationEntry {
    ConversationEntry(id: id, kind: .separator, label: label, role: .messageNote)
  }
}
