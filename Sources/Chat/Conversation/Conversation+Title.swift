extension Conversation {
  /// The user's title, or one made of the first question; empty while there is neither.
  package var title: String {
    if let customTitle, !customTitle.isEmpty { return customTitle }
    let question = messages.first { $0.role == .user && !$0.isHidden }
    return question.map { Title.make(from: $0.text) } ?? ""
  }
}

/// Titles: one line without control characters.
package enum Title {
  /// Characters in an automatic title, before the ellipsis.
  package static let characterLimit = 60

  /// `text` on one line: runs of white space and control characters become one space, what
  /// would reorder or hide text is left out.
  package static func clean(_ text: String) -> String {
    var result = ""
    var needsSpace = false
    for scalar in text.unicodeScalars {
      // Most of most texts, without a look into the Unicode tables.
      if scalar.isASCII && scalar.value > 32 && scalar.value < 127 {
        if needsSpace { result.unicodeScalars.append(" ") }
        needsSpace = false
        result.unicodeScalars.append(scalar)
        continue
      }
      switch scalar.properties.generalCategory {
      case .control, .lineSeparator, .paragraphSeparator, .spaceSeparator:
        needsSpace = !result.isEmpty
      case .format where scalar != "\u{200D}":
        // Bidirectional overrides and zero-width characters; the joiner holds emoji together.
        continue
      case .surrogate, .privateUse, .unassigned:
        continue
      default:
        if needsSpace { result.unicodeScalars.append(" ") }
        needsSpace = false
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// A title from a message: its beginning, cut at a word where there is one, with an
  /// ellipsis when there is more. Looks at the first two thousand bytes only.
  package static func make(from text: String) -> String {
    let beginning = String(decoding: text.utf8.prefix(2048), as: UTF8.self)
    let line = clean(beginning)
    guard line.count > characterLimit else { return line }
    let cut = line.prefix(characterLimit)
    if let space = cut.lastIndex(of: " "), cut.distance(from: cut.startIndex, to: space) >= 20 {
      return cut[..<space] + "…"
    }
    return cut + "…"
  }
}
