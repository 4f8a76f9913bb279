import Chat
import Kernel
import TUI

/// What happened: an event at the terminal, or a result of an effect.
enum AppAction: Sendable {
  case event(Event)
  /// Time has passed.
  case tick

  case modelLoaded(ModelSummary)
  case modelFailed(path: String, Failure)
  case modelsListed([ModelListing])
  case modelFound(path: String)

  /// The prompt fits; the reply's first token is on its way.
  case replyPrepared(number: Int, AppState.WindowStatus)
  case replyProgress(number: Int, done: Int, total: Int, reused: Int)
  case replyText(number: Int, text: String, at: Double)
  case replyStopMatched(number: Int)
  case replyFinished(number: Int, Kernel.StopReason, GenerationStatistics)
  case replyFailed(number: Int, Failure)
  /// The window as it is without a new reply.
  case windowMeasured(AppState.WindowStatus)

  case transcriptOpened(OpenedTranscript)
  case transcriptOpenFailed(Failure)
  case transcriptsListed([TranscriptSummary], unreadableCount: Int)
  case transcriptSaved
  case transcriptFailed(Failure)
  case transcriptDeleted(id: String, title: String)

  case themeLoaded(Theme)
  case themeFailed(Failure)
  case themesListed([String])

  case downloadProgress(DownloadProgress)
  case downloadFinished(path: String)
  case downloadFailed(Failure?)

  case edited(String)
  case told(String)
  case failed(Failure)
}

/// A model file as the menu shows it.
struct ModelListing: Sendable, Equatable {
  var path: String
  var name: String
  var byteCount: Int
  /// `Q4_0`, `7B`, 2,048; empty and nil where the header cannot be read.
  var quantization: String
  var parameterCount: Int
  var contextLength: Int?
  /// What it takes with the window asked for.
  var memoryByteCount: Int
  var fitsInMemory: Bool
  /// Why it cannot be used.
  var problem: String?
}

struct OpenedTranscript: Sendable {
  var conversation: Conversation
  var problemCount: Int
  /// Why it cannot be written to.
  var readOnlyReason: String?
}

/// What the runner is to do; results come back as actions.
enum AppEffect: Sendable {
  case loadModel(path: String)
  case listModels
  /// Finds a model by what was typed and loads it.
  case findModel(String)
  case reply(ReplyRequest)
  case cancelReply
  case measureWindow(WindowRequest)

  case persist(PersistOperation)
  case startTranscript(Conversation)
  case openTranscript(id: String)
  case listTranscripts
  case deleteTranscript(id: String, title: String)
  case renameTranscript(id: String, title: String)

  case listThemes
  case loadTheme(String)
  case keepTheme(String)

  case download
  case cancelDownload

  /// Shows what did not work out.
  case tell(Failure)
  case copy(String)
  case captureMouse(Bool)
  case edit(String)
  case remember(String)
  case export(Conversation, path: String)
  case redraw
  case suspend
  case quit
}

/// A change of the open conversation that belongs on the disk.
enum PersistOperation: Sendable {
  case append(Message)
  case begin(Message)
  case stream(String)
  case end(Message)
  case title(String?)
  case system(String?)
  case head(MessageID?)
}

/// What the window is to be fitted to.
struct WindowRequest: Sendable {
  var system: String?
  var turns: [Turn]
  var format: PromptFormat
  var previousStart: MessageID?
}

struct ReplyRequest: Sendable {
  var number: Int
  var window: WindowRequest
  var policy: SamplingPolicy
  var tokenLimit: Int?
  var isContinuation: Bool
}
