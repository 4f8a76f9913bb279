import Glibc

/// What the process was started with and by whom.
package enum Environment {
  /// The variable's value, or nil where it is unset or not UTF-8.
  package static func value(_ name: String) -> String? {
    guard let value = getenv(name) else { return nil }
    return String(validatingCString: value)
  }

  /// All variables, for a child process.
  package static var all: [String: String] {
    var result: [String: String] = [:]
    var entry = environ
    while let line = entry.pointee {
      let text = String(cString: line)
      if let equals = text.firstIndex(of: "=") {
        result[String(text[..<equals])] = String(text[text.index(after: equals)...])
      }
      entry += 1
    }
    return result
  }

  /// The home folder that the password database has for the user.
  package static var accountHome: String? {
    var record = passwd()
    var found: UnsafeMutablePointer<passwd>?
    var buffer = [CChar](repeating: 0, count: 16384)
    guard getpwuid_r(getuid(), &record, &buffer, buffer.count, &found) == 0, found != nil,
      let folder = record.pw_dir
    else { return nil }
    return String(validatingCString: folder)
  }

  /// The running program's file, links resolved.
  package static var executable: String? {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
    let count = readlink("/proc/self/exe", &buffer, Int(PATH_MAX))
    guard count > 0 else { return nil }
    return String(validating: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// A path that was typed where no shell sees it: a leading `~` is the home folder.
  package static func expanded(_ path: String) -> String {
    guard path == "~" || path.hasPrefix("~/"), let home = value("HOME") ?? accountHome else {
      return path
    }
    return home + path.dropFirst()
  }

  /// True when `NO_COLOR` is set and not empty.
  package static var noColor: Bool { !(value("NO_COLOR") ?? "").isEmpty }
}
