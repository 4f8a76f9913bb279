import Chat

/// A conversation as a file of the kind that the path's ending asks for.
package enum TranscriptExport {
  /// - Throws: a `Failure` for an ending that stands for no kind.
  package static func text(_ conversation: Conversation, path: String) throws(Failure) -> String {
    let lower = path.lowercased()
    if lower.hasSuffix(".md") { return conversation.markdown() }
    if lower.hasSuffix(".txt") { return conversation.plainText() }
    if lower.hasSuffix(".json") {
      do throws(ChatError) {
        return try conversation.messagesJSON()
      } catch {
        throw Failure(error)
      }
    }
    throw Failure(
      "the file's ending does not say how to write it", at: path,
      remedy: "use .md, .txt or .json", status: .usage)
  }
}
