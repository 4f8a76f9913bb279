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
  private var heap: [HeapEntry] = []
  private var links: [Links] = []

  private struct Links {
    var previous: Int32
    var next: Int32
  }

  private struct HeapEntry {
    /// The priority in the high half, the left symbol in the low half: ties go left.
    var key: UInt64
    var right: Int32
    /// Bytes of the two together when the entry was made. When they have another sum now, one
    /// has grown since and the entry is stale.
    var length: Int32
    var id: TokenID
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
    heap.removeAll(keepingCapacity: true)
    for index in 0..<count {
      links.append(
        Links(
          previous: Int32(index) - 1, next: index + 1 < count ? Int32(index) + 1 : -1))
      if index + 1 < count { offer(Int32(index), Int32(index) + 1, symbols, rule, sifting: false) }
    }
    for index in stride(from: heap.count / 2 - 1, through: 0, by: -1) { siftDown(index) }

    while let top = heap.first {
      removeTop()
      let left = Int(top.key & 0xFFFF_FFFF)
      let right = Int(top.right)
      // A symbol that is gone has length 0, and two that are both there are still neighbours.
      guard symbols[left].length > 0, symbols[right].length > 0,
        symbols[left].length &+ symbols[right].length == top.length
      else { continue }
      symbols[left].length = top.length
      symbols[left].id = top.id
      symbols[right].length = 0
      let after = links[right].next
      links[left].next = after
      if after >= 0 {
        links[Int(after)].previous = Int32(left)
        offer(Int32(left), after, symbols, rule, sifting: true)
      }
      let before = links[left].previous
      if before >= 0 { offer(before, Int32(left), symbols, rule, sifting: true) }
    }
    symbols.removeAll { $0.length == 0 }
  }

  @inline(__always)
  private mutating func offer<Rule: MergeRule>(
    _ left: Int32, _ right: Int32, _ symbols: [MergeSymbol], _ rule: Rule, sifting: Bool
  ) {
    let (leftSymbol, rightSymbol) = (symbols[Int(left)], symbols[Int(right)])
    let candidate = rule.candidate(leftSymbol, rightSymbol)
    guard candidate.priority != .max else { return }
    heap.append(
      HeapEntry(
        key: UInt64(candidate.priority) << 32 | UInt64(UInt32(bitPattern: left)), right: right,
        length: leftSymbol.length &+ rightSymbol.length, id: candidate.id))
    if sifting { siftUp(heap.count - 1) }
  }

  private mutating func removeTop() {
    let last = heap.removeLast()
    guard !heap.isEmpty else { return }
    heap[0] = last
    siftDown(0)
  }

  private mutating func siftUp(_ start: Int) {
    heap.withUnsafeMutableBufferPointer { heap in
      let entry = heap[start]
      var index = start
      while index > 0 {
        let parent = (index &- 1) / 2
        if heap[parent].key <= entry.key { break }
        heap[index] = heap[parent]
        index = parent
      }
      heap[index] = entry
    }
  }

  private mutating func siftDown(_ start: Int) {
    heap.withUnsafeMutableBufferPointer { heap in
      let entry = heap[start]
      var index = start
      while true {
        var child = 2 &* index &+ 1
        if child >= heap.count { break }
        if child &+ 1 < heap.count && heap[child &+ 1].key < heap[child].key { child &+= 1 }
        if entry.key <= heap[child].key { break }
        heap[index] = heap[child]
        index = child
      }
      heap[index] = entry
    }
  }
}
