import Glibc
import TOMLKit

extension Config {
  /// Far beyond any real settings file.
  private static let byteLimit = 1 << 20

  /// Reads the file at `path`; one that is not there says nothing.
  ///
  /// Fails with file, line and key for what is no TOML, and for a value of the wrong type or
  /// out of range. Unknown keys only warn: a newer version's file still works.
  package static func read(_ path: String) throws(Failure) -> Config {
    let bytes: [UInt8]
    do {
      bytes = try FileSystem.read(path, limit: byteLimit)
    } catch  where error.number == ENOENT || error.number == ENOTDIR {
      return Config()
    } catch {
      throw Failure(error)
    }
    guard let text = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
      throw Failure("not a text file in UTF-8", at: path, remedy: "correct or remove it")
    }
    return try parse(text, path: path)
  }

  /// Reads settings from `text`; `path` only names it in complaints.
  package static func parse(_ text: String, path: String) throws(Failure) -> Config {
    let table: TOMLTable
    do {
      table = try TOMLTable(string: text)
    } catch let error as TOMLParseError {
      throw Failure(
        "not valid TOML: \(error.description)",
        at: "\(path), line \(error.source.begin.line), column \(error.source.begin.column)",
        remedy: "correct the line")
    } catch {
      throw Failure("not valid TOML", at: path, remedy: "correct or remove it")
    }

    var config = Config()
    config.path = path
    config.lines = keyLines(text)
    var reader = TableReader(table: table, prefix: "", config: config)
    config.model = try reader.string("model")
    config.format = try reader.string("format")
    config.context = try reader.integer("context", OptionRange.context)
    config.threads = try reader.integer("threads", OptionRange.threads)
    config.draft = try reader.boolean("draft")
    config.theme = try reader.string("theme")
    config.system = try reader.string("system")
    config.mouse = try reader.boolean("mouse")
    let sampling = try reader.table("sampling")
    let keys = try reader.table("keys")
    config.warnings += reader.unknownKeys()

    if let sampling {
      var reader = TableReader(table: sampling, prefix: "sampling.", config: config)
      config.sampling.temperature = try reader.number("temperature", 0...100)
      config.sampling.topK = try reader.integer("top-k", 0...16_777_216)
      config.sampling.topP = try reader.number("top-p", 0...1)
      config.sampling.minP = try reader.number("min-p", 0...1)
      config.sampling.repeatPenalty = try reader.number("repeat-penalty", 0.01...100)
      config.sampling.repeatWindow = try reader.integer("repeat-window", 0...16_777_216)
      config.sampling.seed = try reader.integer("seed", 0...Int.max)
      config.sampling.maxTokens = try reader.integer("max-tokens", 1...16_777_216)
      config.warnings += reader.unknownKeys()
    }
    if let keys {
      var reader = TableReader(table: keys, prefix: "keys.", config: config)
      for action in keys.keys.sorted() { config.keys[action] = try reader.strings(action) }
    }
    return config
  }

  /// The line number of each `key =` by dotted name. TOMLKit keeps no positions, and this finds
  /// them for files as people write them: one key a line, tables by header.
  private static func keyLines(_ text: String) -> [String: Int] {
    func bare(_ part: Substring) -> String {
      part.filter { !" \t\"'".contains($0) }
    }
    var lines: [String: Int] = [:]
    var prefix = ""
    let all = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
    for (index, line) in all.enumerated() {
      let line = line.drop { $0 == " " || $0 == "\t" }
      if line.first == "[" {
        prefix = bare(line.dropFirst().prefix { $0 != "]" }) + "."
        lines[String(prefix.dropLast())] = index + 1
      } else if line.first != "#", let equals = line.firstIndex(of: "=") {
        let key = prefix + bare(line[..<equals])
        if lines[key] == nil { lines[key] = index + 1 }
      }
    }
    return lines
  }
}

/// Takes typed values out of one table and remembers which keys were asked for.
private struct TableReader {
  let table: TOMLTable
  let prefix: String
  let config: Config
  var known: Set<String> = []

  mutating func value(_ key: String) -> TOMLValue? {
    known.insert(key)
    return table[key]?.tomlValue
  }

  func wrong(_ key: String, expected: String) -> Failure {
    config.failure("wrong value: expected \(expected)", key: prefix + key, remedy: "correct it")
  }

  mutating func string(_ key: String) throws(Failure) -> String? {
    guard let value = value(key) else { return nil }
    guard let string = value.string, !string.isEmpty else {
      throw wrong(key, expected: "a text in quotes, not empty")
    }
    return string
  }

  mutating func boolean(_ key: String) throws(Failure) -> Bool? {
    guard let value = value(key) else { return nil }
    guard let boolean = value.bool else { throw wrong(key, expected: "true or false") }
    return boolean
  }

  mutating func integer(_ key: String, _ range: ClosedRange<Int>) throws(Failure) -> Int? {
    guard let value = value(key) else { return nil }
    guard let integer = value.int, range.contains(integer) else {
      let bound = range.upperBound == .max ? "up" : "to \(range.upperBound)"
      throw wrong(key, expected: "a whole number from \(range.lowerBound) \(bound)")
    }
    return integer
  }

  mutating func number(_ key: String, _ range: ClosedRange<Double>) throws(Failure) -> Double? {
    guard let value = value(key) else { return nil }
    guard let number = value.double ?? value.int.map(Double.init), range.contains(number) else {
      throw wrong(key, expected: "a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  mutating func table(_ key: String) throws(Failure) -> TOMLTable? {
    guard let value = value(key) else { return nil }
    guard let table = value.table else { throw wrong(key, expected: "a table: [\(key)]") }
    return table
  }

  /// One text, or an array of texts.
  mutating func strings(_ key: String) throws(Failure) -> [String]? {
    guard let value = value(key) else { return nil }
    if let string = value.string { return [string] }
    let expected = "a text in quotes or an array of them"
    guard let array = value.array else { throw wrong(key, expected: expected) }
    var strings: [String] = []
    for element in array {
      guard let string = element.string else { throw wrong(key, expected: expected) }
      strings.append(string)
    }
    return strings
  }

  func unknownKeys() -> [String] {
    table.keys.filter { !known.contains($0) }.sorted().map { key in
      let known = known.sorted().joined(separator: ", ")
      return config.failure(
        "unknown key, passed over", key: prefix + key, remedy: "known: \(known)"
      )
      .text
    }
  }
}
