/// A conversation that scrolls: entries with labels, wrapped by words, the newest at the end.
///
/// While the end is in view it stays in view. Scrolled up, the view stays where the reader is,
/// whatever is added. Only entries near the view are laid out, so 10,000 of them cost no more
/// than ten; adding to the last entry wraps its last line again, not the text before it.
///
/// Say `resize(to:)` with the size it will be drawn at before drawing; everything else keeps
/// the layout right by itself, and drawing changes nothing.
package struct ConversationView: Hashable, Sendable {
  /// The first row in view: an entry and one of its rows.
  struct Place: Hashable, Comparable, Sendable {
    var entry: Int
    var row: Int

    static func < (left: Place, right: Place) -> Bool {
      (left.entry, left.row) < (right.entry, right.row)
    }
  }

  package private(set) var entries: [ConversationEntry] = []
  package private(set) var size = Size(columns: 0, rows: 0)
  /// Whether the end is in view and new text will be followed.
  package internal(set) var isAtEnd = true
  /// The entry with the focus, by its place in `entries`; copying and the like act on it.
  package internal(set) var focus: Int?

  var layouts: [TextLayout?] = []
  var top = Place(entry: 0, row: 0)
  /// Where the text ended when the reader left the end.
  var leftEnd = Place(entry: 0, row: 0)

  package init() {}

  /// The columns between the left edge and the text.
  var margin: Int { size.columns < 40 ? 1 : 2 }
  var textWidth: Int { max(1, size.columns - margin - (size.columns < 40 ? 0 : 1)) }

  /// Sets the size to draw at. The text at the top of the view stays there.
  package mutating func resize(to newSize: Size) {
    guard newSize != size else { return }
    let offset = isAtEnd ? nil : topOffset()
    let isWidthNew = newSize.columns != size.columns
    size = newSize
    if isWidthNew { layouts = Array(repeating: nil, count: entries.count) }
    if isWidthNew, let offset { restoreTop(offset) }
    if isWidthNew { leftEnd = min(leftEnd, endPlace()) }
    settle()
  }

  /// Replaces everything and shows the end.
  package mutating func setEntries(_ newEntries: [ConversationEntry]) {
    entries = newEntries
    layouts = Array(repeating: nil, count: newEntries.count)
    isAtEnd = true
    focus = nil
    settle()
  }

  /// Adds an entry after the others.
  package mutating func append(_ entry: ConversationEntry) {
    entries.append(entry)
    layouts.append(nil)
    settle()
  }

  /// Adds text to an entry, the last one unless said otherwise; for replies that stream.
  /// Costs by the text added, not by the text there.
  package mutating func appendText(_ text: String, at index: Int? = nil) {
    let index = index ?? entries.count - 1
    guard entries.indices.contains(index), !text.isEmpty else { return }
    entries[index].text += text
    if layouts[index] != nil { layouts[index]?.extend(to: entries[index].text) }
    settle()
  }

  /// Changes an entry. Its text is laid out again only if that changed.
  package mutating func update(at index: Int, _ change: (inout ConversationEntry) -> Void) {
    guard entries.indices.contains(index) else { return }
    let before = entries[index].text
    change(&entries[index])
    if entries[index].text != before { layouts[index] = nil }
    settle()
  }

  /// Changes the first entry with this id; false when there is none.
  @discardableResult
  package mutating func update(
    id: Int, _ change: (inout ConversationEntry) -> Void
  ) -> Bool {
    guard let index = entries.lastIndex(where: { $0.id == id }) else { return false }
    update(at: index, change)
    return true
  }

  /// Puts entries in the place of some, keeping the reader's place where it can.
  package mutating func replace(_ range: Range<Int>, with newEntries: [ConversationEntry]) {
    let range = range.clamped(to: 0..<entries.count)
    entries.replaceSubrange(range, with: newEntries)
    layouts.replaceSubrange(
      range, with: Array(repeating: nil, count: newEntries.count))
    let shift = newEntries.count - range.count
    if top.entry >= range.upperBound {
      top.entry += shift
      leftEnd.entry = max(0, leftEnd.entry + shift)
    }
    if let focused = focus {
      if focused >= range.upperBound {
        focus = focused + shift
      } else if focused >= range.lowerBound + newEntries.count {
        focus = nil
      }
    }
    settle()
  }

  // MARK: Rows

  /// Rows of an entry: label, text, note, and the empty one after it.
  func rowCount(_ index: Int, _ layout: TextLayout) -> Int {
    let entry = entries[index]
    if entry.kind == .separator { return 2 }
    return (entry.label.isEmpty ? 0 : 1) + layout.lineCount + (entry.note.isEmpty ? 0 : 1) + 1
  }

  /// The layout of an entry, the kept one where there is one.
  func layout(of index: Int) -> TextLayout {
    if let kept = layouts[index], kept.width == textWidth { return kept }
    return TextLayout(entries[index].text, width: textWidth)
  }

  /// Rows of an entry, laying it out and keeping that.
  mutating func rows(_ index: Int) -> Int {
    if layouts[index]?.width != textWidth {
      layouts[index] = TextLayout(entries[index].text, width: textWidth)
    }
    guard let layout = layouts[index] else { return 1 }
    return rowCount(index, layout)
  }

  private func topOffset() -> (entry: Int, row: Int, offset: Int)? {
    guard entries.indices.contains(top.entry) else { return nil }
    let entry = entries[top.entry]
    let labelRows = entry.label.isEmpty || entry.kind == .separator ? 0 : 1
    let line = top.row - labelRows
    let lines = layout(of: top.entry).lines
    guard entry.kind == .message, lines.indices.contains(line) else {
      return (top.entry, top.row, -1)
    }
    return (top.entry, top.row, lines[line].start)
  }

  private mutating func restoreTop(_ place: (entry: Int, row: Int, offset: Int)) {
    let count = rows(place.entry)
    var row = min(place.row, count - 1)
    if place.offset >= 0, let layout = layouts[place.entry] {
      row = layout.line(at: place.offset) + (entries[place.entry].label.isEmpty ? 0 : 1)
    }
    top = Place(entry: place.entry, row: row)
  }
}
