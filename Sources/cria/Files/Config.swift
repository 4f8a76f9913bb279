/// The settings of `config.toml`; nil is "not said", so that each place keeps its own default.
package struct Config: Sendable, Equatable {
  /// Settings of how the next token is drawn, under `[sampling]`.
  package struct Sampling: Sendable, Equatable {
    package var temperature: Double?
    package var topK: Int?
    package var topP: Double?
    package var minP: Double?
    package var repeatPenalty: Double?
    /// Tokens that the repetition penalty looks back.
    package var repeatWindow: Int?
    package var seed: Int?
    package var maxTokens: Int?

    package init() {}
  }

  /// A model's path, file name, or the beginning of its name.
  package var model: String?
  /// A prompt format's name.
  package var format: String?
  /// Tokens in the context window.
  package var context: Int?
  package var threads: Int?
  /// Whether replies are drafted from what the conversation has said before.
  package var draft: Bool?
  package var theme: String?
  /// The system prompt of new conversations.
  package var system: String?
  /// Whether the program takes the mouse at the start.
  package var mouse: Bool?
  package var sampling = Sampling()
  /// Key names by action, under `[keys]`: `"new-chat" = ["ctrl-n"]`.
  package var keys: [String: [String]] = [:]

  /// Lines for the user about what was passed over: unknown keys.
  package var warnings: [String] = []
  /// The line each key stands in, by dotted name (`sampling.seed`), for complaints about values
  /// that only others can judge (themes, formats, key names).
  package var lines: [String: Int] = [:]
  /// The file it was read from.
  package var path = ""

  package init() {}

  /// A complaint about `key`, with the file and line it stands in.
  package func failure(_ what: String, key: String, remedy: String = "") -> Failure {
    let line = lines[key].map { ", line \($0)" } ?? ""
    return Failure(what, at: "\(path)\(line), key \(key)", remedy: remedy)
  }
}
