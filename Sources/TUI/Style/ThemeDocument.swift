import TOMLKit

/// A theme's file as written: names of colours not yet looked up, since a theme that inherits
/// may give other colours to its parent's names.
struct ThemeDocument {
  struct Value<T> {
    var value: T
    var source: Source
  }

  /// Where something was said, for errors.
  struct Source {
    var file: String
    var line: Int?
    var key: String
  }

  enum ColorName {
    case named(String)
    case number(Int)
  }

  struct StyleValue {
    var foreground: Value<ColorName>?
    var background: Value<ColorName>?
    var attributes: Style.Attributes = []
  }

  var inherits: Value<String>?
  var appearance: Theme.Appearance?
  var palette: [String: Value<ColorName>] = [:]
  var styles: [String: StyleValue] = [:]

  /// Reads the text of a file. Throws `themeInvalid` with the line and the key.
  init(_ text: String, file: String) throws(TUIError) {
    let root: TOMLTable
    do {
      root = try TOMLTable(string: text)
    } catch let error as TOMLParseError {
      throw TUIError(
        .themeInvalid, at: file, line: error.source.begin.line, error.description)
    } catch {
      throw TUIError(.themeInvalid, at: file, "\(error)")
    }
    let reader = Reader(file: file, lines: TOMLLines(text))
    for key in root.keys.sorted() {
      guard let value = root[key] else { continue }
      switch key {
      case "inherits": inherits = try reader.string(value, [key])
      case "appearance":
        let name = try reader.string(value, [key])
        guard let known = Theme.Appearance(rawValue: name.value) else {
          throw reader.error([key], "\(name.value), expected dark, light or terminal")
        }
        appearance = known
      case "palette":
        let table = try reader.table(value, [key])
        for name in table.keys {
          if let color = table[name] { palette[name] = try reader.color(color, [key, name]) }
        }
      case "styles":
        let table = try reader.table(value, [key])
        for role in table.keys {
          if let style = table[role] { styles[role] = try reader.style(style, [key, role]) }
        }
      default:
        throw reader.error(
          [key], "no such key, expected inherits, appearance, palette or styles")
      }
    }
  }

  /// This document over the one it inherits.
  mutating func inherit(_ parent: ThemeDocument) {
    appearance = appearance ?? parent.appearance
    palette.merge(parent.palette) { own, _ in own }
    styles.merge(parent.styles) { own, _ in own }
  }

  /// Looks up every colour.
  func resolved() throws(TUIError) -> [String: Style] {
    var resolved: [String: Style] = [:]
    for (role, style) in styles {
      resolved[role] = Style(
        foreground: try style.foreground.map(color) ?? .inherit,
        background: try style.background.map(color) ?? .inherit,
        attributes: style.attributes)
    }
    return resolved
  }

  private func color(_ name: Value<ColorName>) throws(TUIError) -> Color {
    var name = name
    // A palette's colour may be another's name; a circle ends the search.
    for _ in 0..<8 {
      switch name.value {
      case .number(let number): return .indexed(UInt8(number))
      case .named(let text):
        if let next = palette[text], next.source.key != name.source.key {
          name = next
        } else if let color = Color(name: text) {
          return color
        } else {
          throw ThemeDocument.error(
            name.source, "no colour \(text): neither in the palette nor #rrggbb nor a known name")
        }
      }
    }
    throw ThemeDocument.error(name.source, "the palette's names lead in a circle")
  }

  static func error(_ source: Source, _ detail: String) -> TUIError {
    TUIError(.themeInvalid, at: source.file, line: source.line, key: source.key, detail)
  }

  private struct Reader {
    let file: String
    let lines: TOMLLines

    func source(_ path: [String]) -> Source {
      Source(file: file, line: lines.line(of: path), key: path.joined(separator: "."))
    }

    func error(_ path: [String], _ detail: String) -> TUIError {
      ThemeDocument.error(source(path), detail)
    }

    func string(_ value: any TOMLValueConvertible, _ path: [String]) throws(TUIError)
      -> Value<String>
    {
      guard let text = value.string else { throw error(path, "expected a string") }
      return Value(value: text, source: source(path))
    }

    func table(_ value: any TOMLValueConvertible, _ path: [String]) throws(TUIError) -> TOMLTable {
      guard let table = value.table else { throw error(path, "expected a table") }
      return table
    }

    func color(_ value: any TOMLValueConvertible, _ path: [String]) throws(TUIError)
      -> Value<ColorName>
    {
      if let number = value.int {
        guard (0...255).contains(number) else {
          throw error(path, "\(number), expected a palette number from 0 to 255")
        }
        return Value(value: .number(number), source: source(path))
      }
      guard let text = value.string else {
        throw error(path, "expected a colour: a name, #rrggbb, or a number from 0 to 255")
      }
      return Value(value: .named(text), source: source(path))
    }

    func style(_ value: any TOMLValueConvertible, _ path: [String]) throws(TUIError)
      -> StyleValue
    {
      guard let table = value.table else {
        return StyleValue(foreground: try color(value, path))
      }
      var style = StyleValue()
      for key in table.keys.sorted() {
        guard let part = table[key] else { continue }
        switch key {
        case "fg": style.foreground = try color(part, path + [key])
        case "bg": style.background = try color(part, path + [key])
        default:
          guard let attribute = Style.Attributes(name: key) else {
            throw error(
              path + [key], "no such key, expected fg, bg, bold, dim, italic, underline or reverse")
          }
          guard let isOn = part.bool else { throw error(path + [key], "expected true or false") }
          if isOn { style.attributes.insert(attribute) }
        }
      }
      return style
    }
  }
}

extension Style.Attributes {
  init?(name: String) {
    switch name {
    case "bold": self = .bold
    case "dim": self = .dim
    case "italic": self = .italic
    case "underline": self = .underline
    case "reverse": self = .reverse
    default: return nil
    }
  }
}

extension Color {
  private static let names = [
    "black", "red", "green", "yellow", "blue", "magenta", "cyan", "white", "bright-black",
    "bright-red", "bright-green", "bright-yellow", "bright-blue", "bright-magenta",
    "bright-cyan", "bright-white",
  ]

  /// A colour by name: `default`, `inherit`, one of the terminal's 16, `#rgb` or `#rrggbb`.
  package init?(name: String) {
    if name == "default" {
      self = .terminalDefault
    } else if name == "inherit" {
      self = .inherit
    } else if let index = Color.names.firstIndex(of: name) {
      self = .indexed(UInt8(index))
    } else if name.first == "#", name.dropFirst().allSatisfy(\.isHexDigit),
      let bits = UInt32(name.dropFirst(), radix: 16)
    {
      switch name.count {
      case 7: self = .rgb(UInt8(bits >> 16 & 255), UInt8(bits >> 8 & 255), UInt8(bits & 255))
      case 4:
        self = .rgb(
          UInt8(bits >> 8 & 15) * 17, UInt8(bits >> 4 & 15) * 17, UInt8(bits & 15) * 17)
      default: return nil
      }
    } else {
      return nil
    }
  }
}
