import FoundationEssentials

extension Conversation {
  /// The visible path as Markdown: front matter, then a heading for each message.
  ///
  /// The texts are as they were written; control characters other than tabs and line feeds
  /// are left out, so that the result can be shown on a terminal.
  package func markdown() -> String {
    let lastReply = last(.assistant)?.reply
    var fields = [("title", title), ("date", Timestamp.string(created)), ("id", id)]
    if let model = lastReply?.model { fields.append(("model", model)) }
    if let format = lastReply?.format { fields.append(("format", format)) }
    if let sampling = lastReply?.sampling.map(Self.describe) {
      fields.append(("sampling", sampling))
    }
    var result = "---\n"
    for (name, value) in fields { result += "\(name): \(Self.quoted(value))\n" }
    result += "---\n"
    if let systemPrompt, !systemPrompt.isEmpty {
      result += "\n## System\n\n\(Self.printable(systemPrompt))\n"
    }
    for message in visiblePath {
      result += "\n## \(message.role.heading)\n\n\(Self.body(of: message))\n"
    }
    return result
  }

  /// The visible path as plain text: who speaks, a colon, and the text, an empty line between
  /// messages. Control characters are left out as in `markdown`.
  package func plainText() -> String {
    visiblePath.map { "\($0.role.heading): \(Self.body(of: $0))\n" }.joined(separator: "\n")
  }

  /// The visible path as a JSON object with the `messages` array of chat interfaces: the
  /// system prompt first, if there is one, then role and content of each message.
  package func messagesJSON() throws(ChatError) -> String {
    var entries: [ExportedMessage] = []
    if let systemPrompt, !systemPrompt.isEmpty {
      entries.append(ExportedMessage(role: Role.system.rawValue, content: systemPrompt))
    }
    for message in visiblePath {
      let content = [message.text, message.input ?? ""].filter { !$0.isEmpty }
      entries.append(
        ExportedMessage(
          role: message.role.rawValue, content: content.joined(separator: "\n\n")))
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    do {
      let data = try encoder.encode(["messages": entries])
      return String(decoding: data, as: UTF8.self) + "\n"
    } catch {
      throw ChatError(.inputOutput, at: id, "the messages cannot be written as JSON", cause: error)
    }
  }

  private static func body(of message: Message) -> String {
    let texts = [message.text, message.input ?? ""].map(printable).filter { !$0.isEmpty }
    return texts.joined(separator: "\n\n")
  }

  private static func printable(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      if scalar.properties.generalCategory != .control || scalar == "\n" || scalar == "\t" {
        result.append(scalar)
      }
    }
    var end = result[...]
    while let last = end.last, last.properties.isWhitespace { end.removeLast() }
    while let first = end.first, first.properties.isWhitespace { end.removeFirst() }
    return String(end)
  }

  /// A YAML string in double quotes.
  private static func quoted(_ text: String) -> String {
    let escaped = Title.clean(text).replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    return "\"\(escaped)\""
  }

  private static func describe(_ sampling: SamplingRecord) -> String {
    var parts: [String] = []
    func add(_ name: String, _ value: (some CustomStringConvertible)?) {
      if let value { parts.append("\(name) \(value)") }
    }
    add("temperature", sampling.temperature)
    add("top-k", sampling.topK)
    add("top-p", sampling.topP)
    add("min-p", sampling.minP)
    add("repeat-penalty", sampling.repeatPenalty)
    add("repeat-window", sampling.repeatWindow)
    add("seed", sampling.seed)
    return parts.joined(separator: ", ")
  }
}

private struct ExportedMessage: Encodable {
  var role: String
  var content: String
}

extension Role {
  fileprivate var heading: String {
    switch self {
    case .system: "System"
    case .user: "You"
    case .assistant: "Assistant"
    }
  }
}
