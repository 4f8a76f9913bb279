import Kernel

/// Runs a model over random tokens with a clock.
struct Benchmark {
  let inference: Inference
  let depth: Int
  /// The same tokens in every run.
  private var random = SplitMix64(seed: 1)
  private var line = BenchLine()

  init(inference: Inference, depth: Int) {
    self.inference = inference
    self.depth = depth
  }

  /// Rates of computing a prompt in batches.
  mutating func prefill(tokenCount: Int, repetitions: Int) throws -> Rates {
    try repeated("prefill", tokenCount, repetitions) { benchmark in
      let tokens = benchmark.tokens(tokenCount)
      try benchmark.append(tokens[...])
    }
  }

  /// Rates of computing one token after the other.
  mutating func decode(tokenCount: Int, repetitions: Int) throws -> Rates {
    try repeated("decode", tokenCount, repetitions) { benchmark in
      for token in benchmark.tokens(tokenCount) { try benchmark.append([token]) }
    }
  }

  /// One sitting of the machine's limits.
  mutating func measure(_ meter: LimitMeter) throws {
    if Interrupt.isRequested { throw Cancelled() }
    line.show("the machine's limits")
    defer { line.clear() }
    meter.measure()
  }

  private mutating func repeated(
    _ what: String, _ tokenCount: Int, _ repetitions: Int,
    _ body: (inout Benchmark) throws -> Void
  ) throws -> Rates {
    guard tokenCount > 0 else { return Rates() }
    defer { line.clear() }
    var rates = Rates()
    for round in 0...repetitions {
      line.show(round == 0 ? "\(what): warming up" : "\(what): \(round) of \(repetitions)")
      try fillToDepth()
      let start = Clock.seconds()
      try body(&self)
      let seconds = Clock.seconds() - start
      if round > 0 { rates.values.append(Double(tokenCount) / seconds) }
    }
    return rates
  }

  /// Leaves exactly `depth` tokens in the cache.
  private mutating func fillToDepth() throws {
    inference.truncate(to: depth)
    let missing = depth - inference.tokens.count
    if missing > 0 { try append(tokens(missing)[...]) }
  }

  private func append(_ tokens: ArraySlice<TokenID>) throws {
    var rest = tokens
    while !rest.isEmpty {
      let batch = rest.prefix(Inference.batchLimit)
      rest = rest.dropFirst(batch.count)
      let isDone = try inference.append(
        batch, logitCount: rest.isEmpty ? 1 : 0, isCancelled: { Interrupt.isRequested })
      guard isDone else { throw Cancelled() }
    }
  }

  private mutating func tokens(_ count: Int) -> [TokenID] {
    let limit = TokenID(clamping: inference.model.hyperparameters.vocabularySize)
    return (0..<count).map { _ in TokenID.random(in: 0..<limit, using: &random) }
  }
}

/// A progress line in a value that can be copied.
private final class BenchLine {
  private var line = ProgressLine()
  func show(_ text: String) { line.show(text) }
  func clear() { line.clear() }
}
