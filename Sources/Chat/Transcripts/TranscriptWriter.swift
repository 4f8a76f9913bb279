import FoundationEssentials
import Synchronization

/// Writes a conversation to its transcript as it happens.
///
/// Every call that writes may wait for the disk: call it from a background queue, and call
/// `flushIfDue` there about every quarter of a second while a reply streams. The file is made
/// with the first message. When a call throws, what it should have written is kept and tried
/// again with the next call (or `retry`), in order, so that nothing is missing once there is
/// room again; or go on elsewhere with `TranscriptStore.save`. Only one writer at a time, of
/// whatever program, has a transcript.
package final class TranscriptWriter: Sendable {
  /// Streaming text is at most this long in memory only.
  package static let flushSeconds = 1.0

  private struct State: ~Copyable {
    var file: TranscriptFile?
    /// The first line, while the file is not there.
    var header: TranscriptRecord?
    /// Whole lines that are not in the file yet.
    var waiting: [UInt8] = []
    var needsSynchronizing = false
    /// The reply that streams in.
    var reply: MessageID?
    /// UTF-8 offset of `delta` within the reply.
    var offset = 0
    /// Text of the reply that no line holds yet.
    var delta = ""
    var flushedAt = 0.0
  }

  /// The transcript's id.
  package let id: String
  /// The file, whether it is there yet or not.
  package let path: String
  private let operations: FileOperations
  private let state: Mutex<State>

  /// A writer for a file that the first message will make.
  init(newPath: String, header: TranscriptRecord, id: String, operations: FileOperations) {
    self.id = id
    self.path = newPath
    self.operations = operations
    state = Mutex(State(header: header))
  }

  /// A writer that goes on with a file.
  init(existingPath: String, id: String, operations: FileOperations) throws(ChatError) {
    self.id = id
    self.path = existingPath
    self.operations = operations
    let file = try TranscriptFile(path: existingPath, isNew: false, operations: operations)
    state = Mutex(State(file: file))
  }

  /// Whether a reply has begun and not ended.
  package var isStreaming: Bool { state.withLock { $0.reply != nil } }

  /// Appends a whole message and waits until it is on the disk.
  package func append(_ message: Message) throws(ChatError) {
    try write(TranscriptRecord(.message, message), waits: true)
  }

  /// Starts a reply; its text, if any, is what it goes on from.
  package func begin(_ reply: Message) throws(ChatError) {
    try state.withLock { (state) throws(ChatError) in
      try Self.addDelta(&state)
      state.reply = reply.id
      state.offset = reply.text.utf8.count
      state.flushedAt = operations.seconds()
      state.waiting += try TranscriptRecord(.begin, reply).line()
      try flush(&state)
    }
  }

  /// Takes more of the reply's text; written when a second has passed since the last time.
  package func stream(_ delta: String) throws(ChatError) {
    try state.withLock { (state) throws(ChatError) in
      guard state.reply != nil else { return }
      state.delta += delta
      try flushDelta(&state, isForced: false)
    }
  }

  /// Writes streamed text that is due, for when no more of it comes. Cheap when nothing is.
  package func flushIfDue() throws(ChatError) {
    try state.withLock { (state) throws(ChatError) in try flushDelta(&state, isForced: false) }
  }

  /// Ends the reply with the whole message and waits until it is on the disk.
  package func end(_ reply: Message) throws(ChatError) {
    state.withLock { state in
      state.reply = nil
      state.delta = ""
    }
    try write(TranscriptRecord(.message, reply), waits: true)
  }

  /// Renames the conversation; `nil` for the automatic title.
  package func rename(_ title: String?) throws(ChatError) {
    var record = TranscriptRecord(.title)
    record.title = title.map(Title.clean)
    try write(record, waits: true) { $0.title = record.title }
  }

  /// Sets the system prompt; `nil` for the format's own.
  package func setSystemPrompt(_ prompt: String?) throws(ChatError) {
    var record = TranscriptRecord(.system)
    record.system = prompt
    try write(record, waits: true) { $0.system = prompt }
  }

  /// Records that the head moved. Messages move it by themselves.
  package func setHead(_ id: MessageID?) throws(ChatError) {
    try write(TranscriptRecord(.head, id: id), waits: false) { _ in }
  }

  /// Records that a message was deleted, or shown again.
  package func setHidden(_ id: MessageID, _ isHidden: Bool) throws(ChatError) {
    var record = TranscriptRecord(.hide, id: id)
    record.hidden = isHidden
    try write(record, waits: true) { _ in }
  }

  /// Tries again to write what could not be written, streamed text included.
  package func retry() throws(ChatError) {
    try state.withLock { (state) throws(ChatError) in try flushDelta(&state, isForced: true) }
  }

  /// Writes what is left and lets go of the file. A reply that streams is then an interrupted
  /// one. The writer must not be used again.
  package func close() throws(ChatError) {
    try state.withLock { (state) throws(ChatError) in
      defer { state.file = nil }
      try flushDelta(&state, isForced: true)
    }
  }

  /// Appends records at once, and the beginning of a reply that streams.
  func write(_ records: [TranscriptRecord], beginning reply: Message?) throws(ChatError) {
    try state.withLock { (state) throws(ChatError) in
      for record in records { state.waiting += try record.line() }
      if let reply {
        state.waiting += try TranscriptRecord(.begin, reply).line()
        state.reply = reply.id
        state.offset = reply.text.utf8.count
        state.flushedAt = operations.seconds()
      }
      state.needsSynchronizing = true
      try flush(&state)
    }
  }

  /// - Parameter change: instead of a record while there is no file, the header changes;
  ///   without it the record makes the file.
  private func write(
    _ record: TranscriptRecord, waits: Bool,
    orChange change: ((inout TranscriptRecord) -> Void)? = nil
  ) throws(ChatError) {
    try state.withLock { (state) throws(ChatError) in
      if let change, var header = state.header, state.waiting.isEmpty {
        change(&header)
        state.header = header
        return
      }
      try Self.addDelta(&state)
      state.waiting += try record.line()
      state.needsSynchronizing = state.needsSynchronizing || waits
      try flush(&state)
    }
  }

  private func flushDelta(_ state: inout State, isForced: Bool) throws(ChatError) {
    let now = operations.seconds()
    let isDue = isForced || now - state.flushedAt >= Self.flushSeconds
    guard isDue, !state.delta.isEmpty || !state.waiting.isEmpty else { return }
    try Self.addDelta(&state)
    state.flushedAt = now
    state.needsSynchronizing = true
    try flush(&state)
  }

  /// Makes a line of the streamed text.
  private static func addDelta(_ state: inout State) throws(ChatError) {
    guard let reply = state.reply, !state.delta.isEmpty else { return }
    var record = TranscriptRecord(.part, id: reply)
    record.at = state.offset
    record.text = state.delta
    state.waiting += try record.line()
    state.offset += state.delta.utf8.count
    state.delta = ""
  }

  private func flush(_ state: inout State) throws(ChatError) {
    if let header = state.header {
      let folder = Folder.parent(of: path)
      try Folder.create(folder)
      state.file = try TranscriptFile(path: path, isNew: true, operations: operations)
      state.waiting = try header.line() + state.waiting
      state.header = nil
      Folder.synchronize(folder)
    }
    try state.file?.append(state.waiting)
    state.waiting = []
    if state.needsSynchronizing {
      try state.file?.synchronize()
      state.needsSynchronizing = false
    }
  }
}
