/// How the products are cut into chunks, and what each worker fetches ahead of its share.
///
/// Few tokens are bound by reading the weights. A worker reads its share of a matrix in one line,
/// and in each phase it fetches first what it will begin the next one with: memory would stand
/// still at the barriers otherwise, and each line begin with waiting.
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

  // MARK: - Fetching ahead

  /// Bytes that are fetched of what comes next; more brought no more where it was measured.
  private static let fetchByteCount = 10240

  func isFew(_ tokenCount: Int) -> Bool { tokenCount <= Scratch.fewTokenLimit }

  /// Fetches the rows of `matrix` that begin with `row`.
  func fetch(_ matrix: Matrix, from row: Int) {
    guard row < matrix.rowCount else { return }
    VectorTable.fetch(
      matrix.data + row * matrix.rowBytes,
      byteCount: min(Self.fetchByteCount, (matrix.rowCount - row) * matrix.rowBytes))
  }

  /// Fetches where the worker's share of a matrix that `addProduct` takes begins.
  func fetchShare(of matrix: Matrix, tokenCount: Int, _ worker: Int) {
    guard isFew(tokenCount) else { return }
    let chunkRows = chunkRows(matrix.rowCount, tokenCount: tokenCount)
    let chunk = pool.firstChunk(worker, of: chunkCount(matrix.rowCount, chunkRows))
    fetch(matrix, from: chunk * chunkRows)
  }

  /// The same of `projectGateUp`.
  func fetchShare(ofHidden layer: LlamaModel.Layer, tokenCount: Int, _ worker: Int) {
    guard isFew(tokenCount) else { return }
    let chunkCount = chunkCount(hyper.feedForwardWidth, Self.hiddenChunkRows)
    fetch(layer.gate, from: pool.firstChunk(worker, of: chunkCount) * Self.hiddenChunkRows)
  }

  /// The same of the first products of layer `index`, which after the last are the logits.
  func fetchShare(ofLayer index: Int, tokenCount: Int, _ worker: Int) {
    guard isFew(tokenCount) else { return }
    guard index < hyper.layerCount else {
      let chunkCount = chunkCount(model.output.rowCount, Self.chunkRowLimit)
      fetch(model.output, from: pool.firstChunk(worker, of: chunkCount) * Self.chunkRowLimit)
      return
    }
    let chunk = pool.firstChunk(worker, of: headChunkCount)
    let (matrix, head) = headChunk(chunk, of: model.layers[index])
    fetch(matrix, from: head * hyper.headSize)
  }
}
