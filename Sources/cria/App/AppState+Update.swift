import Chat
import Kernel
import TUI

extension AppState {
  /// Takes in what happened and says what is to be done. Pure but for the state itself.
  package mutating func update(_ action: AppAction) -> [AppEffect] {
    defer { layOut() }
    switch action {
    case .event(let event): return take(event)
    case .tick:
      expire()
      return []
    case .told(let text):
      tell(text)
      return []
    case .failed(let failure):
      tell(failure)
      return []
    case .listFailed(let failure):
      closeEmptyMenu()
      tell(failure)
      return []
    case .edited(let text):
      editor.setText(text)
      return []
    case .modelLoaded, .modelFailed, .modelsListed, .modelFound, .downloadProgress,
      .downloadFinished,
      .downloadFailed:
      return takeModel(action)
    case .replyPrepared, .replyProgress, .replyText, .replyDrafted, .replyStopMatched,
      .replyFinished,
      .replyFailed, .windowMeasured:
      return takeReply(action)
    case .transcriptOpened, .transcriptOpenFailed, .transcriptsListed, .transcriptSaved,
      .transcriptFailed, .transcriptDeleted:
      return takeTranscript(action)
    case .themeLoaded(let theme):
      self.theme = theme
      return []
    case .themesListed(let names):
      takeThemes(names)
      return []
    }
  }

  private mutating func take(_ event: Event) -> [AppEffect] {
    switch event {
    case .key(let key): return take(key)
    case .paste(let text): return paste(text)
    case .mouse(let mouse): return take(mouse)
    case .resize(let size):
      self.size = size
      return []
    case .resume: return []
    case .suspend: return [.suspend]
    case .terminate: return quit()
    }
  }

  private mutating func paste(_ text: String) -> [AppEffect] {
    switch overlay {
    case .menu(let kind, var menu):
      menu.paste(text)
      overlay = .menu(kind, menu)
    case .prompt(var prompt, let purpose):
      prompt.paste(text)
      overlay = .prompt(prompt, purpose)
    case .confirm, .page: break
    case nil:
      leaveConversation()
      editor.paste(text) { text in
        let lines = TextEditor.lineCount(of: text)
        return lines > 1 ? "pasted \(lines) lines" : "pasted \(text.count) characters"
      }
    }
    return []
  }

  private mutating func take(_ mouse: Event.Mouse) -> [AppEffect] {
    if case .menu(let kind, var menu) = overlay {
      let outcome = menu.handle(mouse, in: Frame(self).overlay(menu.idealSize))
      overlay = .menu(kind, menu)
      return takeMenu(kind, outcome)
    }
    switch mouse.action {
    case .wheelUp: scroll(by: -3)
    case .wheelDown: scroll(by: 3)
    case .press where overlay == nil:
      let frame = Frame(self)
      if frame.input.contains(mouse.position) {
        leaveConversation()
        editor.click(mouse.position, in: frame.inputText)
      } else if frame.conversation.contains(mouse.position),
        let entry = conversationView.entry(atRow: mouse.position.row - frame.conversation.row)
      {
        focus = .conversation
        conversationView.setFocus(entry)
      }
    case .press, .release, .drag: break
    }
    return []
  }

  mutating func scroll(by rows: Int) {
    if case .page(var page) = overlay {
      page.scroll(by: rows)
      overlay = .page(page)
    } else {
      conversationView.scroll(by: rows)
    }
  }

  /// Lets go of what was shown for a while.
  private mutating func expire() {
    if let shown = notice, now >= shown.until { notice = nil }
    if let until = quitArmedUntil, now >= until { quitArmedUntil = nil }
  }

  /// Shows a line for some seconds.
  mutating func tell(_ text: String, seconds: Double = 4) {
    notice = TimedNotice(notice: Notice(text), until: now + seconds)
  }

  /// Shows an error for long enough to read it.
  mutating func tell(_ failure: Failure) {
    let seconds = min(20, max(6, Double(failure.text.count) / 12))
    notice = TimedNotice(notice: Notice(failure.text, kind: .error), until: now + seconds)
  }

  /// Shows errors one below the other until they are put away.
  mutating func show(_ failures: [Failure]) {
    overlay = .page(
      TextPage(
        title: "Something is wrong", text: failures.map(\.text).joined(separator: "\n\n"),
        hint: "Esc closes"))
  }

  /// Gives every widget the size that it will be drawn at.
  private mutating func layOut() {
    let frame = Frame(self)
    editor.resize(columns: frame.inputText.columns, maximumRows: Frame.inputRowLimit(size))
    conversationView.resize(to: Frame(self).conversation.size)
    if case .page(var page) = overlay {
      page.resize(to: frame.page.size)
      overlay = .page(page)
    }
  }
}
