import TUI

extension Key {
  /// As people write keys: `Ctrl-N`, `Alt-Up`, `F1`, `?`.
  package var readable: String {
    let notation = description
    guard notation.count > 1, notation.hasPrefix("<"), notation.hasSuffix(">") else {
      return notation
    }
    var rest = notation.dropFirst().dropLast()
    var result = ""
    for (prefix, name) in [("C-", "Ctrl-"), ("A-", "Alt-"), ("S-", "Shift-")]
    where rest.hasPrefix(prefix) {
      rest = rest.dropFirst(2)
      result += name
    }
    return result + (rest.count == 1 ? rest.uppercased() : String(rest))
  }
}
