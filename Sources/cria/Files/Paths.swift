import Glibc

/// Where the user's own files live: the four XDG base folders and what cria keeps in each.
///
/// Source: XDG Base Directory Specification 0.8; a variable that is unset, empty or relative
/// counts as unset.
package struct Paths: Sendable, Equatable {
  /// `$XDG_CONFIG_HOME/cria`: `config.toml` and `themes/`.
  package let config: String
  /// `$XDG_DATA_HOME/cria`: `models/` and `transcripts/`.
  package let data: String
  /// `$XDG_STATE_HOME/cria`: input history, log, last session, last model.
  package let state: String
  /// `$XDG_CACHE_HOME/cria`: all that can be rebuilt.
  package let cache: String

  package var configFile: String { config + "/config.toml" }
  package var themes: String { config + "/themes" }
  package var models: String { data + "/models" }
  package var transcripts: String { data + "/transcripts" }
  package var history: String { state + "/history" }
  package var log: String { state + "/cria.log" }
  package var lastSession: String { state + "/last-session" }
  package var lastTheme: String { state + "/last-theme" }
  package var lastModel: String { state + "/last-model" }

  /// The folders under `environment`'s XDG variables and HOME; `accountHome` is the home
  /// folder of the user's account, for a HOME that is missing or relative.
  package init(environment: [String: String], accountHome: String?) throws(Failure) {
    func absolute(_ value: String?) -> String? {
      guard var value, value.hasPrefix("/") else { return nil }
      while value.count > 1 && value.hasSuffix("/") { value.removeLast() }
      return value
    }
    let home = absolute(environment["HOME"]) ?? absolute(accountHome)
    func folder(_ variable: String, _ underHome: String) throws(Failure) -> String {
      if let base = absolute(environment[variable]) { return base + "/cria" }
      guard let home else {
        throw Failure(
          "no home folder: HOME is not set and the account has none",
          remedy: "set HOME or \(variable) to an absolute path")
      }
      return (home == "/" ? "" : home) + "/" + underHome + "/cria"
    }
    config = try folder("XDG_CONFIG_HOME", ".config")
    data = try folder("XDG_DATA_HOME", ".local/share")
    state = try folder("XDG_STATE_HOME", ".local/state")
    cache = try folder("XDG_CACHE_HOME", ".cache")
  }

  /// The folders of the user who runs the program.
  package static func current() throws(Failure) -> Paths {
    var environment: [String: String] = [:]
    for name in ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"] {
      environment[name] = Environment.value(name)
    }
    return try Paths(environment: environment, accountHome: Environment.accountHome)
  }

  /// Folders with files that ship with the program (`themes`, `transcripts`): beside the
  /// installed binary under `share/cria`, or at the top of the source tree it was built in.
  package static func shipped(_ name: String) -> [String] {
    guard var folder = Environment.executable.map(FileSystem.parent(of:)) else { return [] }
    var found: [String] = []
    let installed = FileSystem.parent(of: folder) + "/share/cria/" + name
    if FileSystem.status(installed)?.isFolder == true { found.append(installed) }
    // .build/<triple>/release/cria: the package is at most a few folders up.
    for _ in 0..<5 {
      let isPackage = FileSystem.status(folder + "/Package.swift")?.isRegular == true
      if isPackage && FileSystem.status(folder + "/" + name)?.isFolder == true {
        found.append(folder + "/" + name)
        break
      }
      folder = FileSystem.parent(of: folder)
    }
    return found
  }
}
