import Chat
import Kernel
import TUI

/// Everything that the screen is made of. A value: `update` changes it, `view` draws it.
package struct AppState: Sendable {
  /// The terminal's.
  package var size = Size(columns: 80, rows: 24)
  /// Seconds that only go forward, as of the events being dealt with.
  package var now = 0.0
  /// Seconds since 1970, likewise.
  package var date = 0.0

  var theme: Theme
  let bindings: KeyBindings

  /// The conversation on the screen.
  package internal(set) var conversation: Conversation
  /// Whether what is on the screen is on the disk.
  package var transcript = TranscriptStatus.fine
  /// Whether another conversation is being read; until it is here nothing is sent.
  package var isOpening = false
  var conversationView = ConversationView()
  /// The number that each message has as an entry on the screen.
  var entryNumbers: [MessageID: Int] = [:]

  var editor = TextEditor()
  /// What was sent before.
  package var history = InputHistory()
  /// The question that the input will replace.
  var edited: EditedQuestion?
  var focus = Focus.input
  var isMouseCaptured: Bool

  /// The model in use, or on its way.
  package var model = ModelStatus.absent
  /// How prompts are written.
  package var format = FormatChoice()
  var sampling: SamplingSettings
  /// System prompt of new conversations.
  package var defaultSystemPrompt: String?
  /// Window asked for on the command line or in the config; nil leaves it to the kernel.
  package var wantedContext: Int?
  /// Threads asked for, likewise.
  package var wantedThreads: Int?
  /// Whether replies are drafted.
  package var drafting = Drafting.whenItPays

  var window: WindowStatus?
  var reply: ReplyProgress?
  /// Rates of the last reply, for the status bar when nothing runs.
  var lastStatistics: GenerationStatistics?
  /// Counts requests for replies, so that what comes late is told from what is wanted.
  var replyNumber = 0

  var overlay: Overlay?
  var download: DownloadProgress?
  var notice: TimedNotice?
  /// Until when a second Ctrl-C quits.
  var quitArmedUntil: Double?
  var find: Search?
  /// The code block that was copied last.
  var copiedBlock: CopiedBlock?

  /// A state with an empty conversation and no model.
  package init(
    theme: Theme, bindings: KeyBindings = KeyBindings(), conversation: Conversation,
    isMouseCaptured: Bool = true, sampling: SamplingSettings = SamplingSettings()
  ) {
    self.theme = theme
    self.bindings = bindings
    self.conversation = conversation
    self.isMouseCaptured = isMouseCaptured
    self.sampling = sampling
  }

  struct CopiedBlock: Sendable {
    var message: MessageID
    var index: Int
  }

  struct EditedQuestion: Sendable {
    var message: MessageID
    /// What stood in the input before.
    var draft: String
  }

  /// What is looked for in the conversation.
  struct Search: Sendable {
    var text: String
    /// The match that was shown last: an entry and the offset of the match in its text.
    var shown: (entry: Int, offset: Int)?
  }

  enum Focus: Sendable { case input, conversation }

  /// Where the model stands.
  package enum ModelStatus: Sendable {
    case absent
    case loading(path: String)
    case ready(ModelSummary)
    case failed(path: String, Failure)

    var summary: ModelSummary? {
      if case .ready(let summary) = self { return summary }
      return nil
    }

    var path: String? {
      switch self {
      case .absent: nil
      case .loading(let path), .failed(let path, _): path
      case .ready(let summary): summary.path
      }
    }

    /// Whether there is one, or will be one without the person's doing.
    var isComing: Bool {
      switch self {
      case .loading, .ready: true
      case .absent, .failed: false
      }
    }
  }

  /// Which prompt format is used, and why.
  package struct FormatChoice: Sendable {
    /// What the person chose; stays when the model changes.
    package var chosen: PromptFormat?
    /// What the model's file asks for.
    package var detected: PromptFormat?
    var current: PromptFormat { chosen ?? detected ?? .alpaca }
  }

  /// How the conversation and its transcript stand.
  package enum TranscriptStatus: Sendable, Equatable {
    /// All is on the disk, or there is nothing to save yet.
    case fine
    /// Another program writes to it, or it may not be written.
    case readOnly(String)
    /// What is on the screen is not on the disk.
    case failed(String)
  }

  /// What the window held when it was last looked at.
  package struct WindowStatus: Sendable, Equatable {
    /// First message inside; the next fit keeps it while it can.
    package var start: MessageID?
    /// Turns before `start`.
    package var droppedTurnCount: Int
    package var promptTokenCount: Int
    package var windowTokenCount: Int

    package init(
      start: MessageID?, droppedTurnCount: Int, promptTokenCount: Int, windowTokenCount: Int
    ) {
      self.start = start
      self.droppedTurnCount = droppedTurnCount
      self.promptTokenCount = promptTokenCount
      self.windowTokenCount = windowTokenCount
    }
  }

  struct TimedNotice: Sendable {
    var notice: Notice
    var until: Double
  }

  /// What lies over the conversation and takes the keys.
  enum Overlay: Sendable {
    case menu(MenuKind, Menu)
    case confirm(Confirm, then: Confirmed)
    case prompt(Prompt, PromptPurpose)
    case page(TextPage)
  }

  enum MenuKind: Sendable, Equatable {
    case models, transcripts, formats, palette
    case themes(before: String)
  }

  /// What is done when a question is answered with yes.
  enum Confirmed: Sendable, Equatable {
    case delete(id: String, title: String, isFromMenu: Bool)
    case fetchModel
    /// Lets go of a conversation that is not on the disk.
    case abandon(Leaving)
  }

  /// Ways to leave a conversation.
  enum Leaving: Sendable, Equatable {
    case quit, startNew
    case open(id: String)
  }

  enum PromptPurpose: Sendable, Equatable {
    case renameTranscript(String)
    case find
  }

  /// Whether something moves by itself and the loop has to look at the clock.
  var needsTicks: Bool {
    if case .loading = model { return true }
    // A message that waits for a choice of the person's may wait for hours.
    let isReplyMoving = reply != nil && model.isComing
    return isReplyMoving || notice != nil || quitArmedUntil != nil || download != nil
  }
}
