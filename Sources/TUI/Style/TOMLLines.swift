/// Finds the line on which a key of a TOML file stands.
///
/// TOMLKit tells the place of a syntax error, but not that of a value whose syntax is fine.
/// This follows table headers and keys line by line; values that span lines do not confuse it
/// as long as their lines do not look like keys, and the worst that comes of that is a wrong
/// number in an error.
package struct TOMLLines {
  private var lines: [[String]: Int] = [:]

  package init(_ text: String) {
    var table: [String] = []
    for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    {
      var rest = line.drop(while: \.isWhitespace)
      if rest.first == "[" {
        rest = rest.drop { $0 == "[" }
        table = TOMLLines.keyPath(&rest)
        note(table, number + 1)
      } else if rest.first != "#" {
        let path = TOMLLines.keyPath(&rest)
        guard !path.isEmpty, rest.first == "=" else { continue }
        note(table + path, number + 1)
      }
    }
  }

  private mutating func note(_ path: [String], _ number: Int) {
    for length in 1...max(1, path.count) where length <= path.count {
      let prefix = Array(path.prefix(length))
      if lines[prefix] == nil { lines[prefix] = number }
    }
  }

  /// The line of a key given part by part, from 1, or of the nearest part above it.
  package func line(of path: [String]) -> Int? {
    for length in stride(from: path.count, to: 0, by: -1) {
      if let line = lines[Array(path.prefix(length))] { return line }
    }
    return nil
  }

  /// Reads a dotted key, bare or quoted, and the white space after it.
  private static func keyPath(_ rest: inout Substring) -> [String] {
    var path: [String] = []
    while let first = rest.first {
      if first == "\"" || first == "'" {
        let inner = rest.dropFirst()
        guard let end = inner.firstIndex(of: first) else { return path }
        path.append(String(inner[..<end]))
        rest = inner[inner.index(after: end)...]
      } else {
        let bare = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" }
        guard !bare.isEmpty else { return path }
        path.append(String(bare))
        rest = rest.dropFirst(bare.count)
      }
      rest = rest.drop { $0 == " " || $0 == "\t" }
      guard rest.first == "." else { return path }
      rest = rest.dropFirst().drop { $0 == " " || $0 == "\t" }
    }
    return path
  }
}
