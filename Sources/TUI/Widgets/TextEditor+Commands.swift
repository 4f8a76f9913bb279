extension TextEditor {
  /// Everything that a key can do in the box. The names are for the program's key bindings.
  package enum Command: String, CaseIterable, Sendable {
    case left, right, up, down
    case wordLeft = "word-left"
    case wordRight = "word-right"
    case lineStart = "line-start"
    case lineEnd = "line-end"
    case textStart = "text-start"
    case textEnd = "text-end"
    case newline
    case submit
    case deleteLeft = "delete-left"
    case deleteRight = "delete-right"
    case killWordLeft = "kill-word-left"
    case killBigWordLeft = "kill-big-word-left"
    case killWordRight = "kill-word-right"
    case killToLineStart = "kill-to-line-start"
    case killToLineEnd = "kill-to-line-end"
    case yank
    case yankOlder = "yank-older"
    case undo, redo
    case transpose
    case expandChip = "expand-chip"
  }

  package static let standardKeymap: [Key: Command] = [
    "<Left>": .left, "<C-b>": .left, "<Right>": .right, "<C-f>": .right,
    "<Up>": .up, "<Down>": .down, "<A-b>": .wordLeft, "<C-Left>": .wordLeft,
    "<A-Left>": .wordLeft, "<A-f>": .wordRight, "<C-Right>": .wordRight,
    "<A-Right>": .wordRight, "<C-a>": .lineStart, "<Home>": .lineStart, "<C-e>": .lineEnd,
    "<End>": .lineEnd, "<A-lt>": .textStart, "<A-gt>": .textEnd, "<A-Enter>": .newline,
    "<S-Enter>": .newline, "<C-j>": .newline, "<Enter>": .submit, "<Backspace>": .deleteLeft,
    "<C-h>": .deleteLeft, "<Del>": .deleteRight, "<C-d>": .deleteRight,
    "<A-Backspace>": .killWordLeft, "<C-w>": .killBigWordLeft, "<A-d>": .killWordRight,
    "<C-Del>": .killWordRight, "<C-u>": .killToLineStart, "<C-k>": .killToLineEnd,
    "<C-y>": .yank, "<A-y>": .yankOlder, "<C-_>": .undo, "<A-_>": .redo, "<A-e>": .expandChip,
  ]

  /// Deals with a key: a command of the keymap, or text to insert.
  package mutating func handle(_ key: Key) -> Outcome {
    if let command = keymap[key] { return perform(command) }
    guard let character = key.text else { return .ignored }
    let new = TextEditor.elements(of: String(character))
    guard !new.isEmpty else { return .ignored }
    // One undo takes back a word, not a letter.
    let startsWord = !character.isWhitespace && cursor > 0 && elements[cursor - 1].isSpace
    let joinsMark = joinMark(character)
    if !joinsMark {
      replace(cursor..<cursor, with: new, joins: last == .typing && !startsWord)
    }
    last = .typing
    return .handled
  }

  /// A combining mark arrives as a key of its own, and belongs to the letter before it.
  private mutating func joinMark(_ character: Character) -> Bool {
    guard cursor > 0, let before = elements[cursor - 1].character, before != "\n" else {
      return false
    }
    let joined = String(before) + String(character)
    guard joined.count == 1, let whole = joined.first else { return false }
    replace(cursor - 1..<cursor, with: [.character(whole)])
    return true
  }

  package mutating func perform(_ command: Command) -> Outcome {
    let lastBefore = last
    last = .other
    if command != .up && command != .down { goalColumn = nil }
    switch command {
    case .left: move(to: cursor - 1)
    case .right: move(to: cursor + 1)
    case .up: return moveRows(-1)
    case .down: return moveRows(1)
    case .wordLeft: move(to: wordStart(before: cursor))
    case .wordRight: move(to: wordEnd(after: cursor))
    case .lineStart: move(to: lineStart(cursor))
    case .lineEnd: move(to: lineEnd(cursor))
    case .textStart: move(to: 0)
    case .textEnd: move(to: elements.count)
    case .newline: replace(cursor..<cursor, with: [.newline])
    case .submit: return .submit
    case .deleteLeft:
      if cursor > 0 { replace(cursor - 1..<cursor, with: []) }
    case .deleteRight:
      // Control-D in an empty box is the program's: it quits.
      if isEmpty { return .ignored }
      if cursor < elements.count { deleteForward(cursor..<cursor + 1) }
    case .killWordLeft: kill(wordStart(before: cursor)..<cursor, after: lastBefore, leftward: true)
    case .killBigWordLeft:
      kill(bigWordStart(before: cursor)..<cursor, after: lastBefore, leftward: true)
    case .killWordRight: kill(cursor..<wordEnd(after: cursor), after: lastBefore, leftward: false)
    case .killToLineStart:
      kill(lineStart(cursor)..<cursor, after: lastBefore, leftward: true)
    case .killToLineEnd:
      let end = lineEnd(cursor)
      let stop = end == cursor ? min(cursor + 1, elements.count) : end
      kill(cursor..<stop, after: lastBefore, leftward: false)
    case .yank: yank()
    case .yankOlder: yankOlder(lastBefore)
    case .undo: undo()
    case .redo: redo()
    case .transpose: transpose()
    case .expandChip: return expandChip() ? .handled : .ignored
    }
    return .handled
  }

  // MARK: Moving

  mutating func move(to place: Int) {
    cursor = min(max(0, place), elements.count)
    settle()
  }

  private mutating func moveRows(_ step: Int) -> Outcome {
    let row = self.row(of: cursor)
    guard rows.indices.contains(row + step) else { return step < 0 ? .atFirstRow : .atLastRow }
    let goal = goalColumn ?? column(of: cursor)
    cursor = place(row: row + step, column: goal)
    goalColumn = goal
    settle()
    return .handled
  }

  private func lineStart(_ place: Int) -> Int {
    var place = place
    while place > 0, elements[place - 1] != .newline { place -= 1 }
    return place
  }

  private func lineEnd(_ place: Int) -> Int {
    var place = place
    while place < elements.count, elements[place] != .newline { place += 1 }
    return place
  }

  private func wordStart(before place: Int) -> Int {
    var place = place
    while place > 0, !elements[place - 1].isWordPart { place -= 1 }
    if place > 0, elements[place - 1].character == nil { return place - 1 }
    while place > 0, elements[place - 1].isWordPart, elements[place - 1].character != nil {
      place -= 1
    }
    return place
  }

  private func bigWordStart(before place: Int) -> Int {
    var place = place
    while place > 0, elements[place - 1].isSpace { place -= 1 }
    while place > 0, !elements[place - 1].isSpace { place -= 1 }
    return place
  }

  private func wordEnd(after place: Int) -> Int {
    var place = place
    while place < elements.count, !elements[place].isWordPart { place += 1 }
    if place < elements.count, elements[place].character == nil { return place + 1 }
    while place < elements.count, elements[place].isWordPart, elements[place].character != nil {
      place += 1
    }
    return place
  }

  // MARK: Killing and yanking

  private mutating func deleteForward(_ range: Range<Int>) {
    let place = cursor
    replace(range, with: [])
    move(to: min(place, range.lowerBound))
  }

  private mutating func kill(_ range: Range<Int>, after lastBefore: Last, leftward: Bool) {
    guard !range.isEmpty else { return }
    let killed = Array(elements[range])
    if lastBefore == .killing, let newest = kills.last {
      kills[kills.count - 1] = leftward ? killed + newest : newest + killed
    } else {
      kills.append(killed)
      if kills.count > 32 { kills.removeFirst() }
    }
    replace(range, with: [])
    last = .killing
  }

  private mutating func yank() {
    guard let newest = kills.last else { return }
    let start = cursor
    replace(start..<start, with: newest)
    last = .yanking(start..<cursor, kills.count - 1)
  }

  private mutating func yankOlder(_ lastBefore: Last) {
    guard case .yanking(let range, let number) = lastBefore, !kills.isEmpty else { return }
    let older = (number + kills.count - 1) % kills.count
    replace(range, with: kills[older])
    last = .yanking(range.lowerBound..<cursor, older)
  }

  private mutating func transpose() {
    guard cursor > 0, elements.count > 1 else { return }
    let place = min(cursor, elements.count - 1)
    replace(place - 1..<place + 1, with: [elements[place], elements[place - 1]])
  }

  // MARK: Undoing

  private mutating func undo() {
    guard let edit = done.popLast() else { return }
    elements.replaceSubrange(
      edit.start..<edit.start + edit.inserted.count, with: edit.removed)
    undone.append(edit)
    move(to: edit.cursorBefore)
  }

  private mutating func redo() {
    guard let edit = undone.popLast() else { return }
    elements.replaceSubrange(edit.start..<edit.start + edit.removed.count, with: edit.inserted)
    done.append(edit)
    move(to: edit.start + edit.inserted.count)
  }
}
