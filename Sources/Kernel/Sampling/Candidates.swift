import Glibc

/// A token that may be drawn.
struct Candidate {
  let token: TokenID
  let logit: Float
  /// How likely it is, up to a factor that all have in common.
  var weight: Double

  /// More likely first; of equals the lower id, so that the order never depends on the way the
  /// candidates were found.
  @inline(__always)
  func isBefore(_ other: Candidate) -> Bool {
    logit > other.logit || (logit == other.logit && token < other.token)
  }
}

/// The tokens that may be drawn, in memory that is used again for each draw.
///
/// They are not sorted, only in rings: all of one ring are more likely than all of the next. What
/// depends on the order within a ring is found by selection, in time in proportion to its size.
struct Candidates: Sendable {
  private var list: [Candidate] = []
  private var rings: [Ring] = []

  private struct Ring: Sendable {
    /// One past the ring's last candidate.
    var end: Int
    /// Sum of the weights.
    var weight: Double
  }

  var count: Int { list.count }

  /// Sum of all weights.
  var weight: Double { rings.reduce(0) { $0 + $1.weight } }

  mutating func removeAll() {
    list.removeAll(keepingCapacity: true)
    rings.removeAll(keepingCapacity: true)
  }

  /// Adds a ring of those that are more than `inner` and at most `outer` below `best`, each with
  /// the weight exp(logit − best).
  mutating func addRing(
    _ logits: UnsafeBufferPointer<Float>, from inner: Float, to outer: Float, below best: Float,
    maxima blocks: [Float]
  ) {
    var weight = 0.0
    for (block, largest) in blocks.enumerated() where best - largest <= outer {
      let start = block * LogitScan.blockSize
      for token in start..<min(start + LogitScan.blockSize, logits.count) {
        let distance = best - logits[token]
        guard distance <= outer, distance > inner else { continue }
        let share = exp(-Double(distance))
        list.append(Candidate(token: TokenID(token), logit: logits[token], weight: share))
        weight += share
      }
    }
    rings.append(Ring(end: list.count, weight: weight))
  }

  /// Makes the `limit` most likely tokens a ring, `limit` being 1 to the number of logits: with a
  /// heap whose root is the least likely. For a `limit` far below that number.
  mutating func addMostLikely(
    _ limit: Int, of logits: UnsafeBufferPointer<Float>, best: Float, maxima blocks: [Float]
  ) {
    removeAll()
    for token in 0..<limit {
      list.append(Candidate(token: TokenID(token), logit: logits[token], weight: 1))
    }
    list.withUnsafeMutableBufferPointer { heap in
      for root in stride(from: limit / 2 - 1, through: 0, by: -1) { Self.sink(root, in: heap) }
      for block in limit / LogitScan.blockSize..<blocks.count where blocks[block] > heap[0].logit {
        let start = block * LogitScan.blockSize
        for token in max(limit, start)..<max(limit, min(start + LogitScan.blockSize, logits.count))
        where logits[token] > heap[0].logit {
          heap[0] = Candidate(token: TokenID(token), logit: logits[token], weight: 1)
          Self.sink(0, in: heap)
        }
      }
    }
    rings.append(Ring(end: list.count, weight: 0))
    weigh(best: best)
  }

  /// Keeps the `limit` most likely candidates.
  mutating func keep(mostLikely limit: Int) {
    // Every weight is one for as long as they are counted; what they were is found again.
    for index in list.indices { list[index].weight = 1 }
    var start = 0
    for index in rings.indices {
      rings[index].weight = Double(rings[index].end - start)
      start = rings[index].end
    }
    keep(reaching: Double(limit))
  }

  /// Gives each the weight exp((logit − best) / temperature).
  mutating func weigh(best: Float, temperature: Double = 1) {
    var start = 0
    for ring in rings.indices {
      var sum = 0.0
      for index in start..<rings[ring].end {
        let weight = exp(Double(list[index].logit - best) / temperature)
        list[index].weight = weight
        sum += weight
      }
      rings[ring].weight = sum
      start = rings[ring].end
    }
  }

  /// Keeps the smallest number of most likely candidates, at least one, whose weights reach
  /// `goal`; all where they do not. Returns the least likely of them.
  ///
  /// There has to be one. The last ring's weight is no longer what it was: see `weigh`.
  @discardableResult
  mutating func keep(reaching goal: Double) -> TokenID {
    var start = 0
    var reached = 0.0
    var last = 0
    // Past the rings that are kept whole; an empty one holds nothing that could be the last.
    while last < rings.count - 1, reached + rings[last].weight < goal || rings[last].end == 0 {
      reached += rings[last].weight
      start = rings[last].end
      last += 1
    }
    let end = rings[last].end
    let count = list.withUnsafeMutableBufferPointer { list in
      Self.select(
        UnsafeMutableBufferPointer(rebasing: list[start..<end]), reaching: goal - reached)
    }
    list.removeSubrange((start + count)...)
    rings.removeSubrange((last + 1)...)
    rings[last].end = start + count
    return list[start + count - 1].token
  }

  /// Keeps those with at least this weight, of which there has to be one.
  mutating func keep(weightFrom least: Double) {
    var kept = 0
    var start = 0
    for ring in rings.indices {
      for index in start..<rings[ring].end where list[index].weight >= least {
        list.swapAt(kept, index)
        kept += 1
      }
      start = rings[ring].end
      rings[ring].end = kept
    }
    list.removeSubrange(kept...)
  }

  /// Puts the most likely candidates whose weights reach `goal` first, the least likely of them
  /// as the last of these; returns how many they are.
  ///
  /// Quickselect by weight: of the two sides of a pivot only the one where the goal is reached
  /// is looked at further.
  private static func select(
    _ list: UnsafeMutableBufferPointer<Candidate>, reaching goal: Double
  ) -> Int {
    // Places before `low` belong to the result, those from `high` on do not.
    var low = 0
    var high = list.count
    var reached = 0.0
    // Nobody can put the logits in an order that makes every pivot a bad one.
    var random = SplitMix64(seed: UInt64(list.count))
    while high - low > 1 {
      list.swapAt(low, low + Int(random.next() % UInt64(high - low)))
      let pivot = list[low]
      var middle = low
      var weight = 0.0
      for index in low + 1..<high where list[index].isBefore(pivot) {
        middle += 1
        weight += list[index].weight
        list.swapAt(middle, index)
      }
      list.swapAt(low, middle)
      // More likely than the pivot are now `low..<middle`.
      if middle > low, reached + weight >= goal {
        high = middle
      } else if reached + weight + pivot.weight >= goal {
        return middle + 1
      } else {
        reached += weight + pivot.weight
        low = middle + 1
      }
    }
    return high
  }

  private static func sink(_ start: Int, in heap: UnsafeMutableBufferPointer<Candidate>) {
    var parent = start
    while true {
      var least = parent
      let child = 2 * parent + 1
      if child < heap.count, heap[least].isBefore(heap[child]) { least = child }
      if child + 1 < heap.count, heap[least].isBefore(heap[child + 1]) { least = child + 1 }
      if least == parent { return }
      heap.swapAt(parent, least)
      parent = least
    }
  }
}
