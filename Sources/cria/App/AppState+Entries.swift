import Chat
import TUI

/// The conversation as entries on the screen.
extension AppState {
  /// Brings the entries in line with the conversation, touching only what differs, so that the
  /// reader's place and the laid-out text stay. O(path): for changes of the structure, not for
  /// every token.
  mutating func syncEntries() {
    let wanted = makeEntries()
    moveSeparator(to: wanted.firstIndex { $0.kind == .separator })
    let present = conversationView.entries
    let common = min(wanted.count, present.count)
    let same = (0..<common).first { wanted[$0].id != present[$0].id } ?? common
    let changed = (0..<same).filter { wanted[$0] != present[$0] }
    // Many at once, as when a search ends or the window moves on, go in one piece.
    if let first = changed.first, let last = changed.last, changed.count > 32 {
      conversationView.replace(first..<last + 1, with: Array(wanted[first...last]))
    } else {
      for index in changed {
        let entry = wanted[index]
        conversationView.update(at: index) { $0 = entry }
      }
    }
    if same < present.count || same < wanted.count {
      conversationView.replace(same..<present.count, with: Array(wanted[same...]))
    }
  }

  /// Takes the line between outside and inside to its new place by itself, so that the
  /// messages around it keep theirs.
  private mutating func moveSeparator(to wanted: Int?) {
    let present = conversationView.entries.firstIndex { $0.kind == .separator }
    guard present != wanted else { return }
    if let present { conversationView.replace(present..<present + 1, with: []) }
    if let wanted, wanted <= conversationView.entries.count {
      conversationView.replace(wanted..<wanted, with: [Self.separator])
    }
  }

  private static let separator = ConversationEntry.separator(
    id: 0, "the window starts here: what is above is not sent")

  private mutating func makeEntries() -> [ConversationEntry] {
    let path = conversation.visiblePath
    // Nothing is outside while the start is the first message or not on this path.
    let start = window?.start.flatMap { id in path.firstIndex { $0.id == id } } ?? 0
    var entries: [ConversationEntry] = []
    entries.reserveCapacity(path.count + 1)
    for (index, message) in path.enumerated() {
      if index == start, start > 0 { entries.append(Self.separator) }
      entries.append(makeEntry(message, isOutside: index < start))
    }
    return entries
  }

  private mutating func makeEntry(_ message: Message, isOutside: Bool) -> ConversationEntry {
    let number = entryNumbers[message.id] ?? entryNumbers.count + 1
    entryNumbers[message.id] = number
    var aside: [String] = []
    if let place = conversation.siblingPosition(of: message.id), place.count > 1 {
      aside.append("\(place.index + 1)/\(place.count)")
    }
    if let model = message.reply?.model { aside.append(model) }
    if isOutside { aside.append("outside the window") }
    var text = message.text
    if let input = message.input, !input.isEmpty { text += "\n\n" + input }
    let matches = find.map { TextSearch.ranges(of: $0.text, in: text) } ?? []
    return ConversationEntry(
      id: number, label: Self.label(of: message.role), aside: aside.joined(separator: " \u{B7} "),
      role: Self.role(of: message.role), text: text, note: note(of: message),
      isOutside: isOutside,
      spans: matches.map { ConversationEntry.Span(range: $0, role: .menuMatch) })
  }

  private static func label(of role: Chat.Role) -> String {
    switch role {
    case .user: "You"
    case .assistant: "Assistant"
    case .system: "System"
    }
  }

  private static func role(of role: Chat.Role) -> TUI.Role {
    switch role {
    case .user: .messageUser
    case .assistant: .messageAssistant
    case .system: .messageSystem
    }
  }

  /// How a reply ended, where it did not end by itself.
  private func note(of message: Message) -> String {
    guard message.role == .assistant, let stop = message.reply?.stop else { return "" }
    let again = "Ctrl-R makes it again"
    if message.text.isEmpty {
      return (stop.isComplete ? "an empty reply" : "no reply") + " \u{B7} \(again)"
    }
    switch stop {
    case .cancelled: return "stopped \u{B7} Alt-C goes on, \(again)"
    case .interrupted: return "interrupted: the program ended here \u{B7} Alt-C goes on"
    case .limit: return "cut at the limit \u{B7} Alt-C goes on"
    case .error: return "broken off by an error \u{B7} \(again)"
    default: return ""
    }
  }

  /// Adds streamed text to its message and to its entry; costs by the text added.
  mutating func appendText(_ text: String, to id: MessageID) {
    try? conversation.update(id) { $0.text += text }
    guard let number = entryNumbers[id],
      let index = conversationView.entries.lastIndex(where: { $0.id == number })
    else { return }
    conversationView.appendText(text, at: index)
  }

  /// Shows another conversation from its end.
  mutating func show(_ conversation: Conversation) {
    giveUpEditing()
    self.conversation = conversation
    isOpening = false
    entryNumbers = [:]
    window = nil
    lastStatistics = nil
    find = nil
    copiedBlock = nil
    focus = .input
    conversationView = ConversationView()
    conversationView.setEntries(makeEntries())
  }

  /// The message of the entry with the focus.
  var focusedMessage: Message? {
    guard focus == .conversation, let index = conversationView.focus else { return nil }
    let number = conversationView.entries[index].id
    return entryNumbers.first { $0.value == number }.flatMap { conversation[$0.key] }
  }
}
