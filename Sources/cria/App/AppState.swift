import Chat
import Kernel
import TUI

/// Everything that the screen is made of. A value: `update` changes it, `view` draws it.
struct AppState: Sendable {
  var size = Size(columns: 80, rows: 24)
  /// Seconds that only go forward, as of the events being dealt with.
  var now = 0.0
  /// Seconds since 1970, likewise.
  var date = 0.0

  var theme: Theme
  var themeName: String
  let bindings: KeyBindings

  var conversation: Conversation
  var transcript = TranscriptStatus.unsaved
  var conversationView = ConversationView()
  /// The number that each message has as an entry on the screen.
  var entryNumbers: [MessageID: Int] = [:]

  var editor = TextEditor()
  var history = InputHistory()
  /// The question that the input will replace.
  var edited: MessageID?
  var focus = Focus.input
  var isMouseCaptured: Bool

  var model = ModelStatus.absent
  var format = FormatChoice()
  var sampling: SamplingSettings
  /// System prompt of new conversations.
  var defaultSystemPrompt: String?
  /// What was asked for on the command line or in the config; nil leaves it to the kernel.
  var wantedContext: Int?
  var wantedThreads: Int?

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
  var find: String?
  /// The conversation that a dialog asks about.
  var toDelete: ConversationToDelete?
  /// The code block that was copied last.
  var copiedBlock: CopiedBlock?

  struct CopiedBlock: Sendable {
    var message: MessageID
    var index: Int
  }

  enum Focus: Sendable { case input, conversation }

  enum ModelStatus: Sendable {
    case absent
    case loading(path: String)
    case ready(ModelSummary)
    case failed(path: String, Failure)

    var summary: ModelSummary? {
      if case .ready(let summary) = self { return summary }
      return nil
    }
  }

  struct FormatChoice: Sendable {
    /// What the person chose; stays when the model changes.
    var chosen: PromptFormat?
    /// What the model's file asks for.
    var detected: PromptFormat?
    var current: PromptFormat { chosen ?? detected ?? .alpaca }
  }

  enum TranscriptStatus: Sendable, Equatable {
    /// Nothing to save yet, or everything saved.
    case unsaved, saved
    /// Another program writes to it, or it may not be written.
    case readOnly(String)
    /// What is on the screen is not on the disk.
    case failed(String)
  }

  /// What the window held when it was last looked at.
  struct WindowStatus: Sendable, Equatable {
    /// First message inside; the next fit keeps it while it can.
    var start: MessageID?
    var droppedTurnCount: Int
    var promptTokenCount: Int
    var windowTokenCount: Int
  }

  struct TimedNotice: Sendable {
    var notice: Notice
    var until: Double
  }

  /// What lies over the conversation and takes the keys.
  enum Overlay: Sendable {
    case menu(MenuKind, Menu)
    case confirm(Confirm, then: AppCommand)
    case prompt(Prompt, PromptPurpose)
    case page(TextPage)
  }

  enum MenuKind: Sendable, Equatable {
    case models, transcripts, themes(before: String), formats, palette
  }

  enum PromptPurpose: Sendable, Equatable {
    case renameTranscript(String)
    case find
  }

  /// Whether something moves by itself and the loop has to look at the clock.
  var needsTicks: Bool {
    if case .loading = model { return true }
    return reply != nil || notice != nil || quitArmedUntil != nil || download != nil
  }
}

/// A reply on its way.
struct ReplyProgress: Sendable {
  enum Phase: Sendable, Equatable {
    /// The model is not loaded yet.
    case waitingForModel
    /// The prompt is being put together.
    case preparing
    case prefill(done: Int, total: Int, reused: Int)
    case decoding
  }

  let number: Int
  /// The reply's message, once there is one.
  var message: MessageID?
  /// Whether it goes on with a reply that was broken off.
  let isContinuation: Bool
  var policy: SamplingPolicy
  var phase = Phase.waitingForModel
  var startedAt: Double
  var prefillStartedAt: Double?
  var firstTokenAt: Double?
  var tokenCount = 0
  var reusedTokenCount = 0
  /// Times of the last tokens, for the rate of now.
  var recentTokens: [Double] = []
  var isStopping = false
  /// Whether a stop string of the format has ended it.
  var didMatchStop = false

  /// Tokens a second over the last second or so.
  var currentRate: Double? {
    guard let first = recentTokens.first, let last = recentTokens.last, recentTokens.count > 2,
      last > first
    else { return nil }
    return Double(recentTokens.count - 1) / (last - first)
  }

  /// Tokens a second since the first one.
  var averageRate: Double? {
    guard let firstTokenAt, let last = recentTokens.last, tokenCount > 1, last > firstTokenAt
    else { return nil }
    return Double(tokenCount - 1) / (last - firstTokenAt)
  }
}
