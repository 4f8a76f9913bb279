import Chat
import Kernel

/// How replies are drawn, as a person sets it: the policy and the limit of a reply's length.
package struct SamplingSettings: Sendable, Equatable {
  var policy = SamplingPolicy()
  /// Nil draws a new seed for every reply.
  var seed: UInt64?
  /// Nil lets a reply fill the window.
  var tokenLimit: Int?

  /// Names that `set` takes, with what each does.
  static let names: [(name: String, meaning: String)] = [
    ("temperature", "how freely it draws: 0 always takes the likeliest token"),
    ("top-k", "draws from the k likeliest tokens only; 0 for all"),
    ("top-p", "draws from the likeliest tokens that make up this share; 1 for all"),
    ("min-p", "leaves out tokens less likely than this share of the likeliest; 0 for none"),
    ("repeat-penalty", "makes recent tokens less likely; 1 changes nothing"),
    ("repeat-window", "how many recent tokens the penalty looks at"),
    ("seed", "makes replies repeat; 'random' for a new one each time"),
    ("max-tokens", "the longest reply; 'none' for as long as the window has room"),
  ]

  /// The kernel's own settings.
  package init() {}

  /// Those of the config, the kernel's own where it says nothing.
  package init(_ config: Config.Sampling) {
    policy.temperature = config.temperature ?? policy.temperature
    policy.topK = config.topK ?? policy.topK
    policy.topP = config.topP ?? policy.topP
    policy.minP = config.minP ?? policy.minP
    policy.repeatPenalty = config.repeatPenalty ?? policy.repeatPenalty
    policy.repeatWindow = config.repeatWindow ?? policy.repeatWindow
    seed = config.seed.map { UInt64(bitPattern: Int64($0)) }
    tokenLimit = config.maxTokens
  }

  /// The policy of one reply, with its seed.
  func drawn() -> SamplingPolicy {
    var policy = policy
    // Seeds stay small enough to be typed again.
    policy.seed = seed ?? UInt64.random(in: 0..<1 << 32)
    return policy
  }

  /// Changes one setting by its name.
  ///
  /// - Throws: a `Failure` that says what the setting takes.
  mutating func set(_ name: String, to text: String) throws(Failure) {
    var changed = self
    func number() throws(Failure) -> Double {
      guard let value = Double(text), value.isFinite else {
        throw Failure("\(name) takes a number, not '\(text)'", status: .usage)
      }
      return value
    }
    func whole() throws(Failure) -> Int {
      guard let value = Int(text), value >= 0 else {
        throw Failure("\(name) takes a whole number, not '\(text)'", status: .usage)
      }
      return value
    }
    switch name {
    case "temperature", "temp": changed.policy.temperature = try number()
    case "top-k": changed.policy.topK = try whole()
    case "top-p": changed.policy.topP = try number()
    case "min-p": changed.policy.minP = try number()
    case "repeat-penalty": changed.policy.repeatPenalty = try number()
    case "repeat-window": changed.policy.repeatWindow = try whole()
    case "seed": changed.seed = text == "random" ? nil : UInt64(try whole())
    case "max-tokens": changed.tokenLimit = text == "none" ? nil : max(1, try whole())
    default:
      let names = Self.names.map(\.name).joined(separator: ", ")
      throw Failure("no setting called \(name)", remedy: "there are: \(names)", status: .usage)
    }
    if let problem = changed.policy.problem { throw Failure(problem, status: .usage) }
    self = changed
  }

  /// The settings and their values, for people.
  var lines: [String] {
    [
      "temperature \(policy.temperature)", "top-k \(policy.topK)", "top-p \(policy.topP)",
      "min-p \(policy.minP)", "repeat-penalty \(policy.repeatPenalty)",
      "repeat-window \(policy.repeatWindow)", "seed \(seed.map(String.init) ?? "random")",
      "max-tokens \(tokenLimit.map(String.init) ?? "none")",
    ]
  }
}

extension SamplingRecord {
  init(_ policy: SamplingPolicy) {
    self.init(
      temperature: policy.temperature, topK: policy.topK, topP: policy.topP, minP: policy.minP,
      repeatPenalty: policy.repeatPenalty, repeatWindow: policy.repeatWindow, seed: policy.seed)
  }
}

extension GenerationStatistics {
  /// `20 of 28 drafted tokens accepted (71 %)`; nil where none were drafted.
  var readableDrafts: String? {
    acceptedShare.map { share in
      let percent = Int((share * 100).rounded())
      return "\(acceptedTokenCount) of \(draftedTokenCount) drafted tokens accepted (\(percent) %)"
    }
  }
}

extension ReplyStats {
  init(_ statistics: GenerationStatistics) {
    self.init(
      promptTokens: statistics.promptTokenCount, reusedTokens: statistics.reusedTokenCount,
      generatedTokens: statistics.generatedTokenCount,
      firstTokenSeconds: statistics.firstTokenSeconds,
      prefillTokensPerSecond: statistics.prefillTokensPerSecond,
      decodeTokensPerSecond: statistics.decodeTokensPerSecond)
  }
}
