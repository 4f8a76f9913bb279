import Chat
import FoundationEssentials
import Kernel

/// The chat as plain lines, for screen readers, pipes and terminals without a cursor.
///
/// The conversation goes to standard output, everything else to standard error, and nothing is
/// ever drawn over. It saves to the same transcripts as the full-screen chat.
struct LinearChat {
  let paths: Paths
  let config: Config
  let wantedContext: Int?
  let wantedThreads: Int?
  let drafting: Drafting
  let engine: ForegroundEngine
  /// Someone types, rather than a pipe: failures do not end the chat, and there is a prompt.
  let isInteractive = StandardStreams.inputIsTerminal

  var conversation: Conversation
  var transcript: LinearTranscript
  var model: ModelSummary
  /// Nil for the format that the model's file asks for.
  var chosenFormat: PromptFormat?
  var sampling: SamplingSettings
  var counts = TurnCounts()
  /// Where the window starts, and how many messages are before it, as of the last reply.
  var window: (start: MessageID?, droppedTurnCount: Int) = (nil, 0)
  var lastReply: Reply?
  private var input = LineInput()

  var format: PromptFormat { chosenFormat ?? model.detectedFormat }
  var catalog: ModelCatalog { ModelCatalog(folder: paths.models) }

  /// Loads the model and opens the conversation.
  ///
  /// - Parameter resume: a transcript's id; nil for a new conversation.
  init(
    context: CommandContext, model request: String?, format: PromptFormat?, contextLength: Int?,
    threads: Int?, drafting: Drafting, resume: String?
  ) throws {
    paths = context.paths
    config = context.config
    wantedContext = contextLength ?? config.context
    wantedThreads = threads ?? config.threads
    self.drafting = drafting
    chosenFormat =
      try format
      ?? config.format.map { (name) throws(Failure) in
        try PromptFormat.required(name)
      }
    sampling = SamplingSettings(config.sampling)
    transcript = LinearTranscript(paths: paths)
    if let resume {
      conversation = try transcript.resume(resume)
    } else {
      conversation = Conversation.new(at: Date())
      conversation.systemPrompt = config.system
      try transcript.start(conversation)
    }
    let file = try context.model(request)
    engine = try ForegroundEngine()
    do {
      model = try engine.load(
        LoadRequest(path: file.path, contextLength: wantedContext, threadCount: wantedThreads))
    } catch {
      engine.close()
      throw error
    }
    LastModel.write(file.path, paths)
  }

  /// Runs until the input ends, `/quit`, or Ctrl-C twice at the prompt.
  mutating func run() throws {
    defer {
      transcript.close()
      engine.close()
    }
    introduce()
    if !conversation.isEmpty {
      try StandardStreams.write(conversation.plainText() + "\n")
    }
    var wasInterrupted = false
    while true {
      let line = try input.message(prompt: prompt)
      switch line {
      case .end:
        if isInteractive { try StandardStreams.write("\n") }
        return
      case .interrupted:
        guard isInteractive, !Interrupt.isFinal, !wasInterrupted else {
          if isInteractive { StandardStreams.note("\n") }
          // Leaving by Ctrl-C where it was announced is no failure.
          if wasInterrupted && !Interrupt.isFinal { Interrupt.install() }
          return
        }
        wasInterrupted = true
        Interrupt.install()
        StandardStreams.note("\n")
        LinearNote.say("Ctrl-C once more, or /quit, leaves")
        continue
      case .text(let text):
        wasInterrupted = false
        guard text.contains(where: { !$0.isWhitespace }) else { continue }
        do {
          if let command = LinearCommand(line: text) {
            guard try run(command) else { return }
          } else {
            let message = conversation.append(.user, text, at: Date())
            transcript.write { try $0.append(message) }
            try reply()
          }
        } catch  where isInteractive && Failure.isWorded(error) {
          LinearNote.say(Failure(error).text)
        }
        if Interrupt.isFinal { return }
      }
    }
  }

  private func introduce() {
    LinearNote.say("\(model.displayName), prompt format \(format.name), /help lists the commands")
  }

  private func prompt(isFirst: Bool) throws {
    guard isInteractive else { return }
    try StandardStreams.write(isFirst ? "You: " : "...: ")
  }
}
