import FoundationEssentials
import Glibc
import Kernel
import Synchronization
import Testing

/// Replies of a tiny model, with drafts and without: they have to be the same in every respect.
///
/// Its weights are random, so that it does not repeat what it is told by itself; a "penalty" far
/// below 1 makes it, and some drafts come true.
@Suite(.serialized) struct DraftingTests {
  /// What a generation comes to: all that may not depend on drafts.
  private struct Outcome: Equatable {
    var tokens: [TokenID] = []
    var text = ""
    var reason: StopReason?
    /// Tokens that the cache holds afterwards.
    var heldTokens: [TokenID] = []
  }

  private struct Reply {
    var outcome = Outcome()
    var statistics = GenerationStatistics()
    /// Counts of drafted and accepted tokens as they were told on the way.
    var told: [(count: Int, accepted: Int)] = []
  }

  private let prompt: [TokenID] = (0..<60).map { 300 + TokenID($0 * $0 % 23) }
  private let inference: Inference

  init() throws {
    let folder = try GGUFScratch()
    let path = folder.file("tiny.gguf")
    try synthesize(shape: .tiny, type: .q4_0, seed: 7, to: path)
    inference = try LoadRequest(path: path, contextLength: 160, threadCount: 1).open().inference
  }

  private func policy(_ seed: Int, temperature: Double = 1) -> SamplingPolicy {
    SamplingPolicy(
      temperature: temperature, topK: 40, topP: 0.95, minP: 0, repeatPenalty: 0.5,
      repeatWindow: 6, seed: UInt64(seed))
  }

  /// - Parameter cancelAt: cancels while that token, counted from 1, is told.
  private func reply(
    _ drafting: Drafting, _ policy: SamplingPolicy, prompt: [TokenID]? = nil, limit: Int = .max,
    cancelAt: Int = .max, from other: Inference? = nil
  ) throws -> Reply {
    let inference = other ?? self.inference
    inference.truncate(to: 0)
    let cancellation = Cancellation()
    let generation = Generation(
      request: GenerationRequest(
        tokens: prompt ?? self.prompt, sampling: policy, tokenLimit: limit, drafting: drafting),
      inference: inference, isCancelled: { cancellation.isRequested })
    var reply = Reply()
    var failure: KernelError?
    var costs = PassCosts()
    generation.run(&costs) { event in
      switch event {
      case .promptProgress: break
      case .token(let token, let text):
        reply.outcome.tokens.append(token)
        reply.outcome.text += text
        if reply.outcome.tokens.count == cancelAt { cancellation.request() }
      case .drafted(let count, let accepted): reply.told.append((count, accepted))
      case .finished(let reason, let statistics, let trailing):
        reply.outcome.reason = reason
        reply.outcome.text += trailing
        reply.statistics = statistics
      case .failed(let error): failure = error
      }
    }
    if let failure { throw failure }
    reply.outcome.heldTokens = inference.tokens
    return reply
  }

  @Test func repliesAreTheSameToTheWindowsEnd() throws {
    var drafted = 0
    var accepted = 0
    for (seed, temperature) in [(1, 0), (2, 0.5), (3, 1), (4, 1), (5, 2)] {
      let policy = policy(seed, temperature: temperature)
      let plain = try reply(.off, policy)
      let always = try reply(.always, policy)
      let measured = try reply(.whenItPays, policy)
      #expect(always.outcome == plain.outcome)
      #expect(measured.outcome == plain.outcome)
      #expect(plain.statistics.draftedTokenCount == 0 && plain.told.isEmpty)
      // The cache holds all but the last token.
      let count = plain.outcome.tokens.count
      if plain.outcome.reason == .limit {
        #expect(prompt.count + count == inference.contextLength + 1)
        #expect(plain.outcome.heldTokens == prompt + plain.outcome.tokens.dropLast())
      } else {
        #expect(plain.outcome.heldTokens == prompt + plain.outcome.tokens)
      }
      #expect(always.statistics.generatedTokenCount == count)
      drafted += always.statistics.draftedTokenCount
      accepted += always.statistics.acceptedTokenCount
      let last = always.told.last ?? (0, 0)
      #expect(last.count <= always.statistics.draftedTokenCount)
      #expect(last.accepted <= always.statistics.acceptedTokenCount)
    }
    // Some came true and some did not, or nothing has been tested.
    #expect(accepted > 50)
    #expect(drafted > accepted + 10)
  }

  @Test(arguments: 1...12)
  func aLimitEndsTheReplyWithinADraftToo(limit: Int) throws {
    let plain = try reply(.off, policy(3), limit: limit)
    let drafted = try reply(.always, policy(3), limit: limit)
    #expect(drafted.outcome == plain.outcome)
    #expect(plain.outcome.tokens.count == limit && plain.outcome.reason == .limit)
    #expect(drafted.outcome.heldTokens.count == prompt.count + limit - 1)
  }

  @Test(arguments: 1...12)
  func cancellingEndsTheReplyWithinADraftToo(at count: Int) throws {
    let plain = try reply(.off, policy(3), cancelAt: count)
    let drafted = try reply(.always, policy(3), cancelAt: count)
    #expect(drafted.outcome == plain.outcome)
    #expect(plain.outcome.tokens.count == count && plain.outcome.reason == .cancelled)
    #expect(drafted.outcome.heldTokens.count == prompt.count + count - 1)
  }

  /// Earlier messages end with the token that ends the reply; it is no part of any draft.
  @Test func theEndOfTextEndsTheReplyAfterADraft() throws {
    let end = try #require(inference.model.tokenizer.endOfGeneration.first)
    var prompt: [TokenID] = []
    for _ in 0..<6 { prompt += [310, 311, 312, 313, end] }
    prompt += [310, 311]
    var endings = 0
    for seed in 0..<100 {
      var policy = policy(seed)
      policy.repeatPenalty = 0.3
      policy.repeatWindow = 64
      let plain = try reply(.off, policy, prompt: prompt)
      let drafted = try reply(.always, policy, prompt: prompt)
      #expect(drafted.outcome == plain.outcome)
      #expect(!plain.outcome.tokens.contains(end))
      if plain.outcome.reason == .endOfText, drafted.statistics.acceptedTokenCount > 0 {
        endings += 1
      }
    }
    #expect(endings > 0)
  }

  /// A file may have a token whose keys and values are finite, but not its logits. In a prompt it
  /// does no harm; a draft with it must do none either.
  @Test func aDraftWhoseLogitsAreNotFiniteIsDropped() throws {
    let folder = try GGUFScratch()
    let plainPath = folder.file("plain.gguf")
    let spoiledPath = folder.file("spoiled.gguf")
    try synthesize(shape: .tiny, type: .f32, seed: 7, to: plainPath)
    let spoiled: TokenID = 320
    let bytes = try overflowing(at: spoiled, in: plainPath)
    try Data(bytes).write(to: URL(filePath: spoiledPath))
    // Whatever of the two comes next has stood after the other two, with the spoiled one behind.
    let prompt: [TokenID] = [1, 310, 311, 310, spoiled, 312, 310, 311, 311, spoiled, 312, 310, 311]
    var policy = policy(1, temperature: 0)
    policy.repeatPenalty = 0.01
    policy.repeatWindow = 2

    let healthy = try LoadRequest(path: plainPath, contextLength: 64, threadCount: 1).open()
    let control = try reply(.always, policy, prompt: prompt, limit: 20, from: healthy.inference)
    #expect(control.statistics.draftedTokenCount > 0)

    let inference = try LoadRequest(path: spoiledPath, contextLength: 64, threadCount: 1)
      .open().inference
    #expect(throws: KernelError.self) { try inference.append([310, spoiled], logitCount: 1) }
    let plain = try reply(.off, policy, prompt: prompt, limit: 20, from: inference)
    let drafted = try reply(.always, policy, prompt: prompt, limit: 20, from: inference)
    #expect([310, 311].contains(plain.outcome.tokens.first))
    #expect(plain.outcome.tokens.count == 20)
    #expect(drafted.outcome == plain.outcome)
    #expect(drafted.statistics.draftedTokenCount == 0)
  }

  /// The model of the tiny shape in `path`, in F32, with a channel that only `token` has and that
  /// nothing but the last layer's feed-forward step takes up: there it overflows.
  private func overflowing(at token: TokenID, in path: String) throws -> [UInt8] {
    let file = try GGUFFile(path: path)
    var bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
    func put(_ value: Float, _ name: String, row: Int, column: Int) throws {
      let tensor = try #require(file.tensor(named: name))
      let start = tensor.byteOffset + 4 * (row * tensor.rowWidth + column)
      withUnsafeBytes(of: value.bitPattern.littleEndian) {
        bytes.replaceSubrange(start..<start + 4, with: $0)
      }
    }
    let shape = ModelShape.tiny
    for row in 0..<shape.vocabularySize {
      try put(row == token ? 1 : 0, "token_embd.weight", row: row, column: 0)
    }
    for layer in 0..<shape.layerCount {
      for column in 0..<shape.width {
        try put(0, "blk.\(layer).attn_output.weight", row: 0, column: column)
      }
      for column in 0..<shape.feedForwardWidth {
        try put(0, "blk.\(layer).ffn_down.weight", row: 0, column: column)
      }
    }
    let last = shape.layerCount - 1
    try put(1e25, "blk.\(last).ffn_gate.weight", row: 0, column: 0)
    try put(1e25, "blk.\(last).ffn_up.weight", row: 0, column: 0)
    return bytes
  }
}

private final class Cancellation: Sendable {
  private let flag = Atomic<Bool>(false)
  var isRequested: Bool { flag.load(ordering: .acquiring) }
  func request() { flag.store(true, ordering: .releasing) }
}
