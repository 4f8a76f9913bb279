/// How the products are cut into chunks.
///
/// Few tokens are bound by reading the weights, and memory is read fastest in one line: see
/// `WorkerPool.nextChunk`. Fetching the beginning of the next product before each meeting of the
/// workers brought nothing beyond that.
extension ForwardPass {
  /// Rows of a matrix that a worker takes on at once, at most.
  static let chunkRowLimit = 128

  /// Rows of gate and up: whole groups of activations, so that the worker can round what it has
  /// computed.
  static let hiddenChunkRows = VectorTable.groupSize

  func chunkCount(_ rowCount: Int, _ chunkRows: Int) -> Int {
    (rowCount + chunkRows - 1) / chunkRows
  }

  /// Few enough chunks to be cheap, enough to even out: about four for each worker.
  func chunkRows(_ rowCount: Int, tokenCount: Int) -> Int {
    let even = (rowCount / (4 * pool.teamSize) + 15) / 16 * 16
    return max(16, min(even, tokenCount == 1 ? rowCount : Self.chunkRowLimit))
  }

  /// Chunks of queries, keys and values: one is one head, which is then rotated and put away by
  /// the same worker.
  var headChunkCount: Int { hyper.headCount + 2 * hyper.headCountKV }

  func headChunk(_ chunk: Int, of layer: LlamaModel.Layer) -> (Matrix, head: Int) {
    chunk < hyper.headCount
      ? (layer.query, chunk)
      : chunk < hyper.headCount + hyper.headCountKV
        ? (layer.key, chunk - hyper.headCount)
        : (layer.value, chunk - hyper.headCount - hyper.headCountKV)
  }
}
