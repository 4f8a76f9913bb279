import Glibc

/// Themes by name: files in folders, the first folder that has one wins, then the built-in.
package struct ThemeStore: Sendable {
  package let folders: [String]

  /// How many themes may inherit each other in a row.
  private static let maximumDepth = 8
  private static let maximumByteCount = 1 << 20

  package init(folders: [String]) { self.folders = folders }

  /// Names of all themes there are, sorted, each once.
  package var names: [String] {
    var names = Set(Theme.builtIn.keys)
    for folder in folders {
      guard let directory = opendir(folder) else { continue }
      defer { closedir(directory) }
      while let entry = readdir(directory) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
          field.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name.hasSuffix(".toml"), name.first != "." { names.insert(String(name.dropLast(5))) }
      }
    }
    return names.sorted()
  }

  /// Loads a theme and whatever it inherits; what it leaves open is the terminal theme's.
  ///
  /// Throws `themeMissing`, `themeUnreadable`, `themeInvalid` or `themeCycle`.
  package func load(_ name: String) throws(TUIError) -> Theme {
    guard let (file, text) = try find(name) else {
      if let builtIn = Theme.builtIn[name] { return builtIn }
      throw TUIError(
        .themeMissing, at: name, "no \(name).toml in \(folders.joined(separator: ", "))")
    }
    var document = try ThemeDocument(text, file: file)
    var seen = [name]
    var base: Theme?
    var parent = document.inherits
    while let wanted = parent {
      if seen.contains(wanted.value) || seen.count > ThemeStore.maximumDepth {
        throw TUIError(
          .themeCycle, at: wanted.source.file, line: wanted.source.line, key: wanted.source.key,
          (seen + [wanted.value]).joined(separator: " inherits "))
      }
      seen.append(wanted.value)
      if let (file, text) = try find(wanted.value) {
        let above = try ThemeDocument(text, file: file)
        document.inherit(above)
        parent = above.inherits
      } else if let builtIn = Theme.builtIn[wanted.value] {
        base = builtIn
        parent = nil
      } else {
        throw ThemeDocument.error(wanted.source, "no theme named \(wanted.value)")
      }
    }
    let own = Theme(
      name: name, appearance: document.appearance ?? base?.appearance ?? .terminal,
      styles: try document.resolved())
    return base?.overlaid(with: own) ?? own
  }

  private func find(_ name: String) throws(TUIError) -> (file: String, text: String)? {
    // A name is no path.
    guard !name.isEmpty, name.first != ".", !name.contains("/"), !name.utf8.contains(0) else {
      return nil
    }
    for folder in folders {
      let path = folder + "/" + name + ".toml"
      let descriptor = open(path, O_RDONLY | O_CLOEXEC)
      if descriptor < 0 {
        if errno == ENOENT || errno == ENOTDIR { continue }
        throw TUIError(.themeUnreadable, at: path, String(cString: strerror(errno)))
      }
      defer { close(descriptor) }
      return (path, try ThemeStore.read(descriptor, path))
    }
    return nil
  }

  private static func read(_ descriptor: Int32, _ path: String) throws(TUIError) -> String {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16384)
    while true {
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      if count == 0 { break }
      if count < 0 {
        if errno == EINTR { continue }
        throw TUIError(.themeUnreadable, at: path, String(cString: strerror(errno)))
      }
      bytes += chunk[..<count]
      if bytes.count > maximumByteCount {
        throw TUIError(.themeUnreadable, at: path, "over \(maximumByteCount) bytes")
      }
    }
    guard let text = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
      throw TUIError(.themeInvalid, at: path, "not UTF-8 text")
    }
    return text
  }
}
