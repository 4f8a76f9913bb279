extension Generation {
  /// Draws token after token.
  ///
  /// Every pass computes the token drawn last and, where that pays, a draft of those to come. The
  /// sampler draws from the logits of one after the other, just as it would without a draft, and
  /// what it draws is the reply. While it draws what was drafted, the next logits are there
  /// already; what follows the first difference is forgotten. Since logits do not depend on the
  /// batch they were computed in, a reply is the same with drafts and without.
  func decode(
    _ statistics: inout GenerationStatistics, since start: Double, _ costs: inout PassCosts,
    _ sink: (GenerationEvent) -> Void
  ) throws(KernelError) {
    let tokenizer = inference.model.tokenizer
    var sampler = Sampler(policy: request.sampling, history: request.tokens[...])
    var decoder = StreamingDecoder(tokenizer, continuing: request.isContinuation)
    var drafter = Drafter(request, endOfGeneration: tokenizer.endOfGeneration)
    var firstTokenAt = start
    // What the reply stands on: all but the token drawn last and what was drafted in vain.
    var keptCount = inference.tokens.count
    defer { inference.truncate(to: keptCount) }
    func stop(_ reason: StopReason) {
      // Half a character is no text; going on makes it again.
      let rest = reason == .endOfText ? decoder.finish() : ""
      sink(.finished(reason, statistics, trailingText: rest))
    }
    if request.tokenLimit < 1 { return stop(.limit) }
    costs.beginReply()
    var acceptedBefore = 0
    // The tokens of the last pass whose logits are drawn from, and the next pass's.
    var batch: [TokenID] = [0]
    while true {
      for row in batch.indices {
        if isCancelled() { return stop(.cancelled) }
        let token = sampler.draw(from: inference.logits(row: row))
        let now = Clock.seconds()
        if statistics.generatedTokenCount == 0 {
          firstTokenAt = now
          statistics.firstTokenSeconds = now - start
        }
        statistics.decodeSeconds = now - firstTokenAt
        if tokenizer.endOfGeneration.contains(token) { return stop(.endOfText) }
        let isDrafted = row + 1 < batch.count && batch[row + 1] == token
        statistics.generatedTokenCount += 1
        if isDrafted { statistics.acceptedTokenCount += 1 }
        sink(.token(token, text: decoder.push(token)))
        // Before its keys and values are computed: nobody would ask for what follows it.
        if statistics.generatedTokenCount >= request.tokenLimit { return stop(.limit) }
        if keptCount >= inference.contextLength { return stop(.limit) }
        if isCancelled() { return stop(.cancelled) }
        drafter.take(token)
        guard isDrafted else { break }
        keptCount += 1
      }
      if batch.count > 1 {
        sink(
          .drafted(
            count: statistics.draftedTokenCount, accepted: statistics.acceptedTokenCount))
      }
      drafter.finished(
        draftCount: batch.count - 1,
        acceptedCount: statistics.acceptedTokenCount - acceptedBefore, costs)
      acceptedBefore = statistics.acceptedTokenCount
      inference.truncate(to: keptCount)
      // The last token that may come is never drafted: it would not be computed either.
      let room = min(
        inference.contextLength - keptCount - 1,
        request.tokenLimit - statistics.generatedTokenCount - 1)
      drafter.fill(&batch, limit: room, costs: costs)
      guard try compute(&batch, &drafter, &costs) else { return stop(.cancelled) }
      statistics.draftedTokenCount += batch.count - 1
      keptCount += 1
    }
  }

  /// Computes the batch with the logits of all its tokens; false when cancelled.
  private func compute(
    _ batch: inout [TokenID], _ drafter: inout Drafter, _ costs: inout PassCosts
  ) throws(KernelError) -> Bool {
    let start = Clock.seconds()
    do throws(KernelError) {
      guard
        try inference.append(batch[...], logitCount: batch.count, isCancelled: isCancelled)
      else { return false }
    } catch {
      // Logits after a drafted token that the reply would never have come to: no reason to fail.
      guard error.code == .notFinite, batch.count > 1 else { throw error }
      drafter.stop()
      batch.removeSubrange(1...)
      return try inference.append(batch[...], logitCount: 1, isCancelled: isCancelled)
    }
    costs.took(seconds: Clock.seconds() - start, tokenCount: batch.count)
    return true
  }
}

/// Fills the batches of a reply: the token drawn last, and what may follow it.
private struct Drafter {
  private let request: GenerationRequest
  private let endOfGeneration: Set<TokenID>
  private var isOn: Bool
  /// Empty until the first token is out.
  private var lookup = PromptLookup([])
  private var policy = DraftPolicy()
  private var last: TokenID = 0

  init(_ request: GenerationRequest, endOfGeneration: Set<TokenID>) {
    self.request = request
    self.endOfGeneration = endOfGeneration
    isOn = request.drafting != .off
  }

  /// Takes in a token of the reply.
  mutating func take(_ token: TokenID) {
    last = token
    guard isOn else { return }
    if lookup.tokens.isEmpty {
      lookup = PromptLookup(request.tokens)
    } else if let match = lookup.match {
      policy.observe(matchLength: match.length, wasRight: lookup.tokens[match.next] == token)
    }
    lookup.append(token)
  }

  /// Takes in how the last batch's draft fared.
  mutating func finished(draftCount: Int, acceptedCount: Int, _ costs: PassCosts) {
    policy.finished(draftCount: draftCount, acceptedCount: acceptedCount, costs: costs)
  }

  /// Makes the next batch: one token and up to `limit` drafted ones.
  func fill(_ batch: inout [TokenID], limit: Int, costs: PassCosts) {
    batch.removeAll(keepingCapacity: true)
    batch.append(last)
    guard isOn, let match = lookup.match else { return }
    let known = min(limit, DraftPolicy.draftLimit, lookup.tokens.count - match.next)
    let count =
      request.drafting == .always
      ? known : policy.draftCount(matchLength: match.length, limit: known, costs: costs)
    lookup.propose(count, into: &batch)
    // The end of an earlier message: the reply can only end there, which needs no draft.
    if let end = batch.indices.dropFirst().first(where: { endOfGeneration.contains(batch[$0]) }) {
      batch.removeSubrange(end...)
    }
  }

  /// Drafts nothing more.
  mutating func stop() { isOn = false }
}
