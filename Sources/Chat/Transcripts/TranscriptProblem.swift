/// Something in a transcript that could not be read as it should be. The file stays as it is.
package struct TranscriptProblem: Sendable, Equatable {
  package enum Kind: String, Sendable {
    /// No JSON object, or fields of the wrong type: the line is passed over.
    case broken
    /// The last line ends in the middle: the line is passed over.
    case cut
    /// The line is too long to be one of ours.
    case tooLong
    /// Bytes that are no UTF-8 were replaced by U+FFFD.
    case badEncoding
    /// NUL bytes were taken out.
    case nulBytes
    /// The first line is no header.
    case noHeader
    /// The message's parent is not there; it was put under the message before it.
    case unknownParent
    /// A part of a reply is missing before this one.
    case gap
    /// The line is about a message that is not there: it is passed over.
    case unknownMessage
  }

  /// Counted from 1.
  package var line: Int
  package var kind: Kind

  package init(line: Int, kind: Kind) {
    self.line = line
    self.kind = kind
  }
}

/// A conversation as read from its transcript.
package struct LoadedTranscript: Sendable {
  package var conversation: Conversation
  /// In the order of the lines.
  package var problems: [TranscriptProblem]
  /// Replies that began and did not end, with stop reason `.interrupted`; ready to go on.
  package var interrupted: [MessageID]
}
