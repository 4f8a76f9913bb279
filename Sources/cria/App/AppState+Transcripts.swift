import Chat
import FoundationEssentials
import TUI

/// Transcripts: what is open, the list, and whether it is on the disk.
extension AppState {
  mutating func takeTranscript(_ action: AppAction) -> [AppEffect] {
    switch action {
    case .transcriptOpened(let opened):
      return take(opened)
    case .transcriptOpenFailed(let failure):
      isOpening = false
      tell(failure)
      // At the start there is nothing else open yet.
      return conversation.isEmpty ? [.startTranscript(conversation)] : []
    case .transcriptsListed(let summaries, let unreadableCount):
      takeTranscripts(summaries)
      if unreadableCount > 0 {
        let files = unreadableCount == 1 ? "1 file" : "\(unreadableCount) files"
        tell("\(files) in the transcripts folder could not be read")
      }
    case .transcriptSaved(let id):
      guard id == conversation.id, case .failed = transcript else { break }
      transcript = .fine
      tell("The conversation is saved again")
    case .transcriptFailed(let id, let failure):
      if id == conversation.id { transcript = .failed(failure.what) }
      tell(failure)
    case .transcriptDeleted(let title):
      tell("Deleted '\(title)'; it is in the folder .trash of the transcripts")
    default: break
    }
    return []
  }

  private mutating func take(_ opened: OpenedTranscript) -> [AppEffect] {
    show(opened.conversation)
    transcript = opened.readOnlyReason.map { .readOnly($0) } ?? .fine
    var notes: [String] = []
    if let reason = opened.readOnlyReason { notes.append("Opened to read only: \(reason)") }
    if opened.problemCount > 0 {
      let lines = opened.problemCount == 1 ? "1 line" : "\(opened.problemCount) lines"
      notes.append("\(lines) of this transcript could not be read; the file is kept as it is")
    }
    if opened.conversation.path.last?.reply?.stop == .interrupted {
      notes.append("The last reply was interrupted: Alt-C goes on, Ctrl-R makes it again")
    }
    if !notes.isEmpty { tell(notes.joined(separator: ". "), seconds: 8) }
    return [.measureWindow(windowRequest())]
  }

  private mutating func takeTranscripts(_ summaries: [TranscriptSummary]) {
    let items = summaries.map { summary in
      Menu.Item(
        id: summary.id, title: summary.title.isEmpty ? summary.id : summary.title,
        columns: [
          summary.messageCount == 1 ? "1 message" : "\(summary.messageCount) messages",
          Readable.age(date - summary.updated.timeIntervalSince1970),
        ], detail: summary.model ?? "", isCurrent: summary.id == conversation.id)
    }
    fillMenu(
      items,
      emptyText: items.isEmpty
        ? "Nothing here yet: every conversation saves itself"
        : "No conversation has such a title"
    ) { $0 == .transcripts }
  }

  /// Asks whether to delete the open conversation.
  mutating func askToDelete() {
    if conversation.isEmpty {
      tell("This conversation is empty: there is nothing to delete")
    } else if !isBusy("delete") {
      askToDelete(conversation.id, title: conversation.title, isFromMenu: false)
    }
  }

  mutating func askToDelete(_ id: String, title: String, isFromMenu: Bool) {
    overlay = .confirm(
      Confirm(
        title: "Delete", message: "Delete '\(title)'? It goes to the trash folder.",
        acceptLabel: "Delete", refuseLabel: "Keep"),
      then: .delete(id: id, title: title, isFromMenu: isFromMenu))
  }

  /// Lets go of the conversation first if it is the open one, so that nothing is written to a
  /// deleted file.
  mutating func delete(_ id: String, title: String) -> [AppEffect] {
    var effects: [AppEffect] = []
    if id == conversation.id {
      guard !isBusy("delete") else { return [] }
      effects = go(.startNew)
    }
    return effects + [.deleteTranscript(id: id, title: title)]
  }
}
