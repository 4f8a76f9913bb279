/// Finds a piece by its bytes: an open-addressing hash over a `PieceList`, with no string and
/// no allocation for each piece.
///
/// The hash is seeded anew in each process: a vocabulary cannot be made to collide on purpose.
struct SpanTable: Sendable {
  /// Low half: the id plus one, 0 for a free slot. High half: bits of the hash, which spare
  /// nearly every comparison of bytes with a piece that is another one.
  private var slots: [UInt64]
  private let keys: PieceList
  private let seed: UInt64
  private(set) var longestByteCount = 0
  /// Whether the table holds every piece that is not empty, and no two are equal: then any
  /// piece with the right bytes is the one.
  private var isComplete = false

  /// A table over `keys` that holds none of them yet, sized for `capacity` of them.
  init(keys: PieceList, capacity: Int) {
    var slotCount = 16
    while slotCount < capacity * 2 { slotCount *= 2 }
    slots = [UInt64](repeating: 0, count: slotCount)
    self.keys = keys
    seed = SpanHash.seed
  }

  /// Adds the pieces with these ids that are not empty. Of equal pieces the last wins. To be
  /// called once.
  mutating func insert(_ ids: some Sequence<Int>) {
    let mask = slots.count - 1
    keys.bytes.withUnsafeBufferPointer { bytes in
      keys.offsets.withUnsafeBufferPointer { offsets in
        slots.withUnsafeMutableBufferPointer { slots in
          guard let base = bytes.baseAddress else { return }
          var insertedCount = 0
          for id in ids where offsets[id + 1] > offsets[id] {
            let start = base + Int(offsets[id])
            let length = Int(offsets[id + 1] - offsets[id])
            let hash = SpanHash.hash(start, length, seed: seed)
            var slot = Int(truncatingIfNeeded: hash) & mask
            while slots[slot] != 0 {
              if slots[slot] >> 32 == hash >> 32 {
                let other = Int(slots[slot] & 0xFFFF_FFFF) - 1
                if Int(offsets[other + 1] - offsets[other]) == length
                  && SpanHash.equal(base + Int(offsets[other]), start, length)
                {
                  break
                }
              }
              slot = (slot + 1) & mask
            }
            if slots[slot] == 0 { insertedCount += 1 }
            slots[slot] = (hash >> 32) << 32 | UInt64(id + 1)
            longestByteCount = max(longestByteCount, length)
          }
          let emptyCount = zip(offsets, offsets.dropFirst()).count { $0 == $1 }
          isComplete = insertedCount == keys.count - emptyCount
        }
      }
    }
  }

  /// Lends the table for look-ups in a loop.
  @inline(__always)
  func withView<Result>(_ body: (View) -> Result) -> Result {
    slots.withUnsafeBufferPointer { slots in
      keys.bytes.withUnsafeBufferPointer { bytes in
        keys.offsets.withUnsafeBufferPointer { offsets in
          // A table of no pieces has no bytes to point at, and its slots are all free.
          let anything = UnsafePointer(
            UnsafeRawPointer(slots.baseAddress!).assumingMemoryBound(to: UInt8.self))
          return body(
            View(
              slots: slots.baseAddress!, mask: slots.count - 1,
              bytes: bytes.baseAddress ?? anything, offsets: offsets.baseAddress!,
              longestByteCount: longestByteCount, seed: seed, isComplete: isComplete,
              keyCount: keys.count))
        }
      }
    }
  }

  /// The table's memory, valid while `withView` runs.
  struct View {
    fileprivate let slots: UnsafePointer<UInt64>
    fileprivate let mask: Int
    fileprivate let bytes: UnsafePointer<UInt8>
    fileprivate let offsets: UnsafePointer<Int32>
    let longestByteCount: Int
    fileprivate let seed: UInt64
    fileprivate let isComplete: Bool
    fileprivate let keyCount: Int

    /// The id of the piece with these bytes, or -1, trying one piece before the table.
    @inline(__always)
    func find(_ start: UnsafePointer<UInt8>, _ length: Int, guess: TokenID) -> TokenID {
      let id = Int(guess)
      if isComplete, length > 0, id < keyCount {
        let offset = Int(offsets[id])
        if Int(offsets[id + 1]) - offset == length
          && SpanHash.equal(bytes + offset, start, length)
        {
          return guess
        }
      }
      return find(start, length)
    }

    /// The id of the piece with these bytes, or -1. Constant time but for the length.
    @inline(__always)
    func find(_ start: UnsafePointer<UInt8>, _ length: Int) -> TokenID {
      guard length <= longestByteCount, length > 0 else { return -1 }
      let hash = SpanHash.hash(start, length, seed: seed)
      var slot = Int(truncatingIfNeeded: hash) & mask
      while true {
        let entry = slots[slot]
        if entry == 0 { return -1 }
        if entry >> 32 == hash >> 32 {
          let id = Int(entry & 0xFFFF_FFFF) - 1
          let offset = Int(offsets[id])
          if Int(offsets[id + 1]) - offset == length
            && SpanHash.equal(bytes + offset, start, length)
          {
            return TokenID(truncatingIfNeeded: id)
          }
        }
        slot = (slot + 1) & mask
      }
    }
  }
}

/// A multiply-and-fold hash: each eight bytes are mixed by a 64 × 64 → 128 bit product.
enum SpanHash {
  /// One secret for the process.
  static let seed = UInt64.random(in: .min ... .max)

  private static let multiplier: UInt64 = 0x9E37_79B9_7F4A_7C15

  @inline(__always)
  static func mix(_ value: UInt64) -> UInt64 {
    let product = value.multipliedFullWidth(by: multiplier)
    return product.high ^ product.low
  }

  @inline(__always)
  static func hash(_ start: UnsafePointer<UInt8>, _ length: Int, seed: UInt64) -> UInt64 {
    let raw = UnsafeRawPointer(start)
    var hash = seed ^ (UInt64(truncatingIfNeeded: length) &* 0xD6E8_FEB8_6659_FD93)
    var offset = 0
    while offset &+ 8 <= length {
      hash = mix(hash ^ raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
      offset &+= 8
    }
    let rest = length &- offset
    var tail: UInt64 = 0
    if rest >= 4 {
      tail =
        UInt64(raw.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
        | UInt64(raw.loadUnaligned(fromByteOffset: length &- 4, as: UInt32.self)) << 32
    } else if rest > 0 {
      tail =
        UInt64(start[offset]) | UInt64(start[offset &+ rest / 2]) << 8
        | UInt64(start[length &- 1]) << 16
    }
    return mix(mix(hash ^ tail) ^ seed)
  }

  @inline(__always)
  static func equal(_ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>, _ length: Int) -> Bool {
    var index = 0
    while index &+ 8 <= length {
      let left = UnsafeRawPointer(a).loadUnaligned(fromByteOffset: index, as: UInt64.self)
      let right = UnsafeRawPointer(b).loadUnaligned(fromByteOffset: index, as: UInt64.self)
      if left != right { return false }
      index &+= 8
    }
    while index < length {
      if a[index] != b[index] { return false }
      index &+= 1
    }
    return true
  }
}
