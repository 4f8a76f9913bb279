/// What went wrong with a conversation: a code to decide by, the place, and what was found.
///
/// The wording a person sees is made at the edge, from these parts.
package struct ChatError: Error, Sendable {
  package enum Code: String, Sendable {
    /// The system prompt alone leaves no room; `tokenCount` says how many tokens too long.
    case systemPromptTooLong
    /// The newest turn and the system prompt do not fit; `tokenCount` says by how much.
    case newestTurnTooLong
    /// The token counter that was handed in failed; `cause` says why.
    case countFailed
    /// No message with that id in the conversation.
    case unknownMessage
    /// A transcript id that is no plain file name.
    case invalidID
    /// No transcript with that id.
    case transcriptMissing
    /// The file is not a transcript: its first readable line is no header.
    case notTranscript
    /// Written by a newer version of the format.
    case unsupportedVersion
    /// Another program is writing to the transcript.
    case locked
    /// A file or folder is not there, or was removed while it was being written.
    case folderMissing
    /// The system refuses access.
    case accessDenied
    /// The file system cannot be written to.
    case readOnly
    /// No space is left on the device, or a quota is reached.
    case diskFull
    /// Any other failure of the file system; `errno` is in `detail`.
    case inputOutput
  }

  package var code: Code
  /// File, folder, message id or setting.
  package var place: String
  /// What was found and what was expected, as a phrase without a full stop.
  package var detail: String
  /// Tokens over the limit, for the two codes about length.
  package var tokenCount: Int?
  package var cause: (any Error)?

  package init(
    _ code: Code, at place: String, _ detail: String, tokenCount: Int? = nil,
    cause: (any Error)? = nil
  ) {
    self.code = code
    self.place = place
    self.detail = detail
    self.tokenCount = tokenCount
    self.cause = cause
  }
}
