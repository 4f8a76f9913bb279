import FoundationEssentials
import Glibc

/// A folder of transcripts, one file each: `<id>.jsonl`. Deleted ones are in its folder
/// `.trash`, where nothing is ever removed.
///
/// All methods wait for the disk.
package struct TranscriptStore: Sendable {
  package static let fileExtension = "jsonl"

  /// Need not exist; it is made with the first transcript.
  package let folder: String
  let operations: FileOperations

  package init(folder: String, operations: FileOperations = .system) {
    self.folder = folder
    self.operations = operations
  }

  /// A transcript's file.
  ///
  /// - Throws: `.invalidID` for what is no plain name of a visible file.
  package func path(of id: String) throws(ChatError) -> String {
    let bytes = Array(id.utf8)
    guard !bytes.isEmpty, bytes.count <= 240, bytes[0] != UInt8(ascii: "."),
      !bytes.contains(where: { $0 == UInt8(ascii: "/") || $0 < 32 || $0 == 127 })
    else {
      throw ChatError(.invalidID, at: id, "a transcript's id is a file name without extension")
    }
    return "\(folder)/\(id).\(Self.fileExtension)"
  }

  /// Reads a conversation, whoever is writing to it.
  package func open(_ id: String) throws(ChatError) -> LoadedTranscript {
    try TranscriptReader.read(try path(of: id), id: id)
  }

  /// Reads a conversation and takes its writer, in the order in which nobody else's lines can
  /// come between.
  ///
  /// A transcript that cannot be written to (locked by another program, read-only, no rights)
  /// comes without writer and with the reason.
  package func resume(_ id: String) throws(ChatError) -> ResumedTranscript {
    do {
      let writer = try writer(for: id)
      return ResumedTranscript(transcript: try open(id), writer: writer, writerError: nil)
    } catch {
      return ResumedTranscript(transcript: try open(id), writer: nil, writerError: error)
    }
  }

  /// A writer to go on with a transcript.
  ///
  /// - Throws: `.locked` when there is another one; the transcript can be read then.
  package func writer(for id: String) throws(ChatError) -> TranscriptWriter {
    try TranscriptWriter(existingPath: try path(of: id), id: id, operations: operations)
  }

  /// A writer for a conversation without messages. No file until the first one.
  package func writer(forNew conversation: Conversation) throws(ChatError) -> TranscriptWriter {
    TranscriptWriter(
      newPath: try path(of: conversation.id), header: .header(of: conversation),
      id: conversation.id, operations: operations)
  }

  /// Writes a whole conversation to a new file, for when the one it was in is lost, and
  /// returns the writer to go on with.
  ///
  /// The file's name is the conversation's id, with a number after it when that is taken.
  /// Nothing is left behind when it fails.
  ///
  /// - Parameter streaming: a reply that is being made, which the writer's `stream` and `end`
  ///   then go on with; its text so far is in the conversation.
  package func save(
    _ conversation: Conversation, streaming: MessageID? = nil
  ) throws(ChatError) -> TranscriptWriter {
    try Folder.create(folder)
    let id = try freeID(like: conversation.id)
    let writer = TranscriptWriter(
      newPath: try path(of: id), header: .header(of: conversation), id: id,
      operations: operations)
    // A failure cuts off what was written, and an empty file goes with its writer.
    try writer.appendAll(of: conversation, streaming: streaming)
    return writer
  }

  /// Renames a transcript that has no writer; otherwise ask that one.
  package func rename(_ id: String, to title: String?) throws(ChatError) {
    let writer = try writer(for: id)
    try writer.rename(title)
    try writer.close()
  }

  /// The id itself, or the first with a number after it that no file has.
  private func freeID(like id: String) throws(ChatError) -> String {
    var candidate = id
    var number = 2
    while Folder.exists(try path(of: candidate)) {
      candidate = "\(id)-\(number)"
      number += 1
    }
    return candidate
  }
}

/// A conversation read from its transcript, with the means to go on with it.
package struct ResumedTranscript: Sendable {
  package var transcript: LoadedTranscript
  /// `nil` when the transcript can be read only.
  package var writer: TranscriptWriter?
  /// Why there is no writer.
  package var writerError: ChatError?
}
