import Chat

/// Saves the conversation of the linear chat as it happens.
///
/// What cannot be written stays with the writer, which tries again with all that follows; the
/// user is told when saving begins to fail and when it works again.
struct LinearTranscript {
  private let store: TranscriptStore
  private let paths: Paths
  private var writer: TranscriptWriter?
  private var isFailing = false
  private var isNoted = false

  init(paths: Paths) {
    self.paths = paths
    store = TranscriptStore(folder: paths.transcripts)
  }

  /// Goes on with a new conversation; its file is made with its first message.
  mutating func start(_ conversation: Conversation) throws {
    close()
    writer = try store.writer(forNew: conversation)
    isNoted = false
  }

  /// Goes on with a saved conversation. Says so where it can only be read.
  mutating func resume(_ id: String) throws -> Conversation {
    close()
    let resumed = try store.resume(id)
    writer = resumed.writer
    isNoted = false
    note(id)
    let problemCount = resumed.transcript.problems.count
    if problemCount > 0 { LinearNote.say("\(problemCount) damaged places were passed over") }
    if let error = resumed.writerError {
      LinearNote.say("what follows is not saved: \(Failure(error).text)")
    }
    return resumed.transcript.conversation
  }

  mutating func write(_ body: (TranscriptWriter) throws -> Void) {
    guard let writer else { return }
    do {
      try body(writer)
      if isFailing { LinearNote.say("the conversation is saved again") }
      isFailing = false
    } catch {
      if !isFailing { LinearNote.say("the conversation cannot be saved: \(Failure(error).text)") }
      isFailing = true
    }
    if !isNoted && !isFailing { note(writer.id) }
  }

  /// Writes what is left and lets go of the file.
  mutating func close() {
    write { try $0.close() }
    writer = nil
    isFailing = false
  }

  /// Notes which conversation `--resume` goes on with.
  private mutating func note(_ id: String) {
    isNoted = true
    try? FileSystem.createFolders(FileSystem.parent(of: paths.lastSession))
    try? FileSystem.replace(paths.lastSession, with: (id + "\n").utf8)
  }
}

/// What the linear chat says that is not part of the conversation.
enum LinearNote {
  /// Prints a line in square brackets on standard error; `text` may be foreign.
  static func say(_ text: String) {
    StandardStreams.note("[" + VisibleText.escaped(text) + "]\n")
  }
}
