import ArgumentParser
import Chat
import Kernel

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Print one reply to a prompt.",
    discussion: """
      The reply streams to standard output, statistics go to standard error. What is piped in \
      is appended to the prompt.

      Examples:
        cria run "Name three llamas."
        git diff | cria run "Write a commit message"
        cria run --raw --temperature 0 --max-tokens 20 "Once upon a time"
      """)

  @Argument(help: "What to ask; standard input where there is none.")
  var prompt: String?

  @OptionGroup var modelOption: ModelOption

  @Flag(help: "Continue the text as it stands, with no prompt format.")
  var raw = false

  @Option(help: ArgumentHelp("The system prompt; empty for none.", valueName: "text"))
  var system: String?

  @Option(
    help: ArgumentHelp(
      "The prompt format: \(PromptFormat.all.map(\.name).joined(separator: ", ")).",
      valueName: "name"))
  var format: String?

  @OptionGroup var sampling: SamplingOptions
  @OptionGroup var engine: EngineOptions

  @Flag(help: "Print one JSON object with text, token ids and timings at the end.")
  var json = false

  func validate() throws {
    if raw && (system != nil || format != nil) {
      throw ValidationError("--raw takes no --system and no --format")
    }
  }

  func run() throws {
    Interrupt.install()
    let context = try CommandContext.load()
    let format = try (raw ? nil : format ?? context.config.format)
      .map { (name) throws(Failure) in try PromptFormat.required(name) }
    let input = try PipedInput.read()
    let text = prompt ?? ""
    guard !text.isEmpty || !input.isEmpty else {
      throw Failure(
        "there is nothing to reply to", remedy: "give a prompt, or pipe one in", status: .usage)
    }
    let file = try context.model(modelOption.model)
    let engine = try ForegroundEngine()
    defer { engine.close() }
    let summary = try engine.load(self.engine.request(path: file.path, config: context.config))
    LastModel.write(file.path, context.paths)

    let prompt = PlannedPrompt(
      text: text, input: input, isRaw: raw, system: system ?? context.config.system,
      format: format ?? summary.detectedFormat, tokenizer: summary.tokenizer)
    let settings = sampling.settings(config: context.config)
    let policy = settings.drawn()
    let request = GenerationRequest(
      tokens: prompt.tokens, sampling: policy, tokenLimit: settings.tokenLimit ?? .max,
      isContinuation: raw, drafting: self.engine.drafting(config: context.config))

    var writer = ReplyWriter(isStreaming: !json)
    let reply = try engine.generate(request, stops: prompt.stops) { try writer.write($0) }
    if json {
      try StandardStreams.writeLine(reply.json(summary: summary))
    } else {
      try writer.finish()
      StandardStreams.note(reply.statisticsLine(seed: policy.seed))
    }
  }
}

/// A prompt as tokens, and where the reply has to stop.
private struct PlannedPrompt {
  let tokens: [TokenID]
  let stops: [String]

  init(
    text: String, input: String, isRaw: Bool, system: String?, format: PromptFormat,
    tokenizer: Tokenizer
  ) {
    if isRaw {
      let parts = [text, input].filter { !$0.isEmpty }
      tokens = tokenizer.lead + tokenizer.encode(parts.joined(separator: "\n"))
      stops = []
      return
    }
    let turn = Turn(
      role: .user, text: text.isEmpty ? input : text, input: text.isEmpty ? nil : input)
    tokens = tokenizer.prompt(format.render(system: system, turns: [turn]))
    stops = format.stops
  }
}

/// Writes a reply's text to standard output as it comes.
private struct ReplyWriter {
  let isStreaming: Bool
  private var endsLine = true

  init(isStreaming: Bool) { self.isStreaming = isStreaming }

  mutating func write(_ text: String) throws {
    guard isStreaming, !text.isEmpty else { return }
    try StandardStreams.write(VisibleText.withoutControls(text))
    endsLine = text.hasSuffix("\n")
  }

  mutating func finish() throws {
    if isStreaming && !endsLine { try StandardStreams.write("\n") }
  }
}

/// What is piped in.
enum PipedInput {
  private static let byteLimit = 1 << 26

  /// Standard input to its end, without the last line feed; empty where it is a terminal.
  static func read() throws(Failure) -> String {
    if StandardStreams.inputIsTerminal { return "" }
    let bytes: [UInt8]
    do {
      bytes = try FileSystem.read(descriptor: 0, path: "standard input", limit: byteLimit)
    } catch {
      throw Failure(error)
    }
    let text = String(decoding: bytes, as: UTF8.self)
    return text.last?.isNewline == true ? String(text.dropLast()) : text
  }
}
