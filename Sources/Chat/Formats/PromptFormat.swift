/// How a model wants a conversation to be written down: a value, not code.
///
/// A prompt is the opening (system prompt or preamble), then the turns, then
/// `assistantBefore`, where the model goes on. To add a format, add a value to
/// `PromptFormat+Catalogue.swift` and its telltale strings to `PromptFormat+Detect.swift`.
package struct PromptFormat: Sendable, Equatable {
  /// Where the system prompt stands.
  package enum SystemPlacement: Sendable {
    /// `systemBefore` and `systemAfter` enclose it, and the turns follow.
    case ownTurn
    /// It is written within the first user turn: `systemBefore` opens that turn too, in the
    /// place of `userBefore`.
    case firstUserTurn
  }

  /// What users type after `--format` or `/format`.
  package var name: String
  /// What menus show.
  package var title: String

  /// Stands at the start when there is no system prompt.
  package var preamble = ""
  /// The preamble when the first turn comes with an input; `nil` for the same.
  package var preambleWithInput: String?
  package var systemPlacement = SystemPlacement.ownTurn
  package var systemBefore = ""
  package var systemAfter = ""
  /// Used when the user set none. Not format text: special tokens are not parsed in it.
  package var defaultSystemPrompt: String?

  package var userBefore = ""
  package var userAfter = ""
  /// Between a user turn's text and its input.
  package var inputBefore = "\n\n"
  package var assistantBefore = ""
  /// What models of this format begin their replies with, which may have been trimmed off in
  /// a reply that came from elsewhere; put back before a reply that starts with anything
  /// but white space.
  package var replyLead = ""
  /// After a finished reply.
  package var assistantAfter = ""

  /// A reply ends where one of these comes; they are not part of it. The end-of-turn tokens
  /// of the vocabulary end it as well, so these matter for models that write them as text or
  /// go on with the other side of the conversation.
  package var stops: [String] = []
}
