/// Finds pieces that are matched whole in text: special tokens, or user-defined pieces.
struct MarkerTable: Sendable {
  private var table: SpanTable
  /// For each first byte, the lengths of the pieces that start with it, longest first.
  private var lengths: [[Int]]
  let isEmpty: Bool

  /// A table of the pieces that have `role` and are not empty.
  init(_ pieces: PieceList, roles: [PieceRole], role: PieceRole) {
    let ids = roles.indices.filter { roles[$0] == role }
    table = SpanTable(keys: pieces, capacity: ids.count)
    table.insert(ids)
    lengths = Array(repeating: [], count: 256)
    for id in ids {
      let piece = pieces[id]
      guard let first = piece.first else { continue }
      lengths[Int(first)].append(piece.count)
    }
    for first in 0..<256 where !lengths[first].isEmpty {
      lengths[first] = Set(lengths[first]).sorted(by: >)
    }
    isEmpty = ids.isEmpty
  }

  /// A piece found in a text.
  struct Match {
    var range: Range<Int>
    var id: TokenID
  }

  /// The leftmost match from `start` on, the longest of those that begin there.
  func firstMatch(in text: UnsafeBufferPointer<UInt8>, from start: Int) -> Match? {
    guard !isEmpty, let base = text.baseAddress else { return nil }
    return table.withView { view in
      lengths.withUnsafeBufferPointer { lengths in
        for offset in start..<text.count {
          for length in lengths[Int(text[offset])] where offset + length <= text.count {
            let id = view.find(base + offset, length)
            if id >= 0 { return Match(range: offset..<offset + length, id: id) }
          }
        }
        return nil
      }
    }
  }
}
