/// A model with a KV cache and the threads that compute: appends tokens, gives logits.
///
/// Belongs to one thread at a time. It keeps the tokens whose keys and values it holds, so
/// that a caller can find the longest common prefix of a new prompt.
package final class Inference {
  package let model: LlamaModel
  /// Positions that fit.
  package let contextLength: Int
  /// Threads that compute: fewer than asked for where the system gives no more.
  package let threadCount: Int
  /// The tokens whose keys and values are held, in order.
  package private(set) var tokens: [TokenID] = []
  /// Rows of logits that the last `append` left, each of `vocabularySize`.
  package private(set) var logitRowCount = 0

  private let pool: WorkerPool
  private var governor: TeamGovernor
  private let pass: ForwardPass
  private let cache: KVCache
  private let scratch: Scratch

  /// Tokens computed at once. More would hardly be faster; with fewer the weights are read
  /// more often. A batch can be cancelled between any two layers.
  package static let batchLimit = 256

  /// - Parameters:
  ///   - contextLength: positions to hold; at most what the caller wants to pay memory for.
  ///   - threadCount: threads that compute, the caller's own among them; cut to 1 to
  ///     `LoadRequest.threadLimit`.
  /// - Throws: `outOfMemory`; `invalidRequest` for a `contextLength` that cannot be.
  package init(model: LlamaModel, contextLength: Int, threadCount: Int) throws(KernelError) {
    try Self.check(contextLength: contextLength)
    self.model = model
    self.contextLength = contextLength
    let workerCount = Self.workerCount(threadCount)
    cache = try KVCache(hyperparameters: model.hyperparameters, contextLength: contextLength)
    scratch = try Scratch(
      model.hyperparameters, contextLength: contextLength, workerCount: workerCount)
    pool = WorkerPool(workerCount: workerCount)
    self.threadCount = pool.workerCount
    governor = TeamGovernor(workerCount: pool.workerCount)
    pass = ForwardPass(model: model, pool: pool)
  }

  deinit { pool.stop() }

  /// - Throws: `invalidRequest` for a number of positions that cannot be.
  static func check(contextLength: Int) throws(KernelError) {
    let limit = LoadRequest.contextLimit
    guard contextLength > 0, contextLength <= limit else {
      throw KernelError(
        .invalidRequest, at: "context", "\(contextLength) positions, expected 1 to \(limit)")
    }
  }

  /// The threads that there will be where `wanted` are asked for.
  static func workerCount(_ wanted: Int) -> Int { min(max(1, wanted), LoadRequest.threadLimit) }

  /// Computes `new` after the tokens held, in one batch, and keeps them.
  ///
  /// - Parameters:
  ///   - new: 1 to `batchLimit` tokens.
  ///   - logitCount: how many of them, counted from the end, to compute logits for.
  ///   - isCancelled: asked before each layer.
  /// - Returns: false when cancelled; then nothing was kept.
  /// - Throws: `invalidToken`, `windowExceeded`, `invalidRequest`, `notFinite`; then nothing
  ///   was kept.
  package func append(
    _ new: ArraySlice<TokenID>, logitCount: Int,
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws(KernelError) -> Bool {
    guard !new.isEmpty, new.count <= Self.batchLimit, (0...new.count).contains(logitCount) else {
      throw KernelError(
        .invalidRequest, at: "batch",
        "\(new.count) tokens with \(logitCount) logits, expected 1 to \(Self.batchLimit) tokens")
    }
    guard tokens.count + new.count <= contextLength else {
      throw KernelError(
        .windowExceeded, at: "context",
        "\(tokens.count + new.count) tokens do not fit a window of \(contextLength)")
    }
    let vocabularySize = model.hyperparameters.vocabularySize
    if let wrong = new.first(where: { $0 < 0 || $0 >= vocabularySize }) {
      throw KernelError(
        .invalidToken, at: "token \(wrong)", "the vocabulary has ids 0 to \(vocabularySize - 1)")
    }
    logitRowCount = 0
    let gate = CancellationGate(isCancelled)
    new.withUnsafeBufferPointer { buffer in
      let batch = ForwardPass.Batch(
        tokens: buffer, start: tokens.count, logitCount: logitCount)
      let start = Clock.seconds()
      pool.run(teamSize: governor.teamSize) { [pass] worker in
        pass.compute(batch, worker: worker, cache: cache, scratch: scratch, cancellation: gate)
      }
      governor.took(seconds: Clock.seconds() - start, stalled: pool.stalledSeconds)
    }
    if gate.isClosed { return false }
    for row in 0..<logitCount {
      guard LogitScan.areFinite(logits(row: row)) else {
        let position = tokens.count + new.count - logitCount + row
        throw KernelError(
          .notFinite, at: model.file.file.name,
          "the logits after position \(position) are not all finite")
      }
    }
    logitRowCount = logitCount
    tokens.append(contentsOf: new)
    return true
  }

  /// Logits of one of the last tokens appended: (vocabulary). Valid until the next `append`.
  package func logits(row: Int) -> UnsafeBufferPointer<Float> {
    let count = model.hyperparameters.vocabularySize
    return UnsafeBufferPointer(start: scratch.logits + row * count, count: count)
  }

  /// Forgets all tokens after the first `count`.
  package func truncate(to count: Int) {
    if count < tokens.count { tokens.removeSubrange(count...) }
    logitRowCount = 0
  }
}
