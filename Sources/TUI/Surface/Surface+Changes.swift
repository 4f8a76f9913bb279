extension Surface {
  /// A stretch of a row that differs from what was shown before.
  package struct Change: Hashable, Sendable {
    package var row: Int
    /// From the first to past the last cell that differs, widened to whole glyphs of both.
    package var columns: Range<Int>

    package init(row: Int, columns: Range<Int>) {
      self.row = row
      self.columns = columns
    }
  }

  /// The stretches to draw again when this surface follows another, at most one a row.
  ///
  /// Without a surface before, or with one of another size, that is every row.
  package func changes(since before: Surface?) -> [Change] {
    guard let before, before.size == size else {
      return size.columns == 0
        ? [] : (0..<size.rows).map { Change(row: $0, columns: 0..<size.columns) }
    }
    var changes: [Change] = []
    cells.withUnsafeBufferPointer { new in
      before.cells.withUnsafeBufferPointer { old in
        for row in 0..<size.rows {
          let start = row * size.columns
          let end = start + size.columns
          var first = start
          while first < end && new[first] == old[first] { first += 1 }
          if first == end { continue }
          var last = end - 1
          while last > first && new[last] == old[last] { last -= 1 }
          while first > start && (new[first].isContinuation || old[first].isContinuation) {
            first -= 1
          }
          while last + 1 < end && (new[last + 1].isContinuation || old[last + 1].isContinuation) {
            last += 1
          }
          changes.append(Change(row: row, columns: first - start..<last + 1 - start))
        }
      }
    }
    return changes
  }
}
