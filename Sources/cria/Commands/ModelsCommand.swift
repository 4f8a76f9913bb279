import ArgumentParser

struct ModelsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "models",
    abstract: "List the models that are here.",
    discussion: """
      Names and sizes of the .gguf files in the models folder, one a line. A file that is put \
      or linked there by hand is a model too.

      Example:
        cria models
      """)

  func run() throws {
    let paths = try Paths.current()
    let files = try ModelCatalog(folder: paths.models).list()
    if files.isEmpty {
      StandardStreams.note(
        "No models in \(VisibleText.escaped(paths.models)); fetch one: "
          + "cria pull \(KnownModel.smolLM2.name)\n")
    }
    let width = files.map { VisibleText.escaped($0.name).count }.max() ?? 0
    for file in files {
      let name = VisibleText.escaped(file.name)
      let padding = String(repeating: " ", count: width - name.count)
      try StandardStreams.writeLine("\(name)\(padding)  \(Readable.byteCount(file.byteCount))")
    }
  }
}
