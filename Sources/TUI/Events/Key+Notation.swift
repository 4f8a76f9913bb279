extension Key: CustomStringConvertible, ExpressibleByStringLiteral {
  private static let names: [(String, Code)] = [
    ("Enter", .enter), ("Tab", .tab), ("Backspace", .backspace), ("Del", .delete),
    ("Ins", .insert), ("Esc", .escape), ("Up", .up), ("Down", .down), ("Left", .left),
    ("Right", .right), ("Home", .home), ("End", .end), ("PageUp", .pageUp),
    ("PageDown", .pageDown), ("Space", .character(" ")), ("lt", .character("<")),
    ("gt", .character(">")),
  ]

  private static let synonyms: [String: Code] = [
    "return": .enter, "cr": .enter, "delete": .delete, "insert": .insert, "escape": .escape,
    "pgup": .pageUp, "pgdn": .pageDown, "bs": .backspace, "minus": .character("-"),
  ]

  /// The key in notation: `a`, `<Enter>`, `<C-a>`, `<A-Enter>`, `<C-Left>`, `<F1>`, `<lt>`.
  package var description: String {
    var prefix = ""
    if modifiers.contains(.control) { prefix += "C-" }
    if modifiers.contains(.alt) { prefix += "A-" }
    if modifiers.contains(.shift) { prefix += "S-" }
    if case .function(let number) = code { return "<\(prefix)F\(number)>" }
    if let (name, _) = Key.names.first(where: { $0.1 == code }) {
      if name == "gt" && prefix.isEmpty { return ">" }
      return "<\(prefix)\(name)>"
    }
    guard case .character(let character) = code else { return "" }
    return prefix.isEmpty ? String(character) : "<\(prefix)\(character)>"
  }

  /// Reads one key. Throws `badKey` with the text as the place.
  package init(notation: String) throws(TUIError) {
    let keys = try Key.sequence(notation)
    guard keys.count == 1 else {
      throw TUIError(.badKey, at: notation, "\(keys.count) keys where one is expected")
    }
    self = keys[0]
  }

  /// A key in notation written in the source. Stops the program if it cannot be read.
  package init(stringLiteral value: String) {
    do {
      try self.init(notation: value)
    } catch {
      preconditionFailure("no key: \(value)")
    }
  }

  /// Reads keys in a row: `hi<Enter>` is three.
  package static func sequence(_ text: String) throws(TUIError) -> [Key] {
    var keys: [Key] = []
    var rest = Substring(text)
    while let first = rest.first {
      if first != "<" {
        keys.append(Key(first))
        rest.removeFirst()
        continue
      }
      guard let close = rest.dropFirst(2).firstIndex(of: ">") else {
        throw TUIError(.badKey, at: text, "a < without its >; the sign itself is <lt>")
      }
      keys.append(try named(rest[rest.index(after: rest.startIndex)..<close], in: text))
      rest = rest[rest.index(after: close)...]
    }
    return keys
  }

  private static func named(_ inner: Substring, in text: String) throws(TUIError) -> Key {
    var modifiers = Modifiers()
    var name = inner
    while name.count > 2, name.dropFirst().first == "-" {
      switch name.first {
      case "C", "c": modifiers.insert(.control)
      case "A", "a", "M", "m": modifiers.insert(.alt)
      case "S", "s": modifiers.insert(.shift)
      default: throw TUIError(.badKey, at: text, "no modifier \(name.prefix(1)); use C, A, S")
      }
      name = name.dropFirst(2)
    }
    let lower = name.lowercased()
    if let (_, code) = names.first(where: { $0.0.lowercased() == lower }) {
      return Key(code, modifiers).normalized
    }
    if let code = synonyms[lower] { return Key(code, modifiers).normalized }
    if lower.first == "f", let number = Int(lower.dropFirst()), (1...63).contains(number) {
      return Key(.function(number), modifiers)
    }
    if name.count == 1, let character = name.first {
      return Key(.character(character), modifiers).normalized
    }
    throw TUIError(.badKey, at: text, "no key named \(name)")
  }

  /// The one form that a terminal can send.
  private var normalized: Key {
    guard case .character(let character) = code else { return self }
    var key = self
    if modifiers.contains(.control), character.isASCII {
      key.code = .character(Character(character.lowercased()))
      key.modifiers.remove(.shift)
    } else if modifiers.contains(.shift) {
      key.code = .character(Character(character.uppercased()))
      key.modifiers.remove(.shift)
    }
    return key
  }
}
