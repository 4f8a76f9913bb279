import ArgumentParser
import Kernel

struct ModelsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "models",
    abstract: "List the models that are here.",
    discussion: """
      One line for each .gguf file in the models folder: name, size, quantization, context \
      length, and whether it fits into memory. A file that is put or linked there by hand is a \
      model too.

      Example:
        cria models
      """)

  func run() throws {
    let context = try CommandContext.load()
    let files = try context.catalog.list()
    if files.isEmpty {
      StandardStreams.note(
        "No models in \(VisibleText.escaped(context.paths.models)); fetch one: "
          + "cria pull \(KnownModel.smolLM2.name)\n")
    }
    let rows = files.map(row)
    let widths = (0..<4).map { column in rows.map { $0[column].count }.max() ?? 0 }
    for row in rows {
      let cells = zip(row, widths).map { cell, width in
        cell + String(repeating: " ", count: width - cell.count)
      }
      try StandardStreams.writeLine((cells + row.suffix(1)).joined(separator: "  "))
    }
  }

  /// Name, size, type, context, and whether it runs.
  private func row(_ file: ModelFile) -> [String] {
    let name = VisibleText.escaped(file.name)
    let size = Readable.byteCount(file.byteCount)
    do {
      let description = try ModelDescription(file: GGUFFile(path: file.path))
      guard let hyper = description.hyperparameters else {
        let architecture = VisibleText.escaped(description.architecture ?? "none")
        return [name, size, description.quantization, "", "does not run: \(architecture)"]
      }
      let fits = ModelMemory(description).fits ?? true
      return [
        name, size, description.quantization, "\(hyper.contextLength)",
        fits ? "fits" : "too large for the memory",
      ]
    } catch {
      return [name, size, "", "", VisibleText.escaped(Failure(error).what)]
    }
  }
}
