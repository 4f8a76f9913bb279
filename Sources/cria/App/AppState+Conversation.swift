import Chat
import FoundationEssentials
import TUI

/// What a person does with the conversation, apart from asking for replies.
extension AppState {
  var currentDate: Date { Date(timeIntervalSince1970: date) }

  /// What is written to the transcript, under the id it belongs to.
  func persist(_ operation: PersistOperation) -> AppEffect {
    .persist(operation, of: conversation.id)
  }

  /// What has to be done before a conversation is changed that cannot be written to where it
  /// is: from here on it is a copy with a transcript of its own.
  mutating func makeWritable() -> [AppEffect] {
    guard case .readOnly = transcript else { return [] }
    var copy = Conversation.new(at: currentDate)
    copy.customTitle = conversation.customTitle
    copy.systemPrompt = conversation.systemPrompt
    for message in conversation.messages { try? copy.insert(message) }
    try? copy.moveHead(to: conversation.head)
    conversation = copy
    transcript = .fine
    tell("That transcript is read only: this is a copy of it now, saved on its own")
    return [.saveCopy(copy)]
  }

  /// Goes to another conversation, or to the shell, if nothing is lost by that.
  mutating func leave(_ leaving: Leaving) -> [AppEffect] {
    if case .failed(let reason) = transcript, !conversation.isEmpty {
      overlay = .confirm(
        Confirm(
          title: "Not saved",
          message: "This conversation is not on the disk: \(reason). /export FILE can put it "
            + "elsewhere. Leave it all the same?",
          acceptLabel: "Leave it", refuseLabel: "Stay"), then: .abandon(leaving))
      return []
    }
    return go(leaving)
  }

  mutating func go(_ leaving: Leaving) -> [AppEffect] {
    switch leaving {
    case .quit: return quit()
    case .startNew: return startNew()
    case .open(let id):
      isOpening = true
      return [.openTranscript(id: id)]
    }
  }

  private mutating func startNew() -> [AppEffect] {
    var fresh = Conversation.new(at: currentDate)
    fresh.systemPrompt = defaultSystemPrompt
    show(fresh)
    transcript = .fine
    return [.startTranscript(fresh), .measureWindow(windowRequest())]
  }

  /// Ends the program: what is there of a running reply is kept.
  mutating func quit() -> [AppEffect] {
    var effects: [AppEffect] = [.cancelReply, .cancelDownload]
    if let message = reply?.message {
      effects += finish(message, stop: .cancelled, statistics: nil)
    }
    reply = nil
    return effects + [.quit]
  }

  /// Whether something runs that has to end first; says so.
  mutating func isBusy(_ next: String) -> Bool {
    if isOpening {
      tell("The conversation is still being read")
      return true
    }
    guard reply != nil else { return false }
    tell("A reply is on its way: Esc stops it, then \(next)")
    return true
  }

  mutating func rename(_ id: String, to text: String) -> [AppEffect] {
    let title = Title.clean(text)
    let newTitle = title.isEmpty ? nil : title
    guard id == conversation.id else { return [.renameTranscript(id: id, title: newTitle)] }
    let effects = makeWritable()
    conversation.customTitle = newTitle
    return effects + [persist(.title(newTitle))]
  }

  // MARK: - Copying

  mutating func copyMessage() -> [AppEffect] {
    guard let message = focusedMessage ?? conversation.last(.assistant) else {
      tell("There is no reply to copy yet")
      return []
    }
    return [.copy(message.text)]
  }

  /// Copies the code blocks of a message one after the other.
  mutating func copyCode() -> [AppEffect] {
    guard let message = focusedMessage ?? conversation.last(.assistant) else {
      tell("There is no reply to copy from yet")
      return []
    }
    let blocks = CodeBlocks.find(in: message.text)
    guard !blocks.isEmpty else {
      tell("There is no code block in this message")
      return []
    }
    let next = copiedBlock?.message == message.id ? (copiedBlock?.index ?? -1) + 1 : 0
    copiedBlock = CopiedBlock(message: message.id, index: next % blocks.count)
    return [.copy(blocks[next % blocks.count])]
  }

  // MARK: - Finding

  /// Looks for a text and shows the match nearest to the end; nothing to look for ends it.
  mutating func startSearch(_ text: String) {
    find = text.isEmpty ? nil : Search(text: text)
    syncEntries()
    if find != nil { findNext(step: -1) }
  }

  mutating func endSearch() {
    find = nil
    syncEntries()
  }

  /// Goes to the match after (1) or before (−1) the one shown last, around the ends.
  mutating func findNext(step: Int) {
    guard let find else {
      tell("There is nothing to find yet: Ctrl-F asks")
      return
    }
    let entries = conversationView.entries
    let matches = entries.indices.flatMap { index in
      entries[index].spans.map { (entry: index, offset: $0.range.lowerBound) }
    }
    guard !matches.isEmpty else {
      tell("'\(find.text)' is not in this conversation")
      return
    }
    let shown = find.shown ?? (step > 0 ? (-1, 0) : (entries.count, 0))
    let place =
      step > 0
      ? matches.firstIndex { $0 > shown } ?? 0
      : matches.lastIndex { $0 < shown } ?? matches.count - 1
    let match = matches[place]
    self.find?.shown = match
    focus = .conversation
    conversationView.setFocus(match.entry)
    conversationView.reveal(entry: match.entry, utf8Offset: match.offset)
    tell(
      "'\(find.text)': \(place + 1) of \(matches.count); N goes up, n down, Esc ends", seconds: 8)
  }
}
