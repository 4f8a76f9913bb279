import Chat
import Dispatch
import FoundationEssentials
import Synchronization

/// Writes the open conversation to its transcript, on a queue of its own, and reads others.
///
/// What cannot be written stays with the writer and is tried again with everything that
/// follows, and every few seconds.
final class TranscriptKeeper: Sendable {
  private let store: TranscriptStore
  private let lastSessionPath: String
  private let post: @Sendable (AppAction) -> Void
  private let queue = DispatchQueue(label: "transcripts")
  private let state = Mutex(State())

  private struct State {
    var writer: TranscriptWriter?
    var id: String?
    var isFailing = false
    var isFlushing = false
    var isNoted = false
  }

  init(
    store: TranscriptStore, lastSessionPath: String,
    post: @escaping @Sendable (AppAction) -> Void
  ) {
    self.store = store
    self.lastSessionPath = lastSessionPath
    self.post = post
  }

  /// Goes on with a new conversation. Its file is made with its first message.
  func start(_ conversation: Conversation) {
    queue.async { [self] in
      letGo()
      do {
        let writer = try store.writer(forNew: conversation)
        state.withLock { $0 = State(writer: writer, id: conversation.id) }
      } catch {
        post(.transcriptFailed(id: conversation.id, Failure(error)))
      }
    }
  }

  /// Writes a whole conversation to a transcript of its own and goes on with that.
  func saveCopy(_ conversation: Conversation) {
    queue.async { [self] in
      letGo()
      do {
        let writer = try store.save(conversation)
        state.withLock { $0 = State(writer: writer, id: conversation.id, isNoted: true) }
        note(conversation.id)
      } catch {
        post(.transcriptFailed(id: conversation.id, Failure(error)))
      }
    }
  }

  func open(id: String) {
    queue.async { [self] in
      // The same file can be open only once.
      if state.withLock({ $0.id == id }) { letGo() }
      do {
        let resumed = try store.resume(id)
        letGo()
        state.withLock { $0 = State(writer: resumed.writer, id: id) }
        note(id)
        post(
          .transcriptOpened(
            OpenedTranscript(
              conversation: resumed.transcript.conversation,
              problemCount: resumed.transcript.problems.count,
              readOnlyReason: resumed.writerError.map { Failure($0).what })))
      } catch {
        post(.transcriptOpenFailed(Failure(error)))
      }
    }
  }

  /// Writes a change of the conversation with that id, unless another one is open by now.
  func perform(_ operation: PersistOperation, of id: String) {
    queue.async { [self] in
      guard let writer = state.withLock({ $0.id == id ? $0.writer : nil }) else { return }
      attempt(id) {
        switch operation {
        case .append(let message): try writer.append(message)
        case .begin(let message): try writer.begin(message)
        case .stream(let text): try writer.stream(text)
        case .end(let message): try writer.end(message)
        case .title(let title): try writer.rename(title)
        case .system(let prompt): try writer.setSystemPrompt(prompt)
        case .head(let id): try writer.setHead(id)
        }
        if case .append = operation, !state.withLock({ $0.isNoted }) {
          state.withLock { $0.isNoted = true }
          note(writer.id)
        }
      }
      if case .begin = operation { flushWhileStreaming(writer) }
    }
  }

  func list() {
    queue.async { [self] in
      do {
        let list = try store.list()
        post(.transcriptsListed(list.summaries, unreadableCount: list.unreadable.count))
      } catch {
        post(.listFailed(Failure(error)))
      }
    }
  }

  func rename(id: String, title: String?) {
    queue.async { [self] in
      do {
        try store.rename(id, to: title)
      } catch {
        post(.failed(Failure(error)))
      }
    }
  }

  func delete(id: String, title: String) {
    queue.async { [self] in
      if state.withLock({ $0.id == id }) { letGo() }
      do {
        _ = try store.delete(id)
        post(.transcriptDeleted(title: title))
      } catch {
        post(.failed(Failure(error)))
      }
    }
  }

  /// Waits until everything asked for so far is on the disk, and lets go of the file.
  ///
  /// Returns why something could not be written, for the shell.
  func close() -> Failure? {
    queue.sync { letGo() }
  }

  // MARK: - On the queue

  @discardableResult
  private func letGo() -> Failure? {
    let (writer, id) = state.withLock { state in
      defer { state = State() }
      return (state.writer, state.id)
    }
    guard let writer, let id else { return nil }
    do {
      try writer.close()
      return nil
    } catch {
      let failure = Failure(error)
      post(.transcriptFailed(id: id, failure))
      return failure
    }
  }

  private func attempt(_ id: String, _ body: () throws -> Void) {
    do {
      try body()
      let wasFailing = state.withLock { state in
        defer { state.isFailing = false }
        return state.isFailing
      }
      if wasFailing { post(.transcriptSaved(id: id)) }
    } catch {
      let isNew = state.withLock { state in
        defer { state.isFailing = true }
        return !state.isFailing
      }
      if isNew {
        post(.transcriptFailed(id: id, Failure(error)))
        retryLater()
      }
    }
  }

  /// A streaming reply that pauses still reaches the disk within its second.
  private func flushWhileStreaming(_ writer: TranscriptWriter) {
    queue.asyncAfter(deadline: .now() + .milliseconds(250)) { [self] in
      guard state.withLock({ $0.writer === writer }), writer.isStreaming else { return }
      attempt(writer.id) { try writer.flushIfDue() }
      flushWhileStreaming(writer)
    }
  }

  private func retryLater() {
    queue.asyncAfter(deadline: .now() + .seconds(3)) { [self] in
      guard state.withLock({ $0.isFailing }), let writer = state.withLock({ $0.writer }) else {
        return
      }
      attempt(writer.id) { try writer.retry() }
      if state.withLock({ $0.isFailing }) { retryLater() }
    }
  }

  /// Notes which conversation `--resume` goes on with.
  private func note(_ id: String) {
    try? FileSystem.createFolders(FileSystem.parent(of: lastSessionPath))
    try? FileSystem.replace(lastSessionPath, with: (id + "\n").utf8)
  }
}
