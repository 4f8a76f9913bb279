import Chat
import Kernel
import TUI

/// What happened: an event at the terminal, or a result of an effect.
package enum AppAction: Sendable {
  case event(Event)
  /// Time has passed.
  case tick

  case modelLoaded(ModelSummary)
  case modelFailed(path: String, Failure)
  case modelsListed([ModelListing])
  /// What `/model NAME` means.
  case modelFound(path: String)

  /// The prompt fits; the reply's first token is on its way.
  case replyPrepared(number: Int, AppState.WindowStatus)
  case replyProgress(number: Int, done: Int, total: Int, reused: Int)
  case replyText(number: Int, text: String, at: Double)
  /// Tokens that the reply has drafted so far.
  case replyDrafted(number: Int, count: Int, accepted: Int)
  case replyStopMatched(number: Int)
  case replyFinished(number: Int, Kernel.StopReason, GenerationStatistics)
  /// `isTooLong`: what was to be answered, or gone on with, does not fit the window by itself.
  case replyFailed(number: Int, Failure, isTooLong: Bool)
  /// The window of a conversation as it is without a new reply.
  case windowMeasured(AppState.WindowStatus, of: String)

  case transcriptOpened(OpenedTranscript)
  case transcriptOpenFailed(Failure)
  case transcriptsListed([TranscriptSummary], unreadableCount: Int)
  /// What could not be written before is on the disk now.
  case transcriptSaved(id: String)
  case transcriptFailed(id: String, Failure)
  case transcriptDeleted(title: String)

  case themeLoaded(Theme)
  case themesListed([String])

  case downloadProgress(DownloadProgress)
  case downloadFinished(path: String)
  /// Nil when it was cancelled.
  case downloadFailed(Failure?)

  /// The text as the external editor left it.
  case edited(String)
  /// What a menu waits for cannot be read.
  case listFailed(Failure)
  case told(String)
  case failed(Failure)
}

/// A model file as the menu shows it.
package struct ModelListing: Sendable, Equatable {
  /// The file: what loading it takes.
  package var path: String
  /// Foreign text.
  package var name: String
  /// The file's size.
  package var byteCount: Int
  /// `Q4_0`; empty where the header cannot be read.
  package var quantization = ""
  /// Weights; 0 where the header cannot be read.
  package var parameterCount = 0
  /// Positions that the model was trained for.
  package var contextLength: Int?
  /// Weights and cache with the window asked for.
  package var memoryByteCount = 0
  /// Nil where the machine does not say how much memory it has.
  package var fitsInMemory: Bool?
  /// Why it cannot be used.
  package var problem: String?

  /// A file of which only the outside is known.
  package init(path: String, name: String, byteCount: Int) {
    self.path = path
    self.name = name
    self.byteCount = byteCount
  }
}

/// A conversation read from its transcript.
package struct OpenedTranscript: Sendable {
  /// All that could be read.
  package var conversation: Conversation
  /// Lines that could not be read.
  package var problemCount: Int
  /// Why it cannot be written to.
  package var readOnlyReason: String?

  package init(conversation: Conversation, problemCount: Int = 0, readOnlyReason: String? = nil) {
    self.conversation = conversation
    self.problemCount = problemCount
    self.readOnlyReason = readOnlyReason
  }
}
