import Testing
import cria

/// The full-screen chat in a real terminal, as a person sees it.
///
/// One after the other: two cores cannot run several models and keep a screen quick.
@Suite(.serialized, .timeLimit(.minutes(3))) struct ChatTests {}

extension Home {
  /// A home with the real model, and short replies that are the same every time.
  static func withModel() throws -> Home {
    let home = Home()
    try home.addModel()
    try home.add(".config/cria/config.toml", "[sampling]\ntemperature = 0\nmax-tokens = 150\n")
    return home
  }

  /// The one transcript's id.
  func transcriptID() throws -> String {
    let names = try FileSystem.names(in: transcripts).filter { $0.hasSuffix(".jsonl") }
    guard names.count == 1, let name = names.first else {
      throw Terminal.Unexpected(description: "expected one transcript, found \(names)")
    }
    return String(name.dropLast(".jsonl".count))
  }
}

extension Terminal {
  /// Opens the chat and waits until its model is ready. `slowly` makes the model compute
  /// without vectors, for what has to happen in the middle of a reply.
  static func chat(
    _ options: String = "", home: Home, columns: Int = 80, rows: Int = 24, slowly: Bool = false,
    environment: [String: String] = [:]
  ) async throws -> Terminal {
    let slow = slowly ? ["CRIA_VECTORS": "scalar"] : [:]
    let terminal = try Terminal(
      columns: columns, rows: rows, home: home, environment: environment.merging(slow) { $1 })
    try await terminal.showsPrompt()
    try terminal.type("cria chat \(options)<Enter>")
    return try await terminal.showsIdle()
  }

  /// Waits until the model is loaded and nothing runs.
  @discardableResult
  func showsIdle(within seconds: Double = 60) async throws -> Terminal {
    try await wait(for: "is idle with its model ready", within: seconds, until: Self.isIdle)
  }

  /// Waits until a reply's text is coming, and for `count` more tokens than at first sight.
  @discardableResult
  func showsTokens(_ count: Int = 1, within seconds: Double = 60) async throws -> Terminal {
    var first: Int?
    return try await wait(for: "shows \(count) tokens coming", within: seconds) {
      guard let used = Self.runningCount($0) else { return false }
      first = first ?? used
      return used >= (first ?? used) + count - 1
    }
  }

  /// Sends a message and waits for the end of the reply.
  @discardableResult
  func asks(_ message: String, within seconds: Double = 60) async throws -> Terminal {
    let before = Self.usedCount(try screen())
    try type(message + "<Enter>")
    return try await wait(for: "has answered \"\(message)\"", within: seconds) {
      Self.isIdle($0) && Self.usedCount($0) != before
    }
  }

  /// The model is there and nothing runs.
  static func isIdle(_ screen: String) -> Bool {
    guard let status = screen.split(separator: "\n").last else { return false }
    // A reply of one token has no rate.
    return status.contains(/^ (ready|first|[0-9.]+ tok\/s)/)
  }

  /// Tokens in the window, from the status bar's `1,234/8,192`.
  static func usedCount(_ screen: String) -> Int? {
    screen.split(separator: "\n").last?.firstMatch(of: /([0-9,]+)\/[0-9,]+ *$/)
      .flatMap { Int($0.1.filter(\.isNumber)) }
  }

  /// The same while a reply's tokens come, which is when a sign turns before the rate.
  static func runningCount(_ screen: String) -> Int? {
    guard let status = screen.split(separator: "\n").last, status.contains(/^ \S [0-9.–-]+ tok\/s/)
    else { return nil }
    return usedCount(screen)
  }

  /// Leaves the chat by the keys and waits for the shell.
  @discardableResult
  func quit() async throws -> Terminal {
    try await type("<C-d>").showsPrompt()
  }
}
