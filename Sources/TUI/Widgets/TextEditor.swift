/// A box to write in: several lines, wrapped by words, with the keys of Emacs and readline.
///
/// Text is a row of elements: graphemes, and chips that stand for a long paste or a file.
/// Say `resize` with the columns it will be drawn at; drawing changes nothing.
package struct TextEditor: Hashable, Sendable {
  /// A stretch of text shown as one sign, with a label.
  package struct Chip: Hashable, Sendable {
    package var label: String
    package var text: String

    package init(label: String, text: String) {
      self.label = label
      self.text = text
    }
  }

  package enum Element: Hashable, Sendable {
    case character(Character)
    case chip(Chip)
  }

  /// What came of a key.
  package enum Outcome: Hashable, Sendable {
    case handled
    /// The key means nothing to an editor; the program may use it.
    case ignored
    /// Enter: the program decides what to do with the text.
    case submit
    /// Up on the first row, or down on the last: the program may go through the history.
    case atFirstRow, atLastRow
  }

  /// Elements in order; places between them are numbered from 0.
  package internal(set) var elements: [Element] = []
  /// The place of the cursor, 0 to `elements.count`.
  package internal(set) var cursor = 0
  package private(set) var columns = 80
  /// The most rows it may take.
  package private(set) var maximumRows = 8
  /// Which key does what; replace it to rebind.
  package var keymap = TextEditor.standardKeymap

  var rows: [Row] = [Row(start: 0, end: 0, next: 0)]
  var firstRow = 0
  /// The column that moving up and down tries to keep.
  var goalColumn: Int?
  var undone: [Edit] = []
  var done: [Edit] = []
  var kills: [[Element]] = []
  /// What the last command was, where the next one depends on it.
  var last = Last.other

  enum Last: Hashable, Sendable {
    case other, typing, killing
    /// A yank of the ring's entry into this range.
    case yanking(Range<Int>, Int)
  }

  struct Edit: Hashable, Sendable {
    var start: Int
    var removed: [Element]
    var inserted: [Element]
    var cursorBefore: Int
  }

  package init(_ text: String = "") {
    elements = TextEditor.elements(of: text)
    cursor = elements.count
    settle()
  }

  // MARK: Content

  /// The whole text, chips expanded.
  package var text: String {
    var text = ""
    for element in elements {
      switch element {
      case .character(let character): text.append(character)
      case .chip(let chip): text += chip.text
      }
    }
    return text
  }

  package var isEmpty: Bool { elements.isEmpty }

  /// What stands before the cursor on its line, chips left out; for completion.
  package var lineBeforeCursor: String {
    var start = cursor
    while start > 0, elements[start - 1] != .newline { start -= 1 }
    return String(elements[start..<cursor].compactMap(\.character))
  }

  /// Replaces the text and puts the cursor at its end. Can be undone.
  package mutating func setText(_ text: String) {
    replace(0..<elements.count, with: TextEditor.elements(of: text))
    last = .other
  }

  /// Empties the box for the next text; undo does not reach back over this.
  package mutating func reset() {
    (elements, cursor, done, undone, last) = ([], 0, [], [], .other)
    settle()
  }

  /// Inserts text at the cursor, control characters left out.
  package mutating func insert(_ text: String) {
    replace(cursor..<cursor, with: TextEditor.elements(of: text))
    last = .other
  }

  /// Inserts a chip at the cursor.
  package mutating func insert(_ chip: Chip) {
    replace(cursor..<cursor, with: [.chip(chip)])
    last = .other
  }

  /// Puts text in the place of so many elements before the cursor; for completion.
  package mutating func replace(beforeCursor count: Int, with text: String) {
    replace(max(0, cursor - count)..<cursor, with: TextEditor.elements(of: text))
    last = .other
  }

  // MARK: Pastes

  /// Whether a paste is long enough to be shown as a chip: over 8 lines or 1,000 characters.
  package static func isBigPaste(_ text: String) -> Bool {
    lineCount(of: text) > 8 || text.utf8.count > 1000 && text.count > 1000
  }

  /// Lines of a text; a line feed at its end starts no other.
  package static func lineCount(of text: String) -> Int {
    let feeds = text.utf8.reduce(into: 0) { count, byte in count += byte == 0x0A ? 1 : 0 }
    return text.utf8.last == 0x0A ? feeds : feeds + 1
  }

  /// Inserts a paste, a big one as a chip with the label made from its text.
  package mutating func paste(_ text: String, label: (String) -> String) {
    let clean = String(TextEditor.elements(of: text).compactMap(\.character))
    if TextEditor.isBigPaste(clean) {
      insert(Chip(label: label(clean), text: clean))
    } else {
      insert(clean)
    }
  }

  /// Puts its text in the place of the chip under or before the cursor. False when there is
  /// none.
  package mutating func expandChip() -> Bool {
    for place in [cursor, cursor - 1] where elements.indices.contains(place) {
      if case .chip(let chip) = elements[place] {
        replace(place..<place + 1, with: TextEditor.elements(of: chip.text))
        last = .other
        return true
      }
    }
    return false
  }

  // MARK: Size

  /// Rows the text wants, at least 1 and at most `maximumRows`.
  package var rowCount: Int { min(max(1, rows.count), max(1, maximumRows)) }

  /// Sets the columns and the most rows it will be drawn at.
  package mutating func resize(columns newColumns: Int, maximumRows newRows: Int) {
    guard newColumns != columns || newRows != maximumRows else { return }
    columns = max(1, newColumns)
    maximumRows = max(1, newRows)
    settle()
  }

  // MARK: Editing

  /// Every change of the text goes through here, so that it can be undone.
  mutating func replace(_ range: Range<Int>, with new: [Element], joins: Bool = false) {
    guard !range.isEmpty || !new.isEmpty else { return }
    let edit = Edit(
      start: range.lowerBound, removed: Array(elements[range]), inserted: new,
      cursorBefore: cursor)
    elements.replaceSubrange(range, with: new)
    cursor = range.lowerBound + new.count
    undone = []
    if joins, let before = done.last, before.removed.isEmpty, edit.removed.isEmpty,
      before.start + before.inserted.count == edit.start
    {
      done[done.count - 1].inserted += new
    } else {
      done.append(edit)
      if done.count > 1000 { done.removeFirst(100) }
    }
    goalColumn = nil
    settle()
  }

  /// Lays out the rows and keeps the cursor in view.
  mutating func settle() {
    rows = TextEditor.wrap(elements, columns: columns)
    cursor = min(max(0, cursor), elements.count)
    let row = self.row(of: cursor)
    let height = rowCount
    if row < firstRow { firstRow = row }
    if row >= firstRow + height { firstRow = row - height + 1 }
    firstRow = min(firstRow, max(0, rows.count - height))
  }

  static func elements(of text: String) -> [Element] {
    text.compactMap { character in
      if character == "\r\n" || character == "\r" { return .newline }
      // An escape or any other control character has no business in what people write.
      if let scalar = character.unicodeScalars.first, character.unicodeScalars.count == 1,
        scalar.properties.generalCategory == .control, scalar != "\n", scalar != "\t"
      {
        return nil
      }
      return .character(character)
    }
  }
}

extension TextEditor.Element {
  static let newline = TextEditor.Element.character("\n")

  /// The grapheme; nil for a chip.
  package var character: Character? {
    if case .character(let character) = self { return character }
    return nil
  }

  var isSpace: Bool { character?.isWhitespace ?? false }
  var isWordPart: Bool { character.map { $0.isLetter || $0.isNumber || $0 == "_" } ?? true }
}
