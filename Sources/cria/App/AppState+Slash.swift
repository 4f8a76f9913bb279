import Chat
import TUI

/// What can be typed after a slash.
package struct SlashCommand: Sendable {
  /// Without the slash.
  package let name: String
  let argument: String
  let meaning: String

  /// In the order of the help page.
  package static let all: [SlashCommand] = [
    .init(name: "model", argument: "[NAME]", meaning: "choose the model, or load one by name"),
    .init(name: "new", argument: "", meaning: "start a new conversation"),
    .init(
      name: "system", argument: "[TEXT]",
      meaning: "set the system prompt, or show it"),
    .init(
      name: "set", argument: "[NAME VALUE]", meaning: "change how replies are drawn, or show it"),
    .init(
      name: "save", argument: "[TITLE]", meaning: "conversations save themselves; gives a title"),
    .init(name: "load", argument: "", meaning: "open another conversation"),
    .init(name: "regen", argument: "", meaning: "make the last reply again"),
    .init(name: "retry", argument: "", meaning: "the same"),
    .init(name: "continue", argument: "", meaning: "go on with a reply that was broken off"),
    .init(name: "edit", argument: "", meaning: "edit the last message"),
    .init(name: "format", argument: "[NAME]", meaning: "choose the prompt format"),
    .init(name: "theme", argument: "[NAME]", meaning: "choose the theme"),
    .init(
      name: "export", argument: "FILE", meaning: "write the conversation as .md, .txt or .json"),
    .init(name: "search", argument: "[TEXT]", meaning: "find in the conversation"),
    .init(name: "stats", argument: "", meaning: "show the numbers of the last reply"),
    .init(name: "help", argument: "", meaning: "show the help"),
    .init(name: "quit", argument: "", meaning: "quit"),
  ]

  /// Names that begin with what was typed.
  static func completions(of typed: String) -> [SlashCommand] {
    all.filter { $0.name.hasPrefix(typed) }
  }

  /// The command that a line begins with.
  static func named(in line: String) -> SlashCommand? {
    guard line.hasPrefix("/") else { return nil }
    let name = line.dropFirst().prefix { !$0.isWhitespace }
    return all.first { $0.name == name }
  }

  /// Whether a second slash says that a line is a message, though it begins like a command.
  static func isEscaped(_ line: String) -> Bool {
    line.hasPrefix("//") && named(in: String(line.dropFirst())) != nil
  }
}

extension AppState {
  /// Tab after a slash: completes the name as far as it is clear. Nil when there is nothing to
  /// complete, so that Tab keeps its other meaning.
  mutating func completeCommand(_ key: Key) -> [AppEffect]? {
    guard key == "<Tab>", editor.text.hasPrefix("/"), !editor.text.contains(" ") else { return nil }
    let names = SlashCommand.completions(of: String(editor.text.dropFirst())).map(\.name)
    guard let first = names.first else { return [] }
    let common = names.dropFirst().reduce(first) { common, name in
      String(zip(common, name).prefix { $0 == $1 }.map(\.0))
    }
    editor.setText("/" + common + (names.count == 1 ? " " : ""))
    if names.count > 1 { tell(names.map { "/" + $0 }.joined(separator: "  ")) }
    return []
  }

  /// Runs a line that starts with a slash and a letter; nil for anything else, which is a
  /// message. Two slashes send a message that starts with one.
  mutating func runSlashCommand(_ text: String) -> [AppEffect]? {
    guard text.hasPrefix("/"), text.dropFirst().first?.isLetter == true else { return nil }
    guard let command = SlashCommand.named(in: text) else {
      // A path, or several lines, are no mistyped command.
      let name = text.dropFirst().prefix { !$0.isWhitespace }
      if name.contains("/") || text.contains(where: \.isNewline) { return nil }
      tell(Failure("no command /\(name)", remedy: "/help lists them"))
      return []
    }
    let argument = String(text.dropFirst(1 + command.name.count)).trimmed
    // Only a system prompt has several lines.
    if argument.contains(where: \.isNewline), command.name != "system" { return nil }
    history.add(text)
    editor.reset()
    return [.remember(text)] + run(command.name, argument)
  }

  private mutating func run(_ name: String, _ argument: String) -> [AppEffect] {
    switch name {
    case "model": return argument.isEmpty ? perform(.models) : [.findModel(argument)]
    case "new": return perform(.newChat)
    case "system": return setSystem(argument)
    case "set": return setSampling(argument)
    case "save":
      guard !argument.isEmpty else {
        tell("Conversations save themselves; /save TITLE gives this one a title")
        return []
      }
      return rename(conversation.id, to: argument)
    case "load": return perform(.transcripts)
    case "regen", "retry": return regenerate()
    case "continue": return continueReply()
    case "edit": return editLast()
    case "format":
      if argument.isEmpty { return perform(.formats) }
      guard let format = PromptFormat.named(argument) else {
        tell(Failure.noFormat(argument))
        return []
      }
      return choose(format)
    case "theme":
      return argument.isEmpty ? perform(.themes) : [.loadTheme(argument, keeps: true)]
    case "export":
      guard !argument.isEmpty else {
        tell("/export FILE: the ending says how: .md, .txt or .json")
        return []
      }
      return [.export(conversation, path: argument)]
    case "search":
      if argument.isEmpty { return perform(.find) }
      startSearch(argument)
    case "stats": overlay = .page(StatisticsPage.page(self))
    case "help": return perform(.help)
    case "quit": return leave(.quit)
    default: break
    }
    return []
  }

  private mutating func setSystem(_ text: String) -> [AppEffect] {
    guard !text.isEmpty else {
      let present = conversation.systemPrompt ?? format.current.defaultSystemPrompt ?? ""
      overlay = .page(
        TextPage(
          title: "System prompt", text: present.isEmpty ? "There is none." : present,
          hint: "/system TEXT, none or default sets it \u{B7} Esc closes"))
      return []
    }
    guard !isBusy("change the system prompt") else { return [] }
    let effects = makeWritable()
    switch text {
    case "default":
      conversation.systemPrompt = nil
      tell("The format's own system prompt is used")
    case "none":
      conversation.systemPrompt = ""
      tell("No system prompt is used")
    default:
      conversation.systemPrompt = text
      tell("The system prompt is set")
    }
    return effects
      + [persist(.system(conversation.systemPrompt)), .measureWindow(windowRequest())]
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
