import Chat
import TUI

/// What can be typed after a slash.
struct SlashCommand: Sendable {
  let name: String
  let argument: String
  let meaning: String

  static let all: [SlashCommand] = [
    .init(name: "model", argument: "[NAME]", meaning: "choose the model, or load one by name"),
    .init(name: "new", argument: "", meaning: "start a new conversation"),
    .init(name: "system", argument: "[TEXT]", meaning: "set the system prompt, or show it"),
    .init(name: "set", argument: "[NAME VALUE]", meaning: "change how replies are drawn, or show it"),
    .init(name: "save", argument: "[TITLE]", meaning: "conversations save themselves; gives a title"),
    .init(name: "load", argument: "", meaning: "open another conversation"),
    .init(name: "regen", argument: "", meaning: "make the last reply again"),
    .init(name: "retry", argument: "", meaning: "the same"),
    .init(name: "continue", argument: "", meaning: "go on with a reply that was broken off"),
    .init(name: "edit", argument: "", meaning: "edit the last message"),
    .init(name: "format", argument: "[NAME]", meaning: "choose the prompt format"),
    .init(name: "theme", argument: "[NAME]", meaning: "choose the theme"),
    .init(name: "export", argument: "FILE", meaning: "write the conversation as .md, .txt or .json"),
    .init(name: "stats", argument: "", meaning: "show the numbers of the last reply"),
    .init(name: "help", argument: "", meaning: "show the help"),
    .init(name: "quit", argument: "", meaning: "quit"),
  ]

  /// Names that begin with what was typed.
  static func completions(of typed: String) -> [SlashCommand] {
    all.filter { $0.name.hasPrefix(typed) }
  }
}

extension AppState {
  /// Tab after a slash: completes the name as far as it is clear. Nil when there is nothing to
  /// complete, so that Tab keeps its other meaning.
  mutating func completeCommand(_ key: Key) -> [AppEffect]? {
    guard key == "<Tab>", editor.text.hasPrefix("/"), !editor.text.contains(" ") else { return nil }
    let names = SlashCommand.completions(of: String(editor.text.dropFirst())).map(\.name)
    guard let first = names.first else { return [] }
    let common = names.dropFirst().reduce(first) { $0.commonPrefix(with: $1) }
    editor.setText("/" + common + (names.count == 1 ? " " : ""))
    if names.count > 1 { tell(names.map { "/" + $0 }.joined(separator: "  ")) }
    return []
  }

  /// Runs a line that starts with a slash and a letter; nil for anything else, which is a
  /// message. Two slashes send a message that starts with one.
  mutating func runSlashCommand(_ text: String) -> [AppEffect]? {
    guard text.hasPrefix("/"), let letter = text.dropFirst().first, letter.isLetter,
      !text.contains("\n")
    else { return nil }
    let words = text.dropFirst().split(separator: " ", maxSplits: 1)
    let name = String(words[0])
    let argument = words.count > 1 ? String(words[1]).trimmed : ""
    guard SlashCommand.all.contains(where: { $0.name == name }) else {
      // A path at the start of a message is no command.
      if name.contains("/") { return nil }
      tell(Failure("no command /\(name)", remedy: "/help lists them"))
      return []
    }
    history.add(text)
    editor.reset()
    return [.remember(text)] + run(name, argument)
  }

  private mutating func run(_ name: String, _ argument: String) -> [AppEffect] {
    switch name {
    case "model": return argument.isEmpty ? perform(.models) : [.findModel(argument)]
    case "new": return startNew()
    case "system": return setSystem(argument)
    case "set": return setSampling(argument)
    case "save":
      guard !argument.isEmpty else {
        tell("Conversations save themselves; /save TITLE gives this one a title")
        return []
      }
      conversation.customTitle = Title.clean(argument)
      return [.persist(.title(conversation.customTitle))]
    case "load": return perform(.transcripts)
    case "regen", "retry": return regenerate()
    case "continue": return continueReply()
    case "edit": return editLast()
    case "format":
      if argument.isEmpty { return perform(.formats) }
      guard let format = PromptFormat.named(argument) else {
        let names = PromptFormat.all.map(\.name).joined(separator: ", ")
        tell(Failure("no prompt format called \(argument)", remedy: "there are: \(names)"))
        return []
      }
      return choose(format)
    case "theme":
      return argument.isEmpty ? perform(.themes) : [.loadTheme(argument), .keepTheme(argument)]
    case "export":
      guard !argument.isEmpty else {
        tell("/export FILE: the ending says how: .md, .txt or .json")
        return []
      }
      return [.export(conversation, path: argument)]
    case "stats": overlay = .page(StatisticsPage.page(self))
    case "help": return perform(.help)
    case "quit": return leave()
    default: break
    }
    return []
  }

  private mutating func setSystem(_ text: String) -> [AppEffect] {
    guard !text.isEmpty else {
      let present = conversation.systemPrompt ?? format.current.defaultSystemPrompt
      overlay = .page(
        TextPage(
          title: "System prompt", text: present ?? "There is none.",
          hint: "/system TEXT sets it \u{B7} Esc closes"))
      return []
    }
    guard reply == nil else {
      tell("A reply is on its way: Esc stops it, then change the system prompt")
      return []
    }
    conversation.systemPrompt = text == "none" ? nil : text
    tell(text == "none" ? "The format's own system prompt is used" : "The system prompt is set")
    return [.persist(.system(conversation.systemPrompt)), .measureWindow(windowRequest())]
  }

  private mutating func setSampling(_ argument: String) -> [AppEffect] {
    let words = argument.split(whereSeparator: { $0 == " " || $0 == "=" }).map(String.init)
    guard words.count == 2 else {
      let meanings = SamplingSettings.names.map { "\($0.name): \($0.meaning)" }
      overlay = .page(
        TextPage(
          title: "Settings",
          text: (sampling.lines + [""] + meanings).joined(separator: "\n"),
          hint: "/set NAME VALUE changes one \u{B7} Esc closes"))
      return []
    }
    do throws(Failure) {
      try sampling.set(words[0], to: words[1])
      tell("\(words[0]) is \(words[1]) from the next reply on")
    } catch {
      tell(error)
    }
    return []
  }
}

extension String {
  /// Without white space at both ends.
  var trimmed: String {
    var text = self[...]
    while text.first?.isWhitespace == true { text.removeFirst() }
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }
}
