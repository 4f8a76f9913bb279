import Chat
import FoundationEssentials
import TUI

/// The conversation as entries on the screen, and what is done with them.
extension AppState {
  /// Brings the entries in line with the conversation, touching only what differs, so that the
  /// reader's place and the laid-out text stay.
  mutating func syncEntries() {
    let wanted = makeEntries()
    let present = conversationView.entries
    var same = 0
    while same < min(wanted.count, present.count), wanted[same].id == present[same].id,
      wanted[same].kind == present[same].kind
    {
      if wanted[same] != present[same] {
        let entry = wanted[same]
        conversationView.update(at: same) { $0 = entry }
      }
      same += 1
    }
    if same < present.count || same < wanted.count {
      conversationView.replace(same..<present.count, with: Array(wanted[same...]))
    }
    if find != nil { markMatches() }
  }

  private mutating func makeEntries() -> [ConversationEntry] {
    let path = conversation.visiblePath
    // Nothing is outside while the start is the first message or not on this path.
    let start = window?.start.flatMap { id in path.firstIndex { $0.id == id } } ?? 0
    var entries: [ConversationEntry] = []
    for (index, message) in path.enumerated() {
      if index == start, start > 0 {
        entries.append(.separator(id: 0, "the window starts here: what is above is not sent"))
      }
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
    return ConversationEntry(
      id: number, label: label(of: message.role), aside: aside.joined(separator: " \u{B7} "),
      role: role(of: message.role), text: text, note: note(of: message), isOutside: isOutside)
  }

  private func label(of role: Chat.Role) -> String {
    switch role {
    case .user: "You"
    case .assistant: "Assistant"
    case .system: "System"
    }
  }

  private func role(of role: Chat.Role) -> TUI.Role {
    switch role {
    case .user: .messageUser
    case .assistant: .messageAssistant
    case .system: .messageSystem
    }
  }

  private func note(of message: Message) -> String {
    guard message.role == .assistant, let stop = message.reply?.stop else { return "" }
    switch stop {
    case .cancelled: return "stopped \u{B7} Alt-c goes on, Ctrl-R makes it again"
    case .interrupted: return "interrupted: the program ended here \u{B7} Alt-c goes on"
    case .limit: return "cut at the limit \u{B7} Alt-c goes on"
    case .error: return "broken off by an error \u{B7} Ctrl-R makes it again"
    default: return ""
    }
  }

  /// Shows another conversation from its end.
  mutating func show(_ conversation: Conversation) {
    self.conversation = conversation
    entryNumbers = [:]
    window = nil
    edited = nil
    lastStatistics = nil
    find = nil
    conversationView = ConversationView()
    conversationView.setEntries(makeEntries())
  }

  mutating func startNew() -> [AppEffect] {
    guard reply == nil else {
      tell("A reply is on its way: Esc stops it")
      return []
    }
    var fresh = Conversation.new(at: Date(timeIntervalSince1970: date))
    fresh.systemPrompt = defaultSystemPrompt
    show(fresh)
    transcript = .unsaved
    focus = .input
    return [.startTranscript(fresh), .measureWindow(windowRequest())]
  }

  // MARK: - Focus, copying, finding

  var focusedMessage: Message? {
    guard focus == .conversation, let index = conversationView.focus else { return nil }
    let number = conversationView.entries[index].id
    return entryNumbers.first { $0.value == number }.flatMap { conversation[$0.key] }
  }

  mutating func copyMessage() -> [AppEffect] {
    guard let message = focusedMessage ?? conversation.last(.assistant) else { return [] }
    return [.copy(message.text)]
  }

  /// Copies the code blocks of a message one after the other.
  mutating func copyCode() -> [AppEffect] {
    guard let message = focusedMessage ?? conversation.last(.assistant) else { return [] }
    let blocks = CodeBlocks.find(in: message.text)
    guard !blocks.isEmpty else {
      tell("There is no code block in this message")
      return []
    }
    let next = copiedBlock?.message == message.id ? (copiedBlock?.index ?? -1) + 1 : 0
    copiedBlock = CopiedBlock(message: message.id, index: next % blocks.count)
    return [.copy(blocks[next % blocks.count])]
  }

  /// Lights the matches up in every entry.
  mutating func markMatches() {
    for index in conversationView.entries.indices {
      let spans = find.map { TextSearch.ranges(of: $0, in: conversationView.entries[index].text) }
      let wanted = (spans ?? []).map { ConversationEntry.Span(range: $0, role: .menuMatch) }
      if conversationView.entries[index].spans != wanted {
        conversationView.update(at: index) { $0.spans = wanted }
      }
    }
  }

  /// Goes to the next entry with a match, from the one with the focus or the end.
  mutating func findNext(step: Int) {
    guard let find else { return }
    let matching = conversationView.entries.indices.filter {
      !conversationView.entries[$0].spans.isEmpty
    }
    guard !matching.isEmpty else {
      tell("'\(find)' is not in this conversation")
      return
    }
    let present = conversationView.focus ?? conversationView.entries.count
    let next =
      step > 0
      ? matching.first { $0 > present } ?? matching[0]
      : matching.last { $0 < present } ?? matching[matching.count - 1]
    focus = .conversation
    conversationView.setFocus(next)
    if let span = conversationView.entries[next].spans.first {
      conversationView.reveal(entry: next, utf8Offset: span.range.lowerBound)
    }
    tell("\(matching.count) messages with '\(find)'; n and N go on, Esc ends")
  }
}

/// Fenced blocks in Markdown text.
enum CodeBlocks {
  /// What stands between the fences, without them. An open block at the end counts.
  static func find(in text: String) -> [String] {
    var blocks: [String] = []
    var current: [Substring]?
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.drop(while: { $0 == " " }).hasPrefix("```") {
        if let lines = current { blocks.append(lines.joined(separator: "\n")) }
        current = current == nil ? [] : nil
      } else {
        current?.append(line)
      }
    }
    if let current, !current.isEmpty { blocks.append(current.joined(separator: "\n")) }
    return blocks
  }
}

/// Finding text in text, letter case aside.
enum TextSearch {
  /// UTF-8 ranges of the matches, from left to right, without overlap.
  static func ranges(of needle: String, in text: String) -> [Range<Int>] {
    guard let first = needle.first else { return [] }
    let wanted = needle.lowercased()
    let initials = first.lowercased()
    var ranges: [Range<Int>] = []
    var index = text.startIndex
    while index < text.endIndex {
      if text[index].lowercased() == initials,
        let end = text.index(index, offsetBy: needle.count, limitedBy: text.endIndex),
        text[index..<end].lowercased() == wanted
      {
        let start = text.utf8.distance(from: text.startIndex, to: index)
        ranges.append(start..<start + text[index..<end].utf8.count)
        index = end
      } else {
        index = text.index(after: index)
      }
    }
    return ranges
  }
}
