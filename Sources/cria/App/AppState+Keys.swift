import Chat
import TUI

extension AppState {
  mutating func take(_ key: Key) -> [AppEffect] {
    let command = bindings.commands[key]
    if command != .interrupt { quitArmedUntil = nil }
    switch overlay {
    case .menu(let kind, var menu):
      let outcome = menu.handle(key)
      overlay = .menu(kind, menu)
      return takeMenu(kind, outcome)
    case .confirm(var confirm, let then):
      switch confirm.handle(key) {
      case .accepted:
        overlay = nil
        return perform(then)
      case .refused:
        overlay = nil
        toDelete = nil
      case .handled, .ignored: overlay = .confirm(confirm, then: then)
      }
      return []
    case .prompt(var prompt, let purpose):
      switch prompt.handle(key) {
      case .submitted(let text):
        overlay = nil
        return submit(text, for: purpose)
      case .cancelled: overlay = nil
      case .handled, .ignored: overlay = .prompt(prompt, purpose)
      }
      return []
    case .page(var page):
      overlay = page.handle(key) == .closed || command == .help ? nil : .page(page)
      return []
    case nil: break
    }
    if focus == .conversation {
      if let command = bindings.conversationCommands[key] { return perform(command) }
      if moveInConversation(key) { return [] }
    } else if let effects = completeCommand(key) {
      return effects
    }
    // The input's own keys come before the program's while they have something to do there.
    if focus == .input, key == "<C-e>", editor.isEmpty { return perform(.editLast) }
    if let command { return perform(command) }
    if focus == .conversation, key.text != nil { focus = .input }
    guard focus == .input else { return [] }
    switch editor.handle(key) {
    case .handled: return []
    case .submit: return submit()
    case .atFirstRow:
      if let older = history.previous(from: editor.text) { editor.setText(older) }
    case .atLastRow:
      if let newer = history.next() { editor.setText(newer) }
    case .ignored:
      if key == "<C-d>" { return leave() }
    }
    return []
  }

  private mutating func moveInConversation(_ key: Key) -> Bool {
    switch key {
    case "j", "<Down>": conversationView.scroll(by: 1)
    case "k", "<Up>": conversationView.scroll(by: -1)
    case "J", "<C-Down>": conversationView.moveFocus(by: 1)
    case "K", "<C-Up>": conversationView.moveFocus(by: -1)
    case "<Home>": conversationView.scrollToStart()
    case "<End>": conversationView.scrollToEnd()
    case "<Esc>", "i", "<Enter>":
      conversationView.setFocus(nil)
      focus = .input
    default: return false
    }
    return true
  }

  mutating func perform(_ command: AppCommand) -> [AppEffect] {
    switch command {
    case .newChat: return startNew()
    case .palette: showPalette()
    case .models: return [.listModels]
    case .transcripts: return [.listTranscripts]
    case .formats: showFormats()
    case .themes: return [.listThemes]
    case .help: overlay = .page(HelpPage.page(bindings))
    case .stop: return stop()
    case .regenerate: return regenerate()
    case .continueReply: return continueReply()
    case .editLast: return editLast()
    case .previousBranch: return selectBranch(-1)
    case .nextBranch: return selectBranch(1)
    case .copyMessage: return copyMessage()
    case .copyCode: return copyCode()
    case .find:
      overlay = .prompt(Prompt(title: "Find", text: find ?? "", hint: "Enter finds"), .find)
    case .findNext: findNext(step: 1)
    case .findPrevious: findNext(step: -1)
    case .focusConversation:
      focus = focus == .input && !conversationView.entries.isEmpty ? .conversation : .input
      if focus == .conversation, conversationView.focus == nil {
        conversationView.moveFocus(by: 1)
      } else if focus == .input {
        conversationView.setFocus(nil)
      }
    case .pageUp: conversationView.scrollPages(-1)
    case .pageDown: conversationView.scrollPages(1)
    case .top: conversationView.scrollToStart()
    case .bottom: conversationView.scrollToEnd()
    case .externalEditor: return [.edit(editor.text)]
    case .toggleMouse:
      isMouseCaptured.toggle()
      tell(
        isMouseCaptured
          ? "The wheel scrolls again; F2 gives the mouse back to the terminal"
          : "The mouse is the terminal's: select and copy as usual; F2 takes it back")
      return [.captureMouse(isMouseCaptured)]
    case .redraw: return [.redraw]
    case .suspend: return [.suspend]
    case .deleteTranscript: return deleteCurrent()
    case .pullModel: return startDownload()
    case .interrupt: return interrupt()
    case .quit: return leave()
    }
    return []
  }

  /// Ctrl-C: clears the input, then stops the reply, then asks once more before quitting.
  private mutating func interrupt() -> [AppEffect] {
    if !editor.isEmpty {
      editor.reset()
      history.stop()
      edited = nil
      return []
    }
    if reply != nil { return stop() }
    if download != nil {
      tell("The download was stopped")
      return [.cancelDownload]
    }
    if quitArmedUntil != nil { return leave() }
    quitArmedUntil = now + 3
    tell("Press Ctrl-C once more to quit", seconds: 3)
    return []
  }

  private mutating func submit(_ text: String, for purpose: PromptPurpose) -> [AppEffect] {
    switch purpose {
    case .renameTranscript(let id):
      let title = Title.clean(text)
      guard !title.isEmpty else { return [] }
      if id == conversation.id {
        conversation.customTitle = title
        return [.persist(.title(title)), .listTranscripts]
      }
      return [.renameTranscript(id: id, title: title), .listTranscripts]
    case .find:
      find = text.isEmpty ? nil : text
      markMatches()
      findNext(step: -1)
      return []
    }
  }
}
