/// Merge candidates of a long word, the best on top.
///
/// Four children a node: four entries are one cache line.
struct MergeHeap {
  struct Entry {
    /// The priority in the high half, the left symbol in the low half: ties go left.
    fileprivate var key: UInt64
    /// Bytes of the two symbols together when the entry was made. When they have another sum by
    /// now, one has grown and the entry is stale.
    var length: Int32
    var id: TokenID

    @inline(__always)
    init(_ candidate: MergeCandidate, left: Int, length: Int32) {
      key = UInt64(candidate.priority) << 32 | UInt64(UInt32(truncatingIfNeeded: left))
      self.length = length
      id = candidate.id
    }

    /// The left symbol's index.
    @inline(__always) var left: Int { Int(truncatingIfNeeded: key & 0xFFFF_FFFF) }
  }

  private var entries: [Entry] = []

  /// Adds an entry without keeping the order: `order()` must follow.
  mutating func appendUnordered(_ entry: Entry) { entries.append(entry) }

  /// Restores the order, in linear time.
  mutating func order() {
    guard entries.count > 1 else { return }
    entries.withUnsafeMutableBufferPointer { entries in
      for index in stride(from: (entries.count - 2) / 4, through: 0, by: -1) {
        Self.siftDown(entries, from: index, entries[index])
      }
    }
  }

  mutating func push(_ entry: Entry) {
    entries.append(entry)
    entries.withUnsafeMutableBufferPointer { entries in
      var index = entries.count &- 1
      while index > 0 {
        let parent = (index &- 1) / 4
        if entries[parent].key <= entry.key { break }
        entries[index] = entries[parent]
        index = parent
      }
      entries[index] = entry
    }
  }

  mutating func popFirst() -> Entry? {
    guard let last = entries.popLast() else { return nil }
    guard !entries.isEmpty else { return last }
    return entries.withUnsafeMutableBufferPointer { entries in
      let first = entries[0]
      Self.siftDown(entries, from: 0, last)
      return first
    }
  }

  @inline(__always)
  private static func siftDown(
    _ entries: UnsafeMutableBufferPointer<Entry>, from start: Int, _ entry: Entry
  ) {
    var index = start
    while true {
      let firstChild = 4 &* index &+ 1
      guard firstChild < entries.count else { break }
      var child = firstChild
      var childKey = entries[firstChild].key
      for other in firstChild &+ 1..<max(min(firstChild &+ 4, entries.count), firstChild &+ 1) {
        let key = entries[other].key
        if key < childKey {
          child = other
          childKey = key
        }
      }
      if entry.key <= childKey { break }
      entries[index] = entries[child]
      index = child
    }
    entries[index] = entry
  }
}
