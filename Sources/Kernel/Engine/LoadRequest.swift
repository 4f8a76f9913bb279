/// Which model to load, and how much of the machine to give it.
package struct LoadRequest: Sendable {
  package var path: String
  /// Positions of the window; nil takes the model's own, up to `defaultContextLimit`.
  package var contextLength: Int?
  /// Nil takes as many as `SystemFiles.threadCount` says: one for each physical core.
  package var threadCount: Int?

  /// The longest window that can be asked for.
  package static let contextLimit = 1 << 24
  /// The most threads that can be asked for.
  package static let threadLimit = WorkerPool.workerLimit
  /// What nil means for models that were trained for more: their cache would take gigabytes.
  package static let defaultContextLimit = 8192

  package init(path: String, contextLength: Int? = nil, threadCount: Int? = nil) {
    self.path = path
    self.contextLength = contextLength
    self.threadCount = threadCount
  }

  /// Opens the model in this thread, without an engine: for tools that compute on their own.
  ///
  /// - Throws: what `LlamaModel` and `Inference` throw; `outOfMemory` when the window needs more
  ///   memory than there is.
  package func open() throws(KernelError) -> (inference: Inference, summary: ModelSummary) {
    let start = Clock.seconds()
    let model = try LlamaModel(path: path)
    let hyper = model.hyperparameters
    let contextLength = contextLength ?? min(hyper.contextLength, Self.defaultContextLimit)
    try Inference.check(contextLength: contextLength)
    let threadCount = Inference.workerCount(threadCount ?? Processor.threadCount)
    try MemoryNeed(hyper, threadCount: threadCount).check(
      contextLength: contextLength, available: Processor.memoryByteCount,
      at: model.file.file.name)
    let inference = try Inference(
      model: model, contextLength: contextLength, threadCount: threadCount)
    let summary = ModelSummary(
      path: path, description: try ModelDescription(file: model.file),
      contextLength: inference.contextLength, threadCount: inference.threadCount,
      vectors: VectorTable.best.name, tokenizer: model.tokenizer,
      loadSeconds: Clock.seconds() - start)
    return (inference, summary)
  }
}

package enum LoadEvent: Sendable {
  case loaded(ModelSummary)
  case failed(KernelError)
}

/// A loaded model, as others need to know it.
package struct ModelSummary: Sendable {
  package let path: String
  package let description: ModelDescription
  /// Positions of the window that was set up.
  package let contextLength: Int
  package let threadCount: Int
  /// The vector variant in use.
  package let vectors: String
  package let tokenizer: Tokenizer
  package let loadSeconds: Double
}
