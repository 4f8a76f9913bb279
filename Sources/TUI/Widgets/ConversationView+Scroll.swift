extension ConversationView {
  /// Moves the view by rows, down for positive counts.
  package mutating func scroll(by rowCount: Int) {
    guard !entries.isEmpty, size.rows > 0, rowCount != 0 else { return }
    leaveEnd()
    top = moved(top, by: rowCount)
    isAtEnd = false
    settle()
  }

  /// Moves by a view's height less two rows, so that the eye finds its place again.
  package mutating func scrollPages(_ count: Int) {
    scroll(by: count * max(1, size.rows - 2))
  }

  package mutating func scrollToStart() {
    guard !entries.isEmpty else { return }
    leaveEnd()
    top = Place(entry: 0, row: 0)
    isAtEnd = false
    settle()
  }

  package mutating func scrollToEnd() {
    isAtEnd = true
    settle()
  }

  /// Brings a place in an entry's text into view, a third down from the top if it was not.
  package mutating func reveal(entry index: Int, utf8Offset offset: Int = 0) {
    guard entries.indices.contains(index) else { return }
    _ = rows(index)
    let line = offset == 0 ? 0 : (layouts[index]?.line(at: offset) ?? 0)
    let row = offset == 0 ? 0 : line + (entries[index].label.isEmpty ? 0 : 1)
    let place = Place(entry: index, row: row)
    let bottom = moved(top, by: size.rows - 1)
    guard place < top || place > bottom else { return }
    leaveEnd()
    top = moved(place, by: -size.rows / 3)
    isAtEnd = false
    settle()
  }

  /// Gives the focus to the message before or after the one that has it; from none, to the
  /// last one. Brings it into view.
  package mutating func moveFocus(by step: Int) {
    let messages = entries.indices.filter { entries[$0].kind == .message }
    guard let last = messages.last else { return }
    if let focus, let place = messages.firstIndex(where: { $0 >= focus }) {
      self.focus = messages[min(max(0, place + step), messages.count - 1)]
    } else {
      focus = last
    }
    if let focus { reveal(entry: focus) }
  }

  /// Gives the focus to an entry, or takes it away.
  package mutating func setFocus(_ index: Int?) {
    focus = index.flatMap { entries.indices.contains($0) ? $0 : nil }
    if let focus { reveal(entry: focus) }
  }

  /// The entry drawn at a row of the view.
  package func entry(atRow row: Int) -> Int? {
    guard row >= 0, row < size.rows else { return nil }
    var left = row
    var place = top
    while entries.indices.contains(place.entry) {
      let count = rowCount(place.entry, layout(of: place.entry)) - place.row
      if left < count { return place.entry }
      left -= count
      place = Place(entry: place.entry + 1, row: 0)
    }
    return nil
  }

  /// Rows that were added since the reader left the end and are still below the view.
  package var newLineCount: Int {
    guard !isAtEnd, !entries.isEmpty else { return 0 }
    var place = max(leftEnd, bottom())
    var count = 0
    while entries.indices.contains(place.entry) {
      count += max(0, rowCount(place.entry, layout(of: place.entry)) - place.row)
      place = Place(entry: place.entry + 1, row: 0)
    }
    // The empty row after the last entry is nothing to read.
    return max(0, count - 1)
  }

  /// The place just below the last row in view.
  private func bottom() -> Place {
    var place = top
    var left = size.rows
    while entries.indices.contains(place.entry) {
      let count = rowCount(place.entry, layout(of: place.entry)) - place.row
      if left < count { return Place(entry: place.entry, row: place.row + left) }
      left -= count
      place = Place(entry: place.entry + 1, row: 0)
    }
    return place
  }

  private mutating func leaveEnd() {
    if isAtEnd { leftEnd = endPlace() }
  }

  /// The empty row that ends the last entry: text added later starts here.
  mutating func endPlace() -> Place {
    guard let last = entries.indices.last else { return Place(entry: 0, row: 0) }
    return Place(entry: last, row: rows(last) - 1)
  }

  /// A place so many rows away, cut to the first and the last row there is.
  mutating func moved(_ place: Place, by rowCount: Int) -> Place {
    var place = place
    place.row += rowCount
    while place.row < 0 && place.entry > 0 {
      place.entry -= 1
      place.row += rows(place.entry)
    }
    if place.row < 0 { place.row = 0 }
    while place.entry < entries.count {
      let count = rows(place.entry)
      if place.row < count { return place }
      if place.entry == entries.count - 1 {
        place.row = count - 1
        return place
      }
      place.row -= count
      place.entry += 1
    }
    return place
  }

  /// Keeps the invariants after any change: the top is a row that exists, nothing lies below
  /// the end, and all in view is laid out.
  mutating func settle() {
    guard !entries.isEmpty, size.rows > 0, size.columns > 0 else {
      top = Place(entry: 0, row: 0)
      isAtEnd = true
      return
    }
    // The last row is the empty one after the last entry; it needs not be in view.
    let lowest = moved(endPlace(), by: -size.rows)
    if isAtEnd {
      top = lowest
    } else {
      top = moved(top, by: 0)
      if top >= lowest {
        top = lowest
        isAtEnd = true
      }
    }
    var place = top
    var left = size.rows
    while left > 0, place.entry < entries.count {
      left -= rows(place.entry) - place.row
      place = Place(entry: place.entry + 1, row: 0)
    }
  }
}
