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

/// How the engine is set up.
struct EngineOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Tokens in the context window.", valueName: "n"))
  var context: Int?

  @Option(help: ArgumentHelp("Threads that compute.", valueName: "n"))
  var threads: Int?

  mutating func validate() throws {
    if let context, !(16...16_777_216).contains(context) {
      throw ValidationError("--context is \(context), expected 16 to 16777216")
    }
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads is \(threads), expected 1 to 1024")
    }
  }

  /// The request for `path`, settings of the config file filling in.
  func request(path: String, config: Config) -> LoadRequest {
    LoadRequest(
      path: path, contextLength: context ?? config.context, threadCount: threads ?? config.threads)
  }
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

  mutating func validate() throws {
    if let problem = policy(config: Config(), seed: 0).problem { throw ValidationError(problem) }
  }

  /// These options over the config file's settings over the kernel's defaults. `seed` is for
  /// where nobody gives one.
  func policy(config: Config, seed fallback: UInt64) -> SamplingPolicy {
    var policy = SamplingPolicy()
    let settings = config.sampling
    policy.temperature = temperature ?? settings.temperature ?? policy.temperature
    policy.topK = topK ?? settings.topK ?? policy.topK
    policy.topP = topP ?? settings.topP ?? policy.topP
    policy.minP = minP ?? settings.minP ?? policy.minP
    policy.repeatPenalty = repeatPenalty ?? settings.repeatPenalty ?? policy.repeatPenalty
    policy.repeatWindow = settings.repeatWindow ?? policy.repeatWindow
    policy.seed = seed ?? settings.seed.map(UInt64.init) ?? fallback
    return policy
  }
}
