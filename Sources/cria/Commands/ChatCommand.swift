import ArgumentParser
import Chat
import FoundationEssentials
import Kernel
import Logging
import TUI

/// `cria chat`, and `cria` alone: the full-screen chat.
struct ChatCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "chat",
    abstract: "Chat full screen; this is what cria alone does.",
    discussion: """
      The conversation saves itself. F1 shows the keys. --linear prints plain lines instead, \
      for screen readers, pipes and terminals that cannot place the cursor.

      Examples:
        cria
        cria chat --model 7B --format alpaca --context 2048
        cria chat --resume
        cria chat --linear
      """)

  @OptionGroup var modelOption: ModelOption

  @Option(
    help: ArgumentHelp(
      "The prompt format (default: what the model's file asks for).", valueName: "name"))
  var format: String?

  @OptionGroup var engine: EngineOptions

  @Option(help: ArgumentHelp("The theme's name.", valueName: "name"))
  var theme: String?

  @Option(
    help: ArgumentHelp(
      "Go on with a conversation; without an id, with the last one.", valueName: "id"))
  var resume: String?

  @Flag(help: "Plain lines instead of the full screen.")
  var linear = false

  func run() throws {
    if linear { return try runLinear() }
    // Before any thread is started, so that signals reach the one that draws.
    TerminalGuard.blockSignals()
    let paths = try Paths.current()
    var notes: [Failure] = []
    if let failure = LogFile.bootstrap(path: paths.log, level: .info) { notes.append(failure) }
    var start = try ChatStart(paths: paths, command: self)
    notes += start.notes
    // One fits the line for notices; several would drive each other out.
    if notes.count > 1 { start.state.show(notes) }
    let runner = try AppRunner(state: start.state, paths: paths, themes: start.themes)
    try runner.run(start.effects + (notes.count == 1 ? [.tell(notes[0])] : []))
  }

  private func runLinear() throws {
    Interrupt.install()
    let context = try CommandContext.load()
    var chat = try LinearChat(
      context: context, model: modelOption.model,
      format: format.map { (name) throws(Failure) in try PromptFormat.required(name) },
      contextLength: engine.context, threads: engine.threads,
      drafting: engine.drafting(config: context.config),
      resume: resume.map { (id) throws(Failure) in
        try ResumeArgument.resolve(id, context.paths)
      })
    try chat.run()
  }
}

/// What the chat starts with: settings from the command line, the config and the last time.
private struct ChatStart {
  let themes: ThemeStore
  var state: AppState
  private(set) var effects: [AppEffect] = []
  /// What did not work out but does not keep the chat from starting.
  private(set) var notes: [Failure] = []

  init(paths: Paths, command: ChatCommand) throws {
    var config = Config()
    var bindings = KeyBindings()
    do throws(Failure) {
      config = try Config.read(paths.configFile)
      bindings = try KeyBindings(config)
    } catch {
      notes.append(error)
    }
    notes += config.warnings.map { Failure($0) }
    themes = ThemeStore(folders: [paths.themes] + Paths.shipped("themes"))
    let wantedTheme = command.theme ?? config.theme ?? NotedLine.read(paths.lastTheme) ?? "terminal"
    var theme = Theme.terminal
    do throws(TUIError) {
      theme = try themes.load(wantedTheme)
    } catch {
      if command.theme != nil { throw Failure(error) }
      notes.append(Failure(error))
    }
    var conversation = Conversation.new(at: Date())
    conversation.systemPrompt = config.system
    state = AppState(
      theme: theme, bindings: bindings, conversation: conversation,
      isMouseCaptured: config.mouse ?? true, sampling: SamplingSettings(config.sampling))
    state.defaultSystemPrompt = config.system
    state.wantedContext = command.engine.context ?? config.context
    state.wantedThreads = command.engine.threads ?? config.threads
    state.drafting = command.engine.drafting(config: config)
    if let name = command.format ?? config.format {
      state.format.chosen = try PromptFormat.required(name)
    }
    if let bytes = try? FileSystem.read(paths.history, limit: 4 << 20) {
      let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
      state.history = InputHistory(entries: lines.map { InputHistory.entry(from: $0) })
    }
    if let id = command.resume {
      effects.append(.openTranscript(id: try ResumeArgument.resolve(id, paths)))
      state.isOpening = true
    } else {
      effects.append(.startTranscript(conversation))
    }
    try chooseModel(paths, command.modelOption.model, config)
  }

  private mutating func chooseModel(_ paths: Paths, _ asked: String?, _ config: Config) throws {
    let catalog = ModelCatalog(folder: paths.models)
    do throws(Failure) {
      if let asked {
        start(try catalog.resolve(asked).path)
      } else if let file = try catalog.preferred(
        configured: config.model, lastUsed: LastModel.read(paths))
      {
        start(file.path)
      } else {
        state.offerDownload()
      }
    } catch {
      // A model that was asked for by name has to be there.
      if asked != nil { throw error }
      notes.append(error)
    }
  }

  private mutating func start(_ path: String) {
    state.model = .loading(path: path)
    effects.append(.loadModel(path: path))
  }
}

/// `--resume` may stand without an ID, which the argument parser has no form for.
enum ResumeArgument {
  static let last = "last"

  /// The transcript's id: `last` is the conversation of the last session. A sample that ships
  /// with the program is put among the user's own.
  static func resolve(_ id: String, _ paths: Paths) throws(Failure) -> String {
    guard id == last else {
      try SampleTranscripts.provide(id, in: paths.transcripts)
      return id
    }
    guard let noted = NotedLine.read(paths.lastSession) else {
      throw Failure(
        "there is no conversation to resume yet", at: paths.lastSession, remedy: "start with: cria")
    }
    return noted
  }

  /// The arguments with the last conversation's name where none was given.
  static func completed(_ arguments: [String]) -> [String] {
    var result: [String] = []
    for (index, argument) in arguments.enumerated() {
      result.append(argument)
      let next = arguments.dropFirst(index + 1).first
      if argument == "--resume", next.map({ $0.hasPrefix("-") }) ?? true { result.append(last) }
    }
    return result
  }
}

/// What the program noted for its next start: the first line of a small file.
private enum NotedLine {
  /// Nil where there is no such file, or nothing in it.
  static func read(_ path: String) -> String? {
    guard let bytes = try? FileSystem.read(path, limit: 4096) else { return nil }
    let line = String(decoding: bytes, as: UTF8.self).prefix { $0 != "\n" }
    return line.isEmpty ? nil : String(line)
  }
}
