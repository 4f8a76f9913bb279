import ArgumentParser
import Chat

struct TranscriptsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "transcripts",
    abstract: "List, show, search and export saved conversations.",
    discussion: """
      An id may be cut to its beginning; "last" is the conversation that was used last.

      Examples:
        cria transcripts list
        cria transcripts export last --format markdown > chat.md
      """,
    subcommands: [List.self, Show.self, Search.self, Export.self])

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the conversations, the last used first.",
      discussion: """
        One line each: id, time of the last message, number of messages, title. Samples that \
        ship with the program can be opened by their ids: \
        \(SampleTranscripts.ids.joined(separator: ", ")).

        Example:
          cria transcripts list | head
        """)

    func run() throws {
      let shelf = try Shelf()
      let list = try shelf.store.list()
      for summary in list.summaries {
        let time = Timestamp.string(summary.updated).prefix(16).replacing("T", with: " ")
        let title = VisibleText.escaped(summary.title)
        try StandardStreams.writeLine(
          "\(VisibleText.escaped(summary.id))  \(time)  \(summary.messageCount)  \(title)")
      }
      for error in list.unreadable { StandardStreams.note(Failure(error).line + "\n") }
    }
  }

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print a conversation as plain text.",
      discussion: """
        Example:
          cria transcripts show last | less
        """)

    @Argument(help: "The conversation's id, its beginning, or: last.")
    var id: String

    func run() throws {
      try StandardStreams.write(try Shelf().open(id).plainText())
    }
  }

  struct Search: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Find text in the conversations.",
      discussion: """
        Prints a line for each message that contains the text, letter case aside: id, who spoke, \
        and the text around the first place.

        Example:
          cria transcripts search "Stanford"
        """)

    @Argument(help: "The text to look for.")
    var text: String

    func validate() throws {
      if text.isEmpty { throw ValidationError("the text to look for is empty") }
    }

    func run() throws {
      Interrupt.install()
      let shelf = try Shelf()
      for summary in try shelf.store.list().summaries {
        if Interrupt.isRequested { throw Cancelled() }
        guard let loaded = try? shelf.store.open(summary.id) else { continue }
        for message in loaded.conversation.messages where !message.isHidden {
          guard let excerpt = Excerpt.around(text, in: message.text) else { continue }
          try StandardStreams.writeLine(
            "\(VisibleText.escaped(summary.id))  \(message.role.rawValue)  \(excerpt)")
        }
      }
    }
  }

  struct Export: ParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable {
      case markdown, text, json
    }

    static let configuration = CommandConfiguration(
      abstract: "Write a conversation in another format.",
      discussion: """
        markdown has the settings in its front matter, text is what show prints, json is the \
        "messages" array of chat interfaces.

        Example:
          cria transcripts export last --format json > chat.json
        """)

    @Argument(help: "The conversation's id, its beginning, or: last.")
    var id: String

    @Option(help: "How to write it.")
    var format = Format.markdown

    @Option(
      name: .shortAndLong,
      help: ArgumentHelp("The file to write; standard output where not given.", valueName: "file"),
      completion: .file())
    var output: String?

    func run() throws {
      let conversation = try Shelf().open(id)
      let text =
        switch format {
        case .markdown: conversation.markdown()
        case .text: conversation.plainText()
        case .json: try conversation.messagesJSON()
        }
      guard let output else { return try StandardStreams.write(text) }
      let file = try PartialFile(output)
      try file.write(text.utf8)
      try file.commit()
    }
  }
}

/// The saved conversations, by the names people type.
private struct Shelf {
  let store: TranscriptStore

  private let folder: String

  init() throws(Failure) {
    folder = try CommandContext.load().paths.transcripts
    store = TranscriptStore(folder: folder)
  }

  /// The conversation with that id or the only one whose id begins so.
  func open(_ request: String) throws -> Conversation {
    let loaded = try store.open(id(request))
    if !loaded.problems.isEmpty {
      let lines = loaded.problems.prefix(5).map { "\($0.line)" }.joined(separator: ", ")
      StandardStreams.note(
        "cria: \(loaded.problems.count) damaged places, passed over (lines \(lines))\n")
    }
    return loaded.conversation
  }

  private func id(_ request: String) throws -> String {
    let ids = try store.list().summaries.map(\.id)
    if ids.contains(request) { return request }
    if request == "last" {
      if let first = ids.first { return first }
      throw Failure("there is no conversation yet", at: folder, remedy: "start with: cria")
    }
    let matching = ids.filter { $0.hasPrefix(request) }
    if matching.count == 1, let only = matching.first { return only }
    if matching.count > 1 {
      throw Failure(
        "\(request) could be several conversations", at: matching.joined(separator: ", "),
        remedy: "give more of the id")
    }
    try SampleTranscripts.provide(request, in: folder)
    return request
  }
}

/// The surroundings of a find on one line.
private enum Excerpt {
  private static let before = 30
  private static let after = 60

  /// Nil where `needle` is not in `text`.
  static func around(_ needle: String, in text: String) -> String? {
    guard let place = text.lowercased().firstRange(of: needle.lowercased()) else { return nil }
    // Lower-casing may change lengths; the distance is close enough for an excerpt.
    let lower = text.lowercased()
    let distance = lower.distance(from: lower.startIndex, to: place.lowerBound)
    let start = max(0, distance - before)
    let piece = text.dropFirst(start).prefix(before + needle.count + after)
    let isCut = start > 0
    return (isCut ? "…" : "") + VisibleText.escaped(String(piece).replacing("\n", with: " "))
  }
}
