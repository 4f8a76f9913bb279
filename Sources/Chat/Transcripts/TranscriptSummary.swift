import FoundationEssentials
import Glibc

/// A line of the list of transcripts.
package struct TranscriptSummary: Sendable, Equatable, Identifiable {
  package var id: String
  /// The user's title, or one made of the first question; may be empty.
  package var title: String
  package var created: Date
  /// Of the newest message; the file's creation where there is none.
  package var updated: Date
  package var messageCount: Int
  /// The model of the last reply.
  package var model: String?
  package var byteCount: Int

  package init(
    id: String, title: String, created: Date, updated: Date, messageCount: Int, model: String?,
    byteCount: Int
  ) {
    self.id = id
    self.title = title
    self.created = created
    self.updated = updated
    self.messageCount = messageCount
    self.model = model
    self.byteCount = byteCount
  }
}

/// What a folder of transcripts holds.
package struct TranscriptList: Sendable {
  /// The most recently used first.
  package var summaries: [TranscriptSummary]
  /// Files that could not be read, and why.
  package var unreadable: [ChatError]
}

extension TranscriptStore {
  /// All transcripts, newest first. A folder that is not there has none.
  ///
  /// Reads each file once; of the lines that this program wrote, only the few that the
  /// summary is made of are parsed.
  package func list() throws(ChatError) -> TranscriptList {
    let suffix = "." + Self.fileExtension
    var result = TranscriptList(summaries: [], unreadable: [])
    for name in try Folder.names(in: folder) where name.hasSuffix(suffix) {
      let id = String(name.dropLast(suffix.count))
      guard let path = try? path(of: id) else { continue }
      do {
        result.summaries.append(try SummaryReader.read(path, id: id))
      } catch {
        result.unreadable.append(error)
      }
    }
    result.summaries.sort { ($0.updated, $0.id) > ($1.updated, $1.id) }
    result.unreadable.sort { $0.place < $1.place }
    return result
  }
}

/// Gathers a summary from the lines of a transcript.
private struct SummaryReader {
  private var created: Date?
  private var customTitle: String?
  private var automaticTitle: String?
  private var ids: Set<[UInt8]> = []
  private var lastMessage: [UInt8]?
  private var lastReply: [UInt8]?

  static func read(_ path: String, id: String) throws(ChatError) -> TranscriptSummary {
    let (descriptor, byteCount) = try Folder.openFile(path)
    defer { close(descriptor) }
    var reader = SummaryReader()
    try LineReader.forEachLine(of: descriptor, path: path) { line throws(ChatError) in
      reader.take(line.bytes)
      return true
    }
    guard reader.created != nil || !reader.ids.isEmpty else {
      throw ChatError(.notTranscript, at: path, "neither a header nor a message")
    }
    return reader.summary(id: id, byteCount: byteCount)
  }

  private func summary(id: String, byteCount: Int) -> TranscriptSummary {
    let last = lastMessage.flatMap(TranscriptRecord.parse)
    let reply = lastReply.flatMap(TranscriptRecord.parse)
    let created = created ?? Date(timeIntervalSince1970: 0)
    return TranscriptSummary(
      id: id, title: customTitle ?? automaticTitle ?? "", created: created,
      updated: last?.date.flatMap(Timestamp.date) ?? created, messageCount: ids.count,
      model: reply?.model, byteCount: byteCount)
  }

  private mutating func take(_ line: ArraySlice<UInt8>) {
    if let head = LineHead(line) {
      if head.isPart { return }
      ids.insert(Array(head.id))
      lastMessage = Array(line)
      if head.isReply { lastReply = lastMessage }
      if !head.isReply && automaticTitle == nil, let record = TranscriptRecord.parse(line) {
        takeTitle(record)
      }
      return
    }
    guard let record = TranscriptRecord.parse(line) else { return }
    if record.cria != nil {
      created = created ?? record.created.flatMap(Timestamp.date)
      customTitle = record.title.map(Title.clean)
      return
    }
    switch record.kind {
    case .title: customTitle = record.title.map(Title.clean)
    case .message, .begin:
      guard let id = record.id else { return }
      ids.insert(Array(id.utf8))
      lastMessage = Array(line)
      if record.role == Role.assistant.rawValue { lastReply = lastMessage }
      takeTitle(record)
    default: break
    }
  }

  private mutating func takeTitle(_ record: TranscriptRecord) {
    if automaticTitle == nil, record.role == Role.user.rawValue, record.hidden != true {
      automaticTitle = Title.make(from: record.text ?? "")
    }
  }
}

/// What the beginning of a line says when it was written by `TranscriptRecord.line`.
private struct LineHead {
  var isPart: Bool
  var isReply: Bool
  var id: ArraySlice<UInt8>

  private static let part = Array("{\"type\":\"part\",\"id\":\"".utf8)
  private static let message = Array("{\"type\":\"message\",\"id\":\"".utf8)
  private static let begin = Array("{\"type\":\"begin\",\"id\":\"".utf8)
  private static let reply = Array("\",\"role\":\"assistant\"".utf8)

  init?(_ line: ArraySlice<UInt8>) {
    isPart = line.starts(with: Self.part)
    let prefix = isPart ? Self.part : line.starts(with: Self.begin) ? Self.begin : Self.message
    guard isPart || line.starts(with: prefix) else { return nil }
    let rest = line.dropFirst(prefix.count)
    // A whole line ends with a brace; a torn one counts for nothing.
    guard line.last == UInt8(ascii: "}"),
      let quote = rest.firstIndex(of: UInt8(ascii: "\"")),
      !rest[..<quote].contains(UInt8(ascii: "\\"))
    else { return nil }
    id = rest[..<quote]
    isReply = rest[quote...].starts(with: Self.reply)
  }
}
