import Chat
import FoundationEssentials
import Kernel

/// A line of the linear chat that is not a message.
struct LinearCommand {
  enum Name: String, CaseIterable {
    case new, system, set, format, model, regen
    case continueReply = "continue"
    case save, stats, help, quit

    var argument: String {
      switch self {
      case .system: "[TEXT]"
      case .set: "[NAME VALUE]"
      case .format, .model: "[NAME]"
      case .save: "TITLE"
      default: ""
      }
    }

    var meaning: String {
      switch self {
      case .new: "start a new conversation"
      case .system: "set the system prompt ('none' for the format's own), or show it"
      case .set: "change how replies are drawn, or show it"
      case .format: "choose the prompt format, or list them"
      case .model: "load another model, or list them"
      case .regen: "make the last reply again"
      case .continueReply: "go on with a reply that was broken off"
      case .save: "conversations save themselves; this gives a title"
      case .stats: "show the numbers of the last reply"
      case .help: "show this list"
      case .quit: "quit"
      }
    }
  }

  /// Nil for a name that there is no command for.
  let name: Name?
  let typedName: String
  let argument: String

  /// Nil for a message: what does not start with a slash and a letter, has several lines, or
  /// starts with a path.
  init?(line: String) {
    guard line.hasPrefix("/"), line.dropFirst().first?.isLetter == true, !line.contains("\n") else {
      return nil
    }
    let words = line.dropFirst().split(separator: " ", maxSplits: 1)
    guard let first = words.first, !first.contains("/") else { return nil }
    typedName = String(first)
    name = Name(rawValue: typedName)
    argument = words.count > 1 ? String(words[1]).trimmed : ""
  }
}

extension LinearChat {
  /// Does what the command says; false for quitting.
  mutating func run(_ command: LinearCommand) throws -> Bool {
    let argument = command.argument
    switch command.name {
    case .new: try startNew()
    case .system: try setSystemPrompt(argument)
    case .set: try setSampling(argument)
    case .format: try chooseFormat(argument)
    case .model: try chooseModel(argument)
    case .regen: try regenerate()
    case .continueReply: try continueReply()
    case .save: try giveTitle(argument)
    case .stats: LinearNote.say(lastReply.map(Self.rates) ?? "there was no reply yet")
    case .help: try StandardStreams.write(Self.help)
    case .quit: return false
    case nil:
      throw Failure("no command /\(command.typedName)", remedy: "/help lists them", status: .usage)
    }
    return true
  }

  private static var help: String {
    let rows = LinearCommand.Name.allCases.map { name in
      ("/\(name.rawValue) \(name.argument)", name.meaning)
    }
    let width = rows.map(\.0.count).max() ?? 0
    let lines = rows.map { usage, meaning in
      usage + String(repeating: " ", count: width - usage.count + 2) + meaning
    }
    return
      (lines + [
        "A line that ends in a backslash goes on in the next one.",
        "Ctrl-C stops a reply; the end of input quits.",
      ]).joined(separator: "\n") + "\n"
  }

  private mutating func startNew() throws {
    var fresh = Conversation.new(at: Date())
    fresh.systemPrompt = config.system
    try transcript.start(fresh)
    conversation = fresh
    window = (nil, 0)
    counts.removeAll()
    lastReply = nil
    LinearNote.say("a new conversation")
  }

  private mutating func setSystemPrompt(_ text: String) throws {
    guard !text.isEmpty else {
      let prompt = conversation.systemPrompt ?? config.system ?? format.defaultSystemPrompt
      try StandardStreams.writeLine(VisibleText.withoutControls(prompt ?? "There is none."))
      return
    }
    let prompt = text == "none" ? nil : text
    conversation.systemPrompt = prompt
    transcript.write { try $0.setSystemPrompt(prompt) }
    LinearNote.say(
      prompt == nil ? "the format's own system prompt is used" : "the system prompt is set")
  }

  private mutating func setSampling(_ argument: String) throws {
    let words = argument.split(whereSeparator: { $0 == " " || $0 == "=" }).map(String.init)
    guard words.count == 2 else {
      let meanings = SamplingSettings.names.map { "\($0.name): \($0.meaning)" }
      try StandardStreams.writeLine((sampling.lines + [""] + meanings).joined(separator: "\n"))
      return
    }
    try sampling.set(words[0], to: words[1])
    LinearNote.say("\(words[0]) is \(words[1]) from the next reply on")
  }

  private mutating func chooseFormat(_ name: String) throws {
    guard !name.isEmpty else {
      for known in PromptFormat.all {
        let mark = known.name == format.name ? " (in use)" : ""
        try StandardStreams.writeLine("\(known.name): \(known.title)\(mark)")
      }
      return
    }
    chosenFormat = try PromptFormat.required(name)
    LinearNote.say("prompt format \(format.name)")
  }

  private mutating func chooseModel(_ name: String) throws {
    guard !name.isEmpty else {
      for file in try catalog.list() {
        let mark = file.name == model.displayName ? " (in use)" : ""
        try StandardStreams.writeLine(VisibleText.escaped(file.name) + mark)
      }
      return
    }
    let file = try catalog.resolve(name)
    do {
      model = try load(file.path)
    } catch {
      // The engine lets go of one model before it takes the next.
      model = try load(model.path)
      throw error
    }
    counts.removeAll()
    LastModel.write(file.path, paths)
    LinearNote.say("\(model.displayName), prompt format \(format.name)")
  }

  private func load(_ path: String) throws -> ModelSummary {
    try engine.load(
      LoadRequest(path: path, contextLength: wantedContext, threadCount: wantedThreads))
  }

  private mutating func regenerate() throws {
    guard let last = conversation.visiblePath.last else { throw Failure("there is no message yet") }
    if last.role == .assistant {
      try conversation.branch(before: last.id)
      let head = conversation.head
      transcript.write { try $0.setHead(head) }
    }
    try reply()
  }

  private mutating func continueReply() throws {
    guard let last = conversation.visiblePath.last, last.role == .assistant, !last.text.isEmpty
    else { throw Failure("there is no reply to go on with") }
    try reply(continuing: last)
  }

  private mutating func giveTitle(_ title: String) throws {
    guard !title.isEmpty else { throw Failure("/save takes a title") }
    let clean = Title.clean(title)
    conversation.customTitle = clean
    transcript.write { try $0.rename(clean) }
    LinearNote.say("the title is: \(clean)")
  }
}
