/// The transformer's computation for one batch of tokens, shared out over the workers.
///
/// Every worker runs `compute` from beginning to end; between the phases they meet at the
/// pool's barrier. What a worker computes for a (row, token) does not depend on the batch or
/// on the sharing, so prefill, decode and any thread count give the same bits.
struct ForwardPass {
  let model: LlamaModel
  let pool: WorkerPool
  let vectors: VectorTable
  let frequencies: [Double]  // (dimensionCount / 2)
  let magnitude: Double

  /// What to compute.
  struct Batch {
    let tokens: UnsafeBufferPointer<TokenID>
    /// Position of the first token.
    let start: Int
    /// Tokens at the end of the batch whose logits are wanted.
    let logitCount: Int
  }

  var hyper: Hyperparameters { model.hyperparameters }

  init(model: LlamaModel, pool: WorkerPool) {
    self.model = model
    self.pool = pool
    vectors = .best
    (frequencies, magnitude) = model.hyperparameters.rope.frequencies(divisors: model.ropeDivisors)
  }

  /// One worker's part. Worker 0 looks at `cancellation` before each layer; once it is closed,
  /// all leave together, and the batch counts as not computed.
  func compute(
    _ batch: Batch, worker: Int, cache: borrowing KVCache, scratch: borrowing Scratch,
    cancellation: CancellationGate
  ) {
    embed(batch, worker, scratch)
    pool.barrier(worker)
    for index in 0..<hyper.layerCount {
      let layer = model.layers[index]
      if worker == 0 { cancellation.look() }
      var x = normalized(
        0..<batch.tokens.count, layer.attentionNorm, worker, scratch,
        for: [layer.query, layer.key, layer.value])
      projectQueryKeyValue(x, batch, index, layer, worker, cache, scratch)
      pool.barrier(worker)
      // Closed before that barrier or not at all, so all see the same.
      if cancellation.isClosed { return }
      attend(batch, index, worker, cache, scratch)
      pool.barrier(worker)
      x = roundedAttention(batch, worker, scratch, for: layer.attentionOutput)
      addProduct(of: layer.attentionOutput, with: x, batch, worker, scratch)
      pool.barrier(worker)
      x = normalized(
        0..<batch.tokens.count, layer.feedForwardNorm, worker, scratch, for: [layer.gate, layer.up])
      projectGateUp(x, batch, layer, worker, scratch)
      pool.barrier(worker)
      addProduct(of: layer.down, with: scratch.hidden, batch, worker, scratch)
      pool.barrier(worker)
    }
    guard batch.logitCount > 0 else { return }
    let last = batch.tokens.count - batch.logitCount..<batch.tokens.count
    let x = normalized(last, model.outputNorm, worker, scratch, for: [model.output])
    multiplyByChunks(
      model.output, with: x, tokens: last, into: scratch.logits, outStride: hyper.vocabularySize,
      worker)
  }

  // MARK: - Phases

  private func embed(_ batch: Batch, _ worker: Int, _ scratch: borrowing Scratch) {
    let table = model.tokenEmbedding
    let dimensions = hyper.rope.dimensionCount
    for token in stride(from: worker, to: batch.tokens.count, by: pool.teamSize) {
      let row = table.data + Int(batch.tokens[token]) * table.rowBytes
      dequantize(
        UnsafeRawBufferPointer(start: row, count: table.rowBytes), type: table.type,
        into: UnsafeMutableBufferPointer(
          start: scratch.residual + token * hyper.width, count: hyper.width))
      let cosines = scratch.cosines + token * hyper.headSize
      let sines = scratch.sines + token * hyper.headSize
      for pair in 0..<hyper.headSize / 2 {
        let angle = pair < dimensions / 2 ? Double(batch.start + token) * frequencies[pair] : 0
        let factor = pair < dimensions / 2 ? magnitude : 1
        let (sine, cosine) = sineAndCosine(angle)
        cosines[2 * pair] = Float(cosine * factor)
        cosines[2 * pair + 1] = Float(cosine * factor)
        sines[2 * pair] = Float(-sine * factor)
        sines[2 * pair + 1] = Float(sine * factor)
      }
    }
  }

  /// The residual of `tokens`, normalized and rounded for `matrices`.
  ///
  /// A few tokens each worker normalizes for itself, which takes less time than meeting the
  /// others; many are shared out.
  private func normalized(
    _ tokens: Range<Int>, _ weight: FloatVector, _ worker: Int, _ scratch: borrowing Scratch,
    for matrices: [Matrix]
  ) -> Activations {
    let isRounded = matrices.contains { VectorTable.takesGroups($0.type) }
    return prepared(
      tokens, worker, own: scratch.own[worker].normed, shared: scratch.normed
    ) { token, x in
      vectors.rmsNorm(
        scratch.residual + token * hyper.width, weight: weight.data, width: hyper.width,
        epsilon: hyper.rmsEpsilon, into: x.floats(token))
      if isRounded {
        vectors.quantize(x.floats(token), width: x.width, into: x.groups(token))
      }
    }
  }

  /// What attention has left in `scratch.attention`, rounded for `matrix`.
  private func roundedAttention(
    _ batch: Batch, _ worker: Int, _ scratch: borrowing Scratch, for matrix: Matrix
  ) -> Activations {
    let attention = scratch.attention
    guard VectorTable.takesGroups(matrix.type) else { return attention }
    return prepared(
      0..<batch.tokens.count, worker, own: scratch.own[worker].attention, shared: attention
    ) { token, x in
      vectors.quantize(attention.floats(token), width: x.width, into: x.groups(token))
    }
  }

  /// Fills a row of activations for each token: in the worker's own copy when they are few,
  /// otherwise in the shared one, with a barrier.
  private func prepared(
    _ tokens: Range<Int>, _ worker: Int, own: Activations, shared: Activations,
    _ fill: (Int, Activations) -> Void
  ) -> Activations {
    if tokens.upperBound <= Scratch.fewTokenLimit {
      for token in tokens { fill(token, own) }
      return own
    }
    for token in tokens where token % pool.teamSize == worker { fill(token, shared) }
    pool.barrier(worker)
    return shared
  }

  private func projectQueryKeyValue(
    _ x: Activations, _ batch: Batch, _ index: Int, _ layer: LlamaModel.Layer, _ worker: Int,
    _ cache: borrowing KVCache, _ scratch: borrowing Scratch
  ) {
    let size = hyper.headSize
    let count = batch.tokens.count
    let heads = scratch.products[worker]
    while let chunk = pool.nextChunk(worker, of: headChunkCount) {
      let (matrix, head) = headChunk(chunk, of: layer)
      let rows = head * size..<(head + 1) * size
      if chunk < hyper.headCount {
        let out = scratch.query + head * size
        multiply(
          matrix, rows: rows, with: x, tokens: 0..<count, into: out,
          outStride: hyper.queryWidth)
        for token in 0..<count {
          vectors.rotate(
            out + token * hyper.queryWidth, headCount: 1, width: size,
            cosines: scratch.cosines + token * size, sines: scratch.sines + token * size)
        }
        continue
      }
      multiply(
        matrix, rows: rows, with: x, tokens: 0..<count, into: heads, outStride: size)
      for token in 0..<count {
        let position = batch.start + token
        if chunk < hyper.headCount + hyper.headCountKV {
          vectors.rotate(
            heads + token * size, headCount: 1, width: size,
            cosines: scratch.cosines + token * size, sines: scratch.sines + token * size)
          vectors.storeKey(
            heads + token * size, width: size,
            block: cache.keyBlock(layer: index, head: head, position: position),
            slot: position % VectorTable.keyBlock)
        } else {
          vectors.storeValue(
            heads + token * size, width: size,
            into: cache.value(layer: index, head: head, position: position))
        }
      }
    }
  }

  private func projectGateUp(
    _ x: Activations, _ batch: Batch, _ layer: LlamaModel.Layer, _ worker: Int,
    _ scratch: borrowing Scratch
  ) {
    let width = hyper.feedForwardWidth
    let count = batch.tokens.count
    let up = scratch.products[worker]
    let chunkRows = Self.hiddenChunkRows
    while let chunk = pool.nextChunk(worker, of: chunkCount(width, chunkRows)) {
      let rows = chunk * chunkRows..<min(width, (chunk + 1) * chunkRows)
      let first = rows.lowerBound
      let gate = scratch.hidden.floats + first
      multiply(
        layer.gate, rows: rows, with: x, tokens: 0..<count, into: gate,
        outStride: width)
      multiply(
        layer.up, rows: rows, with: x, tokens: 0..<count, into: up,
        outStride: rows.count)
      for token in 0..<count {
        vectors.swiglu(gate: gate + token * width, up: up + token * rows.count, count: rows.count)
        if VectorTable.takesGroups(layer.down.type) {
          vectors.quantize(
            gate + token * width, width: rows.count,
            into: scratch.hidden.groups(token) + first / VectorTable.groupSize)
        }
      }
    }
  }

  private func addProduct(
    of matrix: Matrix, with x: Activations, _ batch: Batch, _ worker: Int,
    _ scratch: borrowing Scratch
  ) {
    let product = scratch.products[worker]
    let chunkRows = chunkRows(matrix.rowCount, tokenCount: batch.tokens.count)
    while let chunk = pool.nextChunk(worker, of: chunkCount(matrix.rowCount, chunkRows)) {
      let first = chunk * chunkRows
      let rows = first..<min(matrix.rowCount, first + chunkRows)
      multiply(
        matrix, rows: rows, with: x, tokens: 0..<batch.tokens.count, into: product,
        outStride: rows.count)
      for token in 0..<batch.tokens.count {
        vectors.add(
          product + token * rows.count, to: scratch.residual + token * hyper.width + first,
          count: rows.count)
      }
    }
  }

  // MARK: - Products

  private func multiplyByChunks(
    _ matrix: Matrix, with x: Activations, tokens: Range<Int>,
    into out: UnsafeMutablePointer<Float>, outStride: Int, _ worker: Int
  ) {
    let chunkRows = Self.chunkRowLimit
    while let chunk = pool.nextChunk(worker, of: chunkCount(matrix.rowCount, chunkRows)) {
      let first = chunk * chunkRows
      multiply(
        matrix, rows: first..<min(matrix.rowCount, first + chunkRows), with: x, tokens: tokens,
        into: out + first, outStride: outStride)
    }
  }

  /// out[(t - tokens.lowerBound) · outStride + r - rows.lowerBound] = dot(row r, token t of x).
  private func multiply(
    _ matrix: Matrix, rows: Range<Int>, with x: Activations, tokens: Range<Int>,
    into out: UnsafeMutablePointer<Float>, outStride: Int
  ) {
    let first = tokens.lowerBound
    let (activations, bytes): (UnsafeRawPointer, Int) =
      VectorTable.takesGroups(matrix.type)
      ? (UnsafeRawPointer(x.groups(first)), x.rowBytes)
      : (UnsafeRawPointer(x.floats(first)), x.width * MemoryLayout<Float>.stride)
    vectors.multiply(
      matrix, rows: rows, activations: activations, activationBytes: bytes,
      tokenCount: tokens.count, into: out, outStride: outStride)
  }
}
