/// A part of a word while its neighbours are being merged.
struct MergeSymbol {
  /// Where it starts, counted from the text's start.
  var start: Int32
  /// Bytes; 0 marks a symbol that was merged into its left neighbour.
  var length: Int32
  /// The token it is, negative when that has not been looked up.
  var id: TokenID
}

/// What two neighbouring symbols would make.
struct MergeCandidate {
  /// The lowest goes first; `UInt32.max` when the two make nothing.
  var priority: UInt32
  var id: TokenID

  static let none = MergeCandidate(priority: .max, id: -1)
}

/// Says which neighbours merge, and in which order.
protocol MergeRule {
  func candidate(_ left: MergeSymbol, _ right: MergeSymbol) -> MergeCandidate
}

/// Merges neighbours, the best candidate first and the leftmost of equals, until none is left.
///
/// Short words look for the best with a plain scan; longer ones keep the candidates in a heap,
/// so that n symbols take n log n time. Keep one for many words: its buffers are reused.
struct PairMerger {
  /// Symbols up to which scanning beats a heap (measured on English text).
  static let scanLimit = 24

  private var candidates: [MergeCandidate] = []
  private var heap = MergeHeap()
  private var links: [Links] = []

  /// The neighbours that a symbol has left, -1 for none.
  private struct Links {
    var previous: Int32
    var next: Int32
  }

  /// Replaces `symbols` with what is left after all merges.
  mutating func merge<Rule: MergeRule>(_ symbols: inout [MergeSymbol], by rule: Rule) {
    guard symbols.count > 1 else { return }
    if symbols.count <= Self.scanLimit {
      mergeByScan(&symbols, rule)
    } else {
      mergeByHeap(&symbols, rule)
    }
  }

  private mutating func mergeByScan<Rule: MergeRule>(
    _ symbols: inout [MergeSymbol], _ rule: Rule
  ) {
    if candidates.count < Self.scanLimit {
      candidates = Array(repeating: .none, count: Self.scanLimit)
    }
    var count = symbols.count
    symbols.withUnsafeMutableBufferPointer { symbols in
      candidates.withUnsafeMutableBufferPointer { candidates in
        for index in 0..<count &- 1 {
          candidates[index] = rule.candidate(symbols[index], symbols[index &+ 1])
        }
        while true {
          var best = 0
          var bestPriority = UInt32.max
          for index in 0..<count &- 1 where candidates[index].priority < bestPriority {
            bestPriority = candidates[index].priority
            best = index
          }
          guard bestPriority != .max else { return }
          symbols[best].length &+= symbols[best &+ 1].length
          symbols[best].id = candidates[best].id
          count &-= 1
          for index in best &+ 1..<max(count, best &+ 1) {
            symbols[index] = symbols[index &+ 1]
            candidates[index] = candidates[index &+ 1]
          }
          if best > 0 {
            candidates[best &- 1] = rule.candidate(symbols[best &- 1], symbols[best])
          }
          if best &+ 1 < count {
            candidates[best] = rule.candidate(symbols[best], symbols[best &+ 1])
          }
        }
      }
    }
    symbols.removeLast(symbols.count - count)
  }

  private mutating func mergeByHeap<Rule: MergeRule>(
    _ symbols: inout [MergeSymbol], _ rule: Rule
  ) {
    let count = symbols.count
    links.removeAll(keepingCapacity: true)
    for index in 0..<count {
      links.append(
        Links(previous: Int32(index) - 1, next: index + 1 < count ? Int32(index) + 1 : -1))
    }
    symbols.withUnsafeMutableBufferPointer { symbols in
      links.withUnsafeMutableBufferPointer { links in
        for left in 0..<count - 1 {
          if let entry = Self.entry(left, left + 1, symbols, rule) { heap.appendUnordered(entry) }
        }
        heap.order()
        while let top = heap.popFirst() {
          let left = top.left
          let right = Int(links[left].next)
          // Symbols only grow and boundaries only vanish: neighbours that reach as far as the
          // entry's did are the ones it was made for.
          guard symbols[left].length > 0, right >= 0,
            symbols[left].length &+ symbols[right].length == top.length
          else { continue }
          symbols[left].length = top.length
          symbols[left].id = top.id
          symbols[right].length = 0
          let after = links[right].next
          links[left].next = after
          if after >= 0 {
            links[Int(after)].previous = Int32(truncatingIfNeeded: left)
            if let entry = Self.entry(left, Int(after), symbols, rule) { heap.push(entry) }
          }
          let before = Int(links[left].previous)
          if before >= 0, let entry = Self.entry(before, left, symbols, rule) {
            heap.push(entry)
          }
        }
      }
    }
    symbols.removeAll { $0.length == 0 }
  }

  @inline(__always)
  private static func entry<Rule: MergeRule>(
    _ left: Int, _ right: Int, _ symbols: UnsafeMutableBufferPointer<MergeSymbol>, _ rule: Rule
  ) -> MergeHeap.Entry? {
    let candidate = rule.candidate(symbols[left], symbols[right])
    guard candidate.priority != .max else { return nil }
    return MergeHeap.Entry(
      candidate, left: left, length: symbols[left].length &+ symbols[right].length)
  }
}
