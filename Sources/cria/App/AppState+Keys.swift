import Chat
import TUI

/// What keys do, and the commands behind them.
extension AppState {
  mutating func take(_ key: Key) -> [AppEffect] {
    let command = bindings.commands[key]
    if command != .interrupt { quitArmedUntil = nil }
    // Whoever types on has read it; an error stays until its time is over.
    if notice?.notice.kind == .info { notice = nil }
    if let overlay { return take(key, in: overlay) }
    // A reply is stopped from anywhere; else Escape leaves what one is in, step by step.
    if key == "<Esc>", reply == nil || command != .stop, escape() { return [] }
    if focus == .conversation {
      if let command = bindings.conversationCommands[key] { return perform(command) }
      if moveInConversation(key) { return [] }
    } else if let effects = completeCommand(key) {
      return effects
    } else if editor.isEmpty {
      if key == "<C-e>" { return perform(.editLast) }
    } else if command == .find, key == "<C-f>" {
      // Among text it moves, as in every Emacs.
      _ = editor.handle(key)
      return []
    }
    if let command { return perform(command) }
    if focus == .conversation, key.text != nil { leaveConversation() }
    guard focus == .input else { return [] }
    switch editor.handle(key) {
    case .handled: break
    case .submit: return submit()
    case .atFirstRow:
      if let older = history.previous(from: editor.text) { editor.setText(older) }
    case .atLastRow:
      if let newer = history.next() { editor.setText(newer) }
    case .ignored:
      if key == "<C-d>" { return leave(.quit) }
    }
    return []
  }

  private mutating func take(_ key: Key, in overlay: Overlay) -> [AppEffect] {
    switch overlay {
    case .menu(let kind, var menu):
      let outcome = menu.handle(key)
      self.overlay = .menu(kind, menu)
      return takeMenu(kind, outcome)
    case .confirm(var confirm, let then):
      switch confirm.handle(key) {
      case .accepted:
        self.overlay = nil
        return accept(then)
      case .refused:
        self.overlay = nil
        if case .delete(_, _, isFromMenu: true) = then { return openMenu(.transcripts) }
      case .handled, .ignored: self.overlay = .confirm(confirm, then: then)
      }
    case .prompt(var prompt, let purpose):
      switch prompt.handle(key) {
      case .submitted(let text):
        self.overlay = nil
        return submit(text, for: purpose)
      case .cancelled:
        self.overlay = nil
        if case .renameTranscript = purpose { return openMenu(.transcripts) }
      case .handled, .ignored: self.overlay = .prompt(prompt, purpose)
      }
    case .page(var page):
      let isClosed = page.handle(key) == .closed || bindings.commands[key] == .help
      self.overlay = isClosed ? nil : .page(page)
    }
    return []
  }

  /// Leaves the innermost of what one is in; false when there is nothing to leave.
  private mutating func escape() -> Bool {
    if find != nil {
      endSearch()
    } else if focus == .conversation {
      leaveConversation()
    } else if edited != nil {
      giveUpEditing()
      tell("Editing was given up")
    } else {
      return false
    }
    return true
  }

  mutating func leaveConversation() {
    conversationView.setFocus(nil)
    focus = .input
  }

  private mutating func moveInConversation(_ key: Key) -> Bool {
    switch key {
    case "j", "<Down>": conversationView.scroll(by: 1)
    case "k", "<Up>": conversationView.scroll(by: -1)
    case "J", "<C-Down>": conversationView.moveFocus(by: 1)
    case "K", "<C-Up>": conversationView.moveFocus(by: -1)
    case "<Home>": conversationView.scrollToStart()
    case "<End>": conversationView.scrollToEnd()
    case "i", "<Enter>": leaveConversation()
    default: return false
    }
    return true
  }

  /// Does what a command says.
  package mutating func perform(_ command: AppCommand) -> [AppEffect] {
    switch command {
    case .newChat: return isBusy("start anew") ? [] : leave(.startNew)
    case .palette: showPalette()
    case .models: return openMenu(.models)
    case .transcripts: return openMenu(.transcripts)
    case .formats: showFormats()
    case .themes: return openMenu(.themes(before: theme.name))
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
      overlay = .prompt(
        Prompt(title: "Find", text: find?.text ?? "", hint: "Enter finds \u{B7} Esc closes"), .find)
    case .findNext: findNext(step: 1)
    case .findPrevious: findNext(step: -1)
    case .focusConversation:
      if focus == .conversation || conversationView.entries.isEmpty {
        leaveConversation()
      } else {
        focus = .conversation
        conversationView.moveFocus(by: 1)
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
    case .deleteTranscript: askToDelete()
    case .pullModel: return startDownload()
    case .interrupt: return interrupt()
    case .quit: return leave(.quit)
    }
    return []
  }

  /// Ctrl-C: clears the input, then stops the reply, then asks once more before quitting.
  private mutating func interrupt() -> [AppEffect] {
    if !editor.isEmpty || edited != nil {
      editor.reset()
      history.stop()
      edited = nil
      return []
    }
    // One that is slow to stop does not keep anybody from quitting.
    if let reply, !reply.isStopping { return stop() }
    if download != nil {
      tell("The download was stopped")
      return [.cancelDownload]
    }
    if quitArmedUntil != nil { return leave(.quit) }
    quitArmedUntil = now + 3
    tell("Press Ctrl-C once more to quit", seconds: 3)
    return []
  }

  private mutating func accept(_ confirmed: Confirmed) -> [AppEffect] {
    switch confirmed {
    case .fetchModel: return startDownload()
    case .abandon(let leaving): return go(leaving)
    case .delete(let id, let title, let isFromMenu):
      return delete(id, title: title) + (isFromMenu ? openMenu(.transcripts) : [])
    }
  }

  private mutating func submit(_ text: String, for purpose: PromptPurpose) -> [AppEffect] {
    switch purpose {
    case .renameTranscript(let id): return rename(id, to: text) + openMenu(.transcripts)
    case .find:
      startSearch(text)
      return []
    }
  }
}
