/// What was sent before, to be had again with Up. Where it is kept is the program's affair.
package struct InputHistory: Hashable, Sendable {
  /// Oldest first.
  package private(set) var entries: [String]
  package let limit: Int
  private var place: Int?
  private var draft = ""

  package init(entries: [String] = [], limit: Int = 1000) {
    self.limit = max(1, limit)
    self.entries = entries.suffix(self.limit)
  }

  /// Adds a text, unless it is empty or the same as the newest. Ends going through.
  package mutating func add(_ text: String) {
    stop()
    guard !text.isEmpty, text != entries.last else { return }
    entries.append(text)
    if entries.count > limit { entries.removeFirst(entries.count - limit) }
  }

  /// The text before the one shown; nil at the oldest. The present text is kept to come back to.
  package mutating func previous(from present: String) -> String? {
    let next = (place ?? entries.count) - 1
    guard entries.indices.contains(next) else { return nil }
    if place == nil { draft = present }
    place = next
    return entries[next]
  }

  /// The text after the one shown, in the end the one that was begun; nil when there.
  package mutating func next() -> String? {
    guard let place else { return nil }
    if entries.indices.contains(place + 1) {
      self.place = place + 1
      return entries[place + 1]
    }
    let begun = draft
    stop()
    return begun
  }

  /// Ends going through; the next `previous` starts at the newest.
  package mutating func stop() {
    place = nil
    draft = ""
  }

  /// The newest entry that contains a text, from the one at `before` (exclusive) back.
  package func search(_ text: String, before: Int? = nil) -> Int? {
    guard !text.isEmpty else { return nil }
    return entries.prefix(before ?? entries.count).lastIndex { $0.contains(text) }
  }

  /// An entry as one line of a file: line feeds and backslashes escaped.
  package static func line(for entry: String) -> String {
    var line = ""
    for scalar in entry.unicodeScalars {
      switch scalar {
      case "\\": line += "\\\\"
      case "\n": line += "\\n"
      case "\r": line += "\\r"
      default: line.unicodeScalars.append(scalar)
      }
    }
    return line
  }

  /// The entry that a line of a file stands for.
  package static func entry(from line: some StringProtocol) -> String {
    var entry = String.UnicodeScalarView()
    var isEscaped = false
    for scalar in line.unicodeScalars {
      if isEscaped {
        entry.append(scalar == "n" ? "\n" : scalar == "r" ? "\r" : scalar)
        isEscaped = false
      } else if scalar == "\\" {
        isEscaped = true
      } else {
        entry.append(scalar)
      }
    }
    return String(entry)
  }
}
