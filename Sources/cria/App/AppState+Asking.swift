import Chat
import TUI

/// What a person does about replies: sending, stopping, making again, editing, going on.
extension AppState {
  /// Enter: a command or a message.
  mutating func submit() -> [AppEffect] {
    var text = editor.text
    guard text.contains(where: { !$0.isWhitespace }) else { return [] }
    if let effects = runSlashCommand(text) { return effects }
    if isBusy("send") { return [] }
    history.add(text)
    editor.reset()
    let typed = text
    if SlashCommand.isEscaped(text) { text.removeFirst() }
    let effects = makeWritable()
    if let edited {
      // The question becomes a sibling of the one it replaces.
      try? conversation.branch(before: edited.message)
      editor.setText(edited.draft)
      self.edited = nil
    }
    let message = conversation.append(.user, text, at: currentDate)
    syncEntries()
    conversationView.scrollToEnd()
    return effects + [.remember(typed), persist(.append(message))] + askForReply()
  }

  mutating func stop() -> [AppEffect] {
    guard let running = reply else { return [] }
    if running.phase == .waitingForModel {
      reply = nil
      tell("The message stays; Ctrl-R asks for a reply")
      return []
    }
    reply?.isStopping = true
    return [.cancelReply]
  }

  /// Makes the last reply again, beside the one that is there.
  mutating func regenerate() -> [AppEffect] {
    guard !isBusy("make it again") else { return [] }
    guard let last = conversation.visiblePath.last else {
      tell("There is nothing to reply to yet")
      return []
    }
    let effects = makeWritable()
    conversationView.scrollToEnd()
    guard last.role == .assistant else { return effects + askForReply() }
    return effects
      + askForReply(last.text.isEmpty ? .filling(last.id) : .another(than: last.id))
  }

  mutating func continueReply() -> [AppEffect] {
    guard !isBusy("go on") else { return [] }
    guard let last = conversation.visiblePath.last, last.role == .assistant else {
      tell("There is no reply to go on with")
      return []
    }
    let effects = makeWritable()
    conversationView.scrollToEnd()
    return effects + askForReply(last.text.isEmpty ? .filling(last.id) : .continuing(last.id))
  }

  mutating func editLast() -> [AppEffect] {
    guard !isBusy("edit") else { return [] }
    let focused = focusedMessage.flatMap { $0.role == .user ? $0 : nil }
    guard let message = focused ?? conversation.last(.user) else {
      tell("There is no message to edit yet")
      return []
    }
    edited = EditedQuestion(message: message.id, draft: edited?.draft ?? editor.text)
    editor.setText(message.text)
    leaveConversation()
    tell("Enter asks this instead, on a branch of its own; Esc gives up")
    return []
  }

  /// Goes back to what stood in the input before.
  mutating func giveUpEditing() {
    guard let edited else { return }
    editor.setText(edited.draft)
    self.edited = nil
  }

  /// Shows another version of the message with the focus, or of the last that has several.
  mutating func selectBranch(_ offset: Int) -> [AppEffect] {
    guard !isBusy("look at another version") else { return [] }
    let candidates = focusedMessage.map { [$0] } ?? conversation.visiblePath.reversed()
    guard let message = candidates.first(where: { conversation.siblings(of: $0.id).count > 1 })
    else {
      tell("There is only one version: Ctrl-R makes another reply")
      return []
    }
    guard let shown = conversation.selectSibling(of: message.id, offset: offset) else {
      tell(offset < 0 ? "This is the first version" : "This is the last version")
      return []
    }
    syncEntries()
    if let number = entryNumbers[shown.id],
      let index = conversationView.entries.firstIndex(where: { $0.id == number })
    {
      if focus == .conversation { conversationView.setFocus(index) }
      conversationView.reveal(entry: index)
    }
    return [persist(.head(conversation.head)), .measureWindow(windowRequest())]
  }
}
