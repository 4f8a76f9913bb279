import Chat
import FoundationEssentials
import TUI

/// Transcripts: what is open, the list, and whether it is on the disk.
extension AppState {
  struct ConversationToDelete: Sendable {
    var id: String
    var title: String
  }

  mutating func takeTranscript(_ action: AppAction) -> [AppEffect] {
    switch action {
    case .transcriptOpened(let opened):
      show(opened.conversation)
      focus = .input
      if let reason = opened.readOnlyReason {
        transcript = .readOnly(reason)
        tell("Opened to read only: \(reason)", seconds: 8)
      } else {
        transcript = .saved
        if opened.problemCount > 0 {
          let lines = opened.problemCount == 1 ? "1 line" : "\(opened.problemCount) lines"
          tell("\(lines) of this transcript could not be read; the file is kept as it is", seconds: 8)
        } else if opened.conversation.path.last?.reply?.stop == .interrupted {
          tell("The last reply was interrupted: Alt-c goes on, Ctrl-R makes it again", seconds: 8)
        }
      }
      return [.measureWindow(windowRequest())]
    case .transcriptOpenFailed(let failure):
      tell(failure)
    case .transcriptsListed(let summaries, let unreadableCount):
      showTranscripts(summaries)
      if unreadableCount > 0 {
        let files = unreadableCount == 1 ? "1 file" : "\(unreadableCount) files"
        tell("\(files) in the transcripts folder could not be read")
      }
    case .transcriptSaved:
      if case .failed = transcript { tell("The conversation is saved again") }
      if case .readOnly = transcript { break }
      transcript = .saved
    case .transcriptFailed(let failure):
      if case .failed = transcript { break }
      transcript = .failed(failure.text)
      tell(failure)
    case .transcriptDeleted(let id, let title):
      tell("Deleted '\(title)'; it is in the folder .trash of the transcripts")
      var effects: [AppEffect] = []
      if id == conversation.id { effects = startNew() }
      return effects + [.listTranscripts]
    default: break
    }
    return []
  }

  private mutating func showTranscripts(_ summaries: [TranscriptSummary]) {
    let items = summaries.map { summary in
      Menu.Item(
        id: summary.id, title: summary.title.isEmpty ? summary.id : summary.title,
        columns: [
          summary.messageCount == 1 ? "1 message" : "\(summary.messageCount) messages",
          Readable.age(date - summary.updated.timeIntervalSince1970),
        ], detail: summary.model ?? "", isCurrent: summary.id == conversation.id)
    }
    overlay = .menu(
      .transcripts,
      Menu(
        title: "Conversations", items: items,
        hint: "Enter opens \u{B7} Ctrl-N new \u{B7} Ctrl-R renames \u{B7} Ctrl-D deletes \u{B7} Esc closes",
        emptyText: "Nothing here yet: every conversation saves itself",
        actions: ["<C-n>": "new", "<C-r>": "rename", "<C-d>": "delete", "<Del>": "delete"]))
  }

  /// Deletes what was confirmed, or asks about the open conversation.
  mutating func deleteCurrent() -> [AppEffect] {
    if let asked = toDelete {
      toDelete = nil
      guard asked.id != conversation.id || reply == nil else {
        tell("A reply is on its way: Esc stops it, then delete")
        return []
      }
      return [.deleteTranscript(id: asked.id, title: asked.title)]
    }
    guard !conversation.isEmpty else { return [] }
    toDelete = ConversationToDelete(id: conversation.id, title: conversation.title)
    confirmDeletion()
    return []
  }
}
