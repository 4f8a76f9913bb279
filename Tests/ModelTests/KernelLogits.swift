import Kernel

extension Logits {
  /// What the kernel computes for the tokens: logits of all positions.
  ///
  /// - Parameter batch: tokens computed at once; 1 is how a reply is decoded.
  init(
    of model: LlamaModel, for ids: some Sequence<TokenID>, batch: Int = Inference.batchLimit,
    threads: Int = 2
  ) throws {
    let ids = Array(ids)
    let inference = try Inference(model: model, contextLength: ids.count, threadCount: threads)
    let vocabularySize = model.hyperparameters.vocabularySize
    var values: [Float] = []
    values.reserveCapacity(ids.count * vocabularySize)
    for first in stride(from: 0, to: ids.count, by: batch) {
      let part = ids[first..<min(first + batch, ids.count)]
      _ = try inference.append(part, logitCount: part.count)
      for row in 0..<part.count { values += inference.logits(row: row) }
    }
    self.init(values: values, vocabularySize: vocabularySize)
  }
}
