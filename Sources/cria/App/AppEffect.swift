import Chat
import Kernel
import TUI

/// What the runner is to do; results come back as actions.
package enum AppEffect: Sendable {
  case loadModel(path: String)
  /// Notes the model as the one to start with the next time.
  case rememberModel(path: String)
  /// - current: the model in use, listed wherever its file is.
  case listModels(current: String?)
  /// Finds a model by what was typed.
  case findModel(String)
  case reply(ReplyRequest)
  case cancelReply
  case measureWindow(WindowRequest)

  /// Writes a change of the conversation with that id, if that is the open one.
  case persist(PersistOperation, of: String)
  /// Opens a transcript for a conversation without messages.
  case startTranscript(Conversation)
  /// Writes a whole conversation to a transcript of its own and goes on there.
  case saveCopy(Conversation)
  case openTranscript(id: String)
  case listTranscripts
  case deleteTranscript(id: String, title: String)
  /// Nil goes back to the automatic title.
  case renameTranscript(id: String, title: String?)

  case listThemes
  /// - keeps: whether the next start takes it too.
  case loadTheme(String, keeps: Bool)

  case download
  case cancelDownload

  /// Shows what did not work out.
  case tell(Failure)
  case copy(String)
  case captureMouse(Bool)
  /// Opens the text in the user's editor.
  case edit(String)
  /// Adds to the input history.
  case remember(String)
  case export(Conversation, path: String)
  case redraw
  case suspend
  case quit
}

/// A change of the open conversation that belongs on the disk.
package enum PersistOperation: Sendable {
  case append(Message)
  case begin(Message)
  case stream(String)
  case end(Message)
  case title(String?)
  case system(String?)
  case head(MessageID?)
}

/// What the window is to be fitted to.
package struct WindowRequest: Sendable {
  /// The conversation's id.
  package var conversation: String
  /// As in `PromptFormat.render`.
  package var system: String?
  /// The path that the model is to see, oldest first.
  package var turns: [Turn]
  package var format: PromptFormat
  /// Where the window began the last time.
  package var previousStart: MessageID?

  package init(
    conversation: String, system: String? = nil, turns: [Turn], format: PromptFormat,
    previousStart: MessageID? = nil
  ) {
    self.conversation = conversation
    self.system = system
    self.turns = turns
    self.format = format
    self.previousStart = previousStart
  }
}

/// A reply to make.
package struct ReplyRequest: Sendable {
  /// Comes back with all that is told of it.
  package var number: Int
  package var window: WindowRequest
  package var policy: SamplingPolicy
  /// Nil for as many as the window holds.
  package var tokenLimit: Int?
  /// Whether the last turn is a reply to go on with.
  package var isContinuation: Bool
  package var drafting: Drafting

  package init(
    number: Int, window: WindowRequest, policy: SamplingPolicy = SamplingPolicy(),
    tokenLimit: Int? = nil, isContinuation: Bool = false, drafting: Drafting = .whenItPays
  ) {
    self.number = number
    self.window = window
    self.policy = policy
    self.tokenLimit = tokenLimit
    self.isContinuation = isContinuation
    self.drafting = drafting
  }
}
