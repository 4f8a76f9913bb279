import FoundationEssentials
import Glibc

/// Puts a conversation together from the lines of its transcript, taking what is good.
struct TranscriptReader {
  private(set) var conversation: Conversation
  private(set) var problems: [TranscriptProblem] = []
  /// Replies that began and did not end yet.
  private(set) var unfinished: Set<MessageID> = []
  private var isFirstRecord = true
  private var isEmpty = true
  private var lastMessage: MessageID?

  private init(id: String) {
    // The date stands in for a header that cannot be read.
    conversation = Conversation(id: id, created: Date(timeIntervalSince1970: 0))
  }

  /// Reads the transcript at `path`. O(bytes).
  ///
  /// - Throws: `.transcriptMissing`, `.unsupportedVersion`, `.notTranscript` when there is
  ///   not one good line and no header either, or what reading the file failed with.
  static func read(_ path: String, id: String) throws(ChatError) -> LoadedTranscript {
    let descriptor = try Folder.openFile(path).descriptor
    defer { close(descriptor) }
    var reader = TranscriptReader(id: id)
    try LineReader.forEachLine(of: descriptor, path: path) { line throws(ChatError) in
      try reader.take(line, path: path)
      return true
    }
    if reader.isFirstRecord && !reader.isEmpty && !reader.beganAsHeader {
      throw ChatError(.notTranscript, at: path, "no line of it is a transcript's")
    }
    return reader.finish()
  }

  private var beganAsHeader = false

  private mutating func finish() -> LoadedTranscript {
    let interrupted = conversation.messages.map(\.id).filter(unfinished.contains)
    for id in interrupted {
      try? conversation.update(id) { message in
        var details = message.reply ?? ReplyDetails()
        details.stop = .interrupted
        message.reply = details
      }
    }
    return LoadedTranscript(
      conversation: conversation, problems: problems, interrupted: interrupted)
  }

  private mutating func take(_ line: LineReader.Line, path: String) throws(ChatError) {
    if isEmpty {
      isEmpty = false
      let beginning = Array("{\"cria\"".utf8)
      beganAsHeader = line.bytes.starts(with: beginning) || beginning.starts(with: line.bytes)
    }
    if line.isTooLong {
      report(line, .tooLong)
      return
    }
    guard let record = parse(line) else {
      report(line, line.isEnded ? .broken : .cut)
      return
    }
    if isFirstRecord {
      isFirstRecord = false
      if let version = record.cria {
        guard version == TranscriptRecord.version else {
          throw ChatError(
            .unsupportedVersion, at: path,
            "version \(version), where this program knows \(TranscriptRecord.version)")
        }
        takeHeader(record)
        return
      }
      report(line, .noHeader)
    }
    apply(record, line)
  }

  /// Parses a line, after repairing what can be repaired.
  private mutating func parse(_ line: LineReader.Line) -> TranscriptRecord? {
    if let record = TranscriptRecord.parse(line.bytes) { return record }
    var bytes = line.bytes
    var repairs: [TranscriptProblem.Kind] = []
    if bytes.contains(0) {
      bytes.removeAll { $0 == 0 }
      repairs.append(.nulBytes)
    }
    let text = String(decoding: bytes, as: UTF8.self)
    if !text.utf8.elementsEqual(bytes) { repairs.append(.badEncoding) }
    guard !repairs.isEmpty, let record = TranscriptRecord.parse(Array(text.utf8)) else {
      return nil
    }
    for repair in repairs { report(line, repair) }
    return record
  }

  private mutating func report(_ line: LineReader.Line, _ kind: TranscriptProblem.Kind) {
    problems.append(TranscriptProblem(line: line.number, kind: kind))
  }

  private mutating func takeHeader(_ record: TranscriptRecord) {
    if let created = record.created.flatMap(Timestamp.date) {
      conversation = Conversation(id: conversation.id, created: created)
    }
    conversation.customTitle = record.title.map(Title.clean)
    conversation.systemPrompt = record.system
  }

  private mutating func apply(_ record: TranscriptRecord, _ line: LineReader.Line) {
    switch record.kind {
    case .message, .begin:
      guard let message = record.message(fallbackDate: conversation.created) else {
        report(line, .broken)
        return
      }
      put(message, line)
      if record.kind == .begin {
        unfinished.insert(message.id)
      } else {
        unfinished.remove(message.id)
      }
    case .part:
      addPart(record, line)
    case .head:
      do { try conversation.moveHead(to: record.id) } catch { report(line, .unknownMessage) }
    case .hide:
      do {
        try conversation.setHidden(record.id ?? "", record.hidden ?? true)
      } catch { report(line, .unknownMessage) }
    case .title:
      conversation.customTitle = record.title.map(Title.clean)
    case .system:
      conversation.systemPrompt = record.system
    case nil:
      // A type of a later version, or a second header from files put together by hand.
      break
    }
  }

  private mutating func put(_ message: Message, _ line: LineReader.Line) {
    if conversation[message.id] != nil {
      try? conversation.update(message.id) { $0 = message }
      try? conversation.moveHead(to: message.id)
    } else {
      var message = message
      if let parent = message.parent, conversation[parent] == nil {
        report(line, .unknownParent)
        message.parent = lastMessage
      }
      try? conversation.insert(message)
    }
    lastMessage = message.id
  }

  private mutating func addPart(_ record: TranscriptRecord, _ line: LineReader.Line) {
    guard let id = record.id, let message = conversation[id], unfinished.contains(id) else {
      report(line, .unknownMessage)
      return
    }
    let text = record.text ?? ""
    let length = message.text.utf8.count
    let offset = record.at ?? length
    // Written twice, after a failure that was none.
    if offset < length && offset + text.utf8.count <= length { return }
    if offset != length { report(line, .gap) }
    try? conversation.update(id) { $0.text += text }
  }
}
