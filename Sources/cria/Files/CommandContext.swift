import Kernel
import Logging

/// What a command starts from: the user's folders, settings and models.
package struct CommandContext: Sendable {
  package let paths: Paths
  package let config: Config

  package var catalog: ModelCatalog { ModelCatalog(folder: paths.models) }

  /// Finds the folders, reads the settings and opens the log. What is odd about the settings
  /// goes to standard error; without a log the program works as well.
  package static func load() throws(Failure) -> CommandContext {
    let paths = try Paths.current()
    let config = try Config.read(paths.configFile)
    for warning in config.warnings { StandardStreams.note("cria: \(warning)\n") }
    let level = Environment.value("CRIA_LOG").flatMap { Logger.Level(rawValue: $0.lowercased()) }
    _ = LogFile.bootstrap(path: paths.log, level: level ?? .notice)
    return CommandContext(paths: paths, config: config)
  }

  /// The model that `request` means, or the preferred one.
  package func model(_ request: String?) throws(Failure) -> ModelFile {
    if let request { return try catalog.resolve(request) }
    let preferred = try catalog.preferred(
      configured: config.model, lastUsed: LastModel.read(paths))
    guard let preferred else {
      throw Failure(
        "no model is here", at: paths.models,
        remedy: "fetch one: cria pull \(KnownModel.smolLM2.name)")
    }
    return preferred
  }
}
