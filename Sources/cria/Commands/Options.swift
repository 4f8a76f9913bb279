import ArgumentParser
import Kernel

/// Which model, for commands that load or read one.
struct ModelOption: ParsableArguments {
  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "A path, or a name as cria models shows it, or its beginning.", valueName: "model"))
  var model: String?
}

/// How many threads compute.
struct ThreadOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Threads that compute (default: physical cores, within a container's quota).",
      valueName: "n"))
  var threads: Int?

  func validate() throws {
    if let threads { try OptionRange.check("threads", threads, OptionRange.threads) }
  }
}

/// What numbers options and settings take.
enum OptionRange {
  static let context = 16...LoadRequest.contextLimit
  static let threads = 1...LoadRequest.threadLimit

  static func check(_ name: String, _ value: Int, _ range: ClosedRange<Int>) throws {
    guard range.contains(value) else {
      throw ValidationError(
        "--\(name) is \(value), expected \(range.lowerBound) to \(range.upperBound)")
    }
  }
}

/// How the engine is set up.
struct EngineOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Tokens in the context window (default: the model's, up to "
        + "\(LoadRequest.defaultContextLimit)).", valueName: "n"))
  var context: Int?

  @OptionGroup var threadOption: ThreadOption

  @Flag(
    inversion: .prefixedNo,
    help: ArgumentHelp(
      "Draft what the conversation has said before, where that saves time; replies are the "
        + "same either way (default: --draft)."))
  var draft: Bool?

  var threads: Int? { threadOption.threads }

  func validate() throws {
    if let context { try OptionRange.check("context", context, OptionRange.context) }
  }

  /// The request for `path`, settings of the config file filling in.
  func request(path: String, config: Config) -> LoadRequest {
    LoadRequest(
      path: path, contextLength: context ?? config.context, threadCount: threads ?? config.threads)
  }

  /// Whether replies are drafted, the setting of the config file filling in.
  func drafting(config: Config) -> Drafting { draft ?? config.draft ?? true ? .whenItPays : .off }
}

/// How tokens are drawn.
struct SamplingOptions: ParsableArguments {
  @Option(help: ArgumentHelp("0 takes the most likely token each time.", valueName: "x"))
  var temperature: Double?

  @Option(help: ArgumentHelp("Draw among the n most likely tokens; 0: all.", valueName: "n"))
  var topK: Int?

  @Option(
    help: ArgumentHelp(
      "Draw among the most likely tokens that make up this share; 1: all.", valueName: "x"))
  var topP: Double?

  @Option(
    help: ArgumentHelp(
      "Draw among tokens this much as likely as the most likely; 0: all.", valueName: "x"))
  var minP: Double?

  @Option(
    help: ArgumentHelp("Makes recent tokens less likely; 1: changes nothing.", valueName: "x"))
  var repeatPenalty: Double?

  @Option(help: ArgumentHelp("Makes the draws reproducible.", valueName: "n"))
  var seed: UInt64?

  @Option(help: ArgumentHelp("End the reply after so many tokens.", valueName: "n"))
  var maxTokens: Int?

  mutating func validate() throws {
    if let problem = settings(config: Config()).policy.problem { throw ValidationError(problem) }
    if let maxTokens, maxTokens < 1 {
      throw ValidationError("--max-tokens is \(maxTokens), expected 1 or more")
    }
  }

  /// These options over the config file's settings over the kernel's defaults.
  func settings(config: Config) -> SamplingSettings {
    var settings = SamplingSettings(config.sampling)
    settings.policy.temperature = temperature ?? settings.policy.temperature
    settings.policy.topK = topK ?? settings.policy.topK
    settings.policy.topP = topP ?? settings.policy.topP
    settings.policy.minP = minP ?? settings.policy.minP
    settings.policy.repeatPenalty = repeatPenalty ?? settings.policy.repeatPenalty
    settings.seed = seed ?? settings.seed
    settings.tokenLimit = maxTokens ?? settings.tokenLimit
    return settings
  }
}
