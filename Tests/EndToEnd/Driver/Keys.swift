/// Keys as people write them: text, and names in angle brackets.
enum Keys {
  /// One call of `tmux send-keys`.
  enum Press: Equatable {
    case text(String)
    case named(String)
  }

  private static let names = [
    "Esc": "Escape", "S-Tab": "BTab", "PageUp": "PPage", "PageDown": "NPage",
    "Backspace": "BSpace", "Del": "DC", "Ins": "IC",
  ]

  /// Reads `hello<Enter><C-r><M-b>`; `<lt>` is a plain `<`.
  static func parse(_ notation: String) -> [Press] {
    var presses: [Press] = []
    var text = ""
    func flush() {
      if !text.isEmpty { presses.append(.text(text)) }
      text = ""
    }
    var rest = notation[...]
    while let character = rest.first {
      if character == "<", let close = rest.firstIndex(of: ">") {
        let name = String(rest[rest.index(after: rest.startIndex)..<close])
        if name == "lt" {
          text += "<"
        } else {
          flush()
          presses.append(.named(names[name] ?? name))
        }
        rest = rest[rest.index(after: close)...]
      } else {
        text.append(character)
        rest = rest.dropFirst()
      }
    }
    flush()
    return presses
  }
}
