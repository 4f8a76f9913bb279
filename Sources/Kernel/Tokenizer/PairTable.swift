/// A merge of two neighbouring tokens into one.
struct Merge {
  var left: TokenID
  var right: TokenID
  var result: TokenID
}

/// Finds the merge of two neighbouring tokens: an open-addressing hash from a pair of ids to
/// the merge's rank and the token it makes.
struct PairTable: Sendable {
  /// The best first: a merge's index is its rank.
  private let merges: [Merge]
  /// Low half: the rank plus one, 0 for a free slot. High half: bits of the hash.
  private var slots: [UInt64]
  private let seed: UInt64

  /// A table of merges, the best first. Of merges of the same pair the first counts.
  init(_ merges: [Merge]) {
    var slotCount = 16
    while slotCount < merges.count * 2 { slotCount *= 2 }
    var slots = [UInt64](repeating: 0, count: slotCount)
    let seed = SpanHash.seed
    slots.withUnsafeMutableBufferPointer { slots in
      for (rank, merge) in merges.enumerated() {
        let hash = Self.hash(merge.left, merge.right, seed: seed)
        var slot = Int(truncatingIfNeeded: hash) & (slotCount - 1)
        while slots[slot] != 0 {
          if slots[slot] >> 32 == hash >> 32 {
            let other = merges[Int(slots[slot] & 0xFFFF_FFFF) - 1]
            if other.left == merge.left && other.right == merge.right { break }
          }
          slot = (slot + 1) & (slotCount - 1)
        }
        if slots[slot] == 0 { slots[slot] = (hash >> 32) << 32 | UInt64(rank + 1) }
      }
    }
    self.merges = merges
    self.slots = slots
    self.seed = seed
  }

  @inline(__always)
  private static func hash(_ left: TokenID, _ right: TokenID, seed: UInt64) -> UInt64 {
    let pair = UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    return SpanHash.mix(pair ^ seed)
  }

  /// Lends the table for look-ups in a loop.
  func withView<Result>(_ body: (View) -> Result) -> Result {
    slots.withUnsafeBufferPointer { slots in
      merges.withUnsafeBufferPointer { merges in
        body(View(slots: slots, merges: merges, mask: slots.count - 1, seed: seed))
      }
    }
  }

  /// The table's memory, valid while `withView` runs.
  struct View: MergeRule {
    fileprivate let slots: UnsafeBufferPointer<UInt64>
    fileprivate let merges: UnsafeBufferPointer<Merge>
    fileprivate let mask: Int
    fileprivate let seed: UInt64

    @inline(__always)
    func candidate(_ left: MergeSymbol, _ right: MergeSymbol) -> MergeCandidate {
      let hash = PairTable.hash(left.id, right.id, seed: seed)
      var slot = Int(truncatingIfNeeded: hash) & mask
      while true {
        let entry = slots[slot]
        if entry == 0 { return .none }
        if entry >> 32 == hash >> 32 {
          let rank = Int(truncatingIfNeeded: entry & 0xFFFF_FFFF) &- 1
          let merge = merges[rank]
          if merge.left == left.id && merge.right == right.id {
            return MergeCandidate(
              priority: UInt32(truncatingIfNeeded: rank), id: merge.result)
          }
        }
        slot = (slot &+ 1) & mask
      }
    }
  }
}
