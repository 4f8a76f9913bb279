import ArgumentParser

struct PathsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "paths",
    abstract: "Print where cria keeps its files.",
    discussion: """
      One line each for the folders of settings, data, state and cache. The environment \
      variables XDG_CONFIG_HOME, XDG_DATA_HOME, XDG_STATE_HOME and XDG_CACHE_HOME move them.

      Example:
        du -sh "$(cria paths --json | jq -r .data)"
      """)

  @Flag(help: "Print one JSON object.")
  var json = false

  func run() throws {
    let paths = try Paths.current()
    let entries = [
      ("config", paths.config), ("data", paths.data), ("state", paths.state),
      ("cache", paths.cache), ("models", paths.models), ("transcripts", paths.transcripts),
      ("log", paths.log),
    ]
    if json {
      try StandardStreams.writeLine(
        JSONText.object(entries.map { ($0.0, JSONText.string($0.1)) }))
    } else {
      for (name, path) in entries {
        try StandardStreams.writeLine("\(name): \(VisibleText.escaped(path))")
      }
    }
  }
}
