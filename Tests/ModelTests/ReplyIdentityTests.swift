import Kernel
import Testing

extension OneAtATime {
  /// Replies of the default model: how the prompt was batched, how many threads computed and
  /// whether tokens were drafted shows in no token.
  struct ReplyIdentityTests {
    let model: LlamaModel
    /// More than 512 tokens of English that repeat themselves, and that the model goes on with.
    let prompt: [TokenID]

    init() throws {
      model = try LlamaModel(path: TestData.model())
      let text = try EnglishText.load().ids.prefix(130)
      prompt = Array(text + text + text + text + text.prefix(12))
    }

    private struct Reply {
      var tokens: [TokenID] = []
      var text = ""
      var reason: StopReason?
      var statistics = GenerationStatistics()
    }

    private func reply(
      _ inference: Inference, _ drafting: Drafting, _ policy: SamplingPolicy, limit: Int
    ) throws -> Reply {
      let request = GenerationRequest(
        tokens: prompt, sampling: policy, tokenLimit: limit, drafting: drafting)
      let generation = Generation(request: request, inference: inference, isCancelled: { false })
      var reply = Reply()
      var failure: KernelError?
      var costs = PassCosts()
      generation.run(&costs) { event in
        switch event {
        case .promptProgress, .drafted: break
        case .token(let token, let text):
          reply.tokens.append(token)
          reply.text += text
        case .finished(let reason, let statistics, let trailing):
          reply.reason = reason
          reply.statistics = statistics
          reply.text += trailing
        case .failed(let error): failure = error
        }
      }
      if let failure { throw failure }
      return reply
    }

    private func inference(threads: Int) throws -> Inference {
      try Inference(model: model, contextLength: prompt.count + 80, threadCount: threads)
    }

    @Test func greedyRepliesAreTheSame() throws {
      try #require(prompt.count > 512)
      let greedy = SamplingPolicy(temperature: 0, repeatPenalty: 1)
      var first: Reply?
      for (batch, threads) in [(512, 2), (1, 2), (2, 1), (7, 2), (8, 1), (9, 2), (64, 1), (512, 1)]
      {
        let inference = try inference(threads: threads)
        // 512 tokens come in as many batches as the engine splits them into.
        let size = min(batch, Inference.batchLimit)
        for start in stride(from: 0, to: prompt.count, by: size) {
          let part = prompt[start..<min(start + size, prompt.count)]
          _ = try inference.append(part, logitCount: 0)
        }
        for drafting in batch == 512 ? [Drafting.off, .always, .whenItPays] : [.off, .always] {
          let reply = try reply(inference, drafting, greedy, limit: 40)
          let wanted = first ?? reply
          first = wanted
          #expect(reply.tokens == wanted.tokens, "batch \(batch), threads \(threads), \(drafting)")
          #expect(reply.text == wanted.text)
          #expect(reply.reason == wanted.reason)
          // What was computed for the reply is there already, all but the last prompt token.
          #expect(reply.statistics.reusedTokenCount == prompt.count - 1)
          if drafting == .always { #expect(reply.statistics.acceptedTokenCount > 20) }
        }
      }
    }

    /// The same random numbers, the same recent tokens, the same logits: the same draws.
    @Test func sampledRepliesAreTheSame() throws {
      let inference = try inference(threads: 2)
      var drafted = 0
      var accepted = 0
      for seed in 1...4 {
        for policy in [
          SamplingPolicy(seed: UInt64(seed)),
          SamplingPolicy(
            temperature: 1, topK: 0, topP: 0.95, minP: 0, repeatPenalty: 1, seed: UInt64(seed)),
        ] {
          let plain = try reply(inference, .off, policy, limit: 60)
          let checked = try reply(inference, .always, policy, limit: 60)
          #expect(checked.tokens == plain.tokens)
          #expect(checked.text == plain.text)
          #expect(checked.reason == plain.reason)
          drafted += checked.statistics.draftedTokenCount
          accepted += checked.statistics.acceptedTokenCount
        }
      }
      // Both what is accepted and what is not has to have been seen.
      #expect(accepted > 40)
      #expect(drafted > accepted + 20)
    }
  }
}
