/// Finds the merge of two neighbouring tokens: an open-addressing hash from a pair of ids to
/// the merge's rank and the token it makes.
struct PairTable: Sendable {
  fileprivate struct Entry {
    /// The left id in the high half, the right one in the low half.
    var pair: UInt64
    var rank: UInt32
    var result: TokenID
  }

  /// No pair of ids, which are not negative, looks like this.
  fileprivate static let free = UInt64.max

  private var entries: [Entry]
  private let seed: UInt64

  /// An empty table sized for that many merges.
  init(capacity: Int) {
    var slotCount = 16
    while slotCount < capacity * 2 { slotCount *= 2 }
    entries = [Entry](
      repeating: Entry(pair: Self.free, rank: .max, result: -1), count: slotCount)
    seed = SpanHash.seed
  }

  /// Adds a merge unless the pair has one already: the first, of lowest rank, counts.
  mutating func insert(left: TokenID, right: TokenID, rank: UInt32, result: TokenID) {
    let pair = Self.pair(left, right)
    let mask = entries.count - 1
    var slot = Int(truncatingIfNeeded: SpanHash.mix(pair ^ seed)) & mask
    while entries[slot].pair != Self.free {
      if entries[slot].pair == pair { return }
      slot = (slot + 1) & mask
    }
    entries[slot] = Entry(pair: pair, rank: rank, result: result)
  }

  fileprivate static func pair(_ left: TokenID, _ right: TokenID) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }

  /// Lends the table for look-ups in a loop.
  func withView<Result>(_ body: (View) -> Result) -> Result {
    entries.withUnsafeBufferPointer { entries in
      body(View(entries: entries.baseAddress!, mask: entries.count - 1, seed: seed))
    }
  }

  /// The table's memory, valid while `withView` runs.
  struct View: MergeRule {
    fileprivate let entries: UnsafePointer<Entry>
    fileprivate let mask: Int
    fileprivate let seed: UInt64

    @inline(__always)
    func candidate(_ left: MergeSymbol, _ right: MergeSymbol) -> MergeCandidate {
      let pair = PairTable.pair(left.id, right.id)
      var slot = Int(truncatingIfNeeded: SpanHash.mix(pair ^ seed)) & mask
      while true {
        let entry = entries[slot]
        if entry.pair == pair { return MergeCandidate(priority: entry.rank, id: entry.result) }
        if entry.pair == PairTable.free { return .none }
        slot = (slot + 1) & mask
      }
    }
  }
}
