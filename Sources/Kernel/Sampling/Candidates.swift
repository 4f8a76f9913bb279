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

/// The tokens that may be drawn, in memory that is used again for each draw. They are in no
/// order: what depends on one is found by selection, which takes time in proportion to the count.
struct Candidates: Sendable {
  private var list: [Candidate] = []

  var count: Int { list.count }

  /// Takes in what is at most `reach` below `best`.
  mutating func gather(
    _ logits: UnsafeBufferPointer<Float>, within reach: Float, of best: Float,
    maxima blocks: [Float]
  ) {
    list.removeAll(keepingCapacity: true)
    for (block, largest) in blocks.enumerated() where best - largest <= reach {
      let start = block * LogitScan.blockSize
      for token in start..<min(start + LogitScan.blockSize, logits.count) {
        let logit = logits[token]
        if best - logit <= reach {
          list.append(Candidate(token: TokenID(token), logit: logit, weight: 1))
        }
      }
    }
  }

  /// Takes in the `limit` most likely tokens, `limit` being 1 to the number of logits: with a
  /// heap whose root is the least likely.
  mutating func gather(
    _ logits: UnsafeBufferPointer<Float>, mostLikely limit: Int, maxima blocks: [Float]
  ) {
    list.removeAll(keepingCapacity: true)
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
  }

  /// Gives each the weight exp((logit − best) / temperature); returns their sum.
  mutating func weigh(best: Float, temperature: Double = 1) -> Double {
    var total = 0.0
    for index in list.indices {
      let weight = exp(Double(list[index].logit - best) / temperature)
      list[index].weight = weight
      total += weight
    }
    return total
  }

  /// Keeps the smallest number of most likely candidates, at least one, whose weights reach
  /// `goal`; all where they do not. Returns the least likely of them: O(count) as a rule.
  @discardableResult
  mutating func keep(reaching goal: Double) -> TokenID {
    let count = list.withUnsafeMutableBufferPointer { Self.select($0, reaching: goal) }
    list.removeSubrange(count...)
    return list[count - 1].token
  }

  /// Keeps those with at least this weight.
  mutating func keep(weightFrom least: Double) {
    list.removeAll { $0.weight < least }
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
