import Glibc

/// Attention: each KV head's keys and values are read once for all the queries that share
/// them, in stretches of positions that are worked on apart and then joined in order.
///
/// The stretches are fixed by position, so the sums do not depend on who computes them.
extension ForwardPass {
  func attend(
    _ batch: Batch, _ layer: Int, _ worker: Int, _ cache: borrowing KVCache,
    _ scratch: borrowing Scratch
  ) {
    let stretchCount = Self.stretchCount(positions: batch.start + batch.tokens.count)
    if batch.tokens.count <= AttentionParts.sharedTokenLimit && stretchCount > 1 {
      attendSharingStretches(batch, layer, stretchCount, worker, cache, scratch)
    } else {
      attendByTiles(batch, layer, worker, cache, scratch)
    }
  }

  static func stretchCount(positions: Int) -> Int {
    (positions + VectorTable.attendStretch - 1) / VectorTable.attendStretch
  }

  /// Many tokens: a worker takes some tokens of one KV head with all their stretches.
  private func attendByTiles(
    _ batch: Batch, _ layer: Int, _ worker: Int, _ cache: borrowing KVCache,
    _ scratch: borrowing Scratch
  ) {
    let hyper = model.hyperparameters
    let group = hyper.headsPerGroup
    let size = hyper.headSize
    let tileTokens = AttentionParts.tileTokenCount(hyper)
    let tileCount = (batch.tokens.count + tileTokens - 1) / tileTokens
    let part = scratch.parts.own[worker]
    while let chunk = pool.nextChunk(worker, of: tileCount * hyper.headCountKV) {
      let head = chunk % hyper.headCountKV
      let first = chunk / hyper.headCountKV * tileTokens
      let tokens = first..<min(first + tileTokens, batch.tokens.count)
      let queries = tokens.count * group
      let stretchCount = Self.stretchCount(positions: batch.start + tokens.upperBound)
      for stretch in 0..<stretchCount {
        attend(
          batch, layer, head, tokens, stretch, cache, scratch, worker,
          into: part, at: stretch * queries)
      }
      for token in tokens {
        for member in 0..<group {
          let query = (token - first) * group + member
          vectors.join(
            part.sums + query * size, partStride: queries * size, maxima: part.maxima + query,
            sums: part.weights + query, scalarStride: queries,
            partCount: Self.stretchCount(positions: batch.start + token + 1), width: size,
            into: scratch.attention.floats(token) + (head * group + member) * size)
        }
      }
    }
  }

  /// Pieces that work is cut into for each worker, where it can be cut anywhere: few enough to be
  /// cheap, enough to even out.
  private static let chunksPerWorker = 6

  /// Few tokens and a long past: the stretches themselves are shared out.
  private func attendSharingStretches(
    _ batch: Batch, _ layer: Int, _ stretchCount: Int, _ worker: Int,
    _ cache: borrowing KVCache, _ scratch: borrowing Scratch
  ) {
    let hyper = model.hyperparameters
    let group = hyper.headsPerGroup
    let size = hyper.headSize
    let part = scratch.parts.shared  // (stretch, headKV, token, group)
    let queries = batch.tokens.count * group
    let queriesPerStretch = hyper.headCountKV * queries
    // Stretches that follow each other lie beside each other in memory: a worker takes several.
    let span = max(1, stretchCount * hyper.headCountKV / (Self.chunksPerWorker * pool.teamSize))
    let spanCount = (stretchCount + span - 1) / span
    while let chunk = pool.nextChunk(worker, of: spanCount * hyper.headCountKV) {
      let (head, place) = chunk.quotientAndRemainder(dividingBy: spanCount)
      for stretch in place * span..<min(stretchCount, (place + 1) * span) {
        attend(
          batch, layer, head, 0..<batch.tokens.count, stretch, cache, scratch, worker,
          into: part, at: stretch * queriesPerStretch + head * queries)
      }
    }
    pool.barrier(worker)
    while let chunk = pool.nextChunk(worker, of: queriesPerStretch) {
      let (head, query) = chunk.quotientAndRemainder(dividingBy: queries)
      let (token, member) = query.quotientAndRemainder(dividingBy: group)
      vectors.join(
        part.sums + chunk * size, partStride: queriesPerStretch * size,
        maxima: part.maxima + chunk, sums: part.weights + chunk, scalarStride: queriesPerStretch,
        partCount: Self.stretchCount(positions: batch.start + token + 1), width: size,
        into: scratch.attention.floats(token) + (head * group + member) * size)
    }
  }

  /// The queries of `tokens` for one KV head over one stretch, written to place `at` of `part`
  /// in the order (token, group). Tokens before the stretch are left out.
  private func attend(
    _ batch: Batch, _ layer: Int, _ head: Int, _ tokens: Range<Int>, _ stretch: Int,
    _ cache: borrowing KVCache, _ scratch: borrowing Scratch, _ worker: Int,
    into part: AttentionParts.Part, at offset: Int
  ) {
    let hyper = model.hyperparameters
    let group = hyper.headsPerGroup
    let size = hyper.headSize
    let position = stretch * VectorTable.attendStretch
    let first = max(tokens.lowerBound, position - batch.start)
    if first >= tokens.upperBound { return }
    let queries = scratch.products[worker]
    let skipped = (first - tokens.lowerBound) * group
    withUnsafeTemporaryAllocation(
      of: UInt32.self, capacity: (tokens.upperBound - first) * group
    ) { counts in
      for token in first..<tokens.upperBound {
        let row = (token - first) * group
        memcpy(
          queries + row * size, scratch.query + token * hyper.queryWidth + head * group * size,
          group * size * MemoryLayout<Float>.stride)
        let seen = min(VectorTable.attendStretch, batch.start + token + 1 - position)
        for member in 0..<group { counts[row + member] = UInt32(seen) }
      }
      guard let counts = UnsafePointer(counts.baseAddress) else { return }
      vectors.attend(
        queries, queryCount: (tokens.upperBound - first) * group, width: size,
        keys: cache.keyBlock(layer: layer, head: head, position: position),
        values: cache.value(layer: layer, head: head, position: position), counts: counts,
        scale: 1 / Float(size).squareRoot(), into: part.sums + (offset + skipped) * size,
        maxima: part.maxima + offset + skipped, sums: part.weights + offset + skipped)
    }
  }
}

/// Sine and cosine of an angle in radians.
func sineAndCosine(_ angle: Double) -> (sine: Double, cosine: Double) { (sin(angle), cos(angle)) }
