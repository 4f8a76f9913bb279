/// One request at work: finds what the cache holds already, computes the rest of the prompt,
/// then token after token.
package struct Generation {
  let request: GenerationRequest
  let inference: Inference
  let isCancelled: @Sendable () -> Bool

  /// - Parameter isCancelled: asked before every token, and between the layers of a pass.
  package init(
    request: GenerationRequest, inference: Inference,
    isCancelled: @escaping @Sendable () -> Bool
  ) {
    self.request = request
    self.inference = inference
    self.isCancelled = isCancelled
  }

  /// Generates the reply; `sink` gets what `GenerationEvent` says. The cache then holds the prompt
  /// and the reply without its last token.
  ///
  /// - Parameter costs: what passes cost, as far as earlier replies have shown; goes on learning.
  package func run(_ costs: inout PassCosts, _ sink: (GenerationEvent) -> Void) {
    var statistics = GenerationStatistics()
    do throws(KernelError) {
      try check()
      let start = Clock.seconds()
      statistics.promptTokenCount = request.tokens.count
      statistics.reusedTokenCount = reuse()
      guard try prefill(&statistics, since: start, sink) else {
        sink(.finished(.cancelled, statistics, trailingText: ""))
        return
      }
      try decode(&statistics, since: start, &costs, sink)
    } catch {
      sink(.failed(error))
    }
  }

  private func check() throws(KernelError) {
    guard !request.tokens.isEmpty else {
      throw KernelError(.invalidRequest, at: "prompt", "it has no tokens")
    }
    guard request.tokens.count < inference.contextLength else {
      throw KernelError(
        .windowExceeded, at: "prompt",
        "\(request.tokens.count) tokens leave no room in a window of \(inference.contextLength)")
    }
    if let problem = request.sampling.problem {
      throw KernelError(.invalidRequest, at: "sampling", problem)
    }
    try inference.model.file.file.checkNotShrunk()
  }

  /// Keeps the longest common prefix of the cache and the prompt, but computes at least the
  /// last token, whose logits are needed. Returns how many tokens are kept.
  private func reuse() -> Int {
    let held = inference.tokens
    let limit = min(held.count, request.tokens.count - 1)
    let common = (0..<limit).first { held[$0] != request.tokens[$0] } ?? limit
    inference.truncate(to: common)
    return common
  }

  /// False when cancelled; what was computed stays in the cache.
  private func prefill(
    _ statistics: inout GenerationStatistics, since start: Double,
    _ sink: (GenerationEvent) -> Void
  ) throws(KernelError) -> Bool {
    let total = request.tokens.count
    let reused = statistics.reusedTokenCount
    sink(.promptProgress(done: reused, total: total, reused: reused))
    var done = reused
    while done < total {
      let end = min(total, done + Inference.batchLimit)
      guard
        try inference.append(
          request.tokens[done..<end], logitCount: end == total ? 1 : 0, isCancelled: isCancelled)
      else { return false }
      done = end
      statistics.prefillSeconds = Clock.seconds() - start
      sink(.promptProgress(done: done, total: total, reused: reused))
    }
    return true
  }
}
