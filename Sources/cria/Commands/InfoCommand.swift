import ArgumentParser
import Chat
import Kernel

struct InfoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "info",
    abstract: "Say what a model file is and whether it fits.",
    discussion: """
      Reads only the file's header.

      Example:
        cria info smollm2
      """)

  @Argument(help: "A path, or a name as cria models shows it, or its beginning.")
  var model: String

  @Option(help: ArgumentHelp("Tokens in the window to reckon memory for.", valueName: "n"))
  var context: Int?

  func validate() throws {
    if let context { try OptionRange.check("context", context, OptionRange.context) }
  }

  func run() throws {
    let commandContext = try CommandContext.load()
    let model = try commandContext.model(model)
    let file = try GGUFFile(path: model.path)
    let description = try ModelDescription(file: file)
    for (label, value) in rows(model, file, description) {
      let padding = String(repeating: " ", count: max(1, 14 - label.count))
      try StandardStreams.writeLine("\(label):\(padding)\(VisibleText.escaped(value))")
    }
  }

  private func rows(
    _ model: ModelFile, _ file: GGUFFile, _ description: ModelDescription
  ) -> [(String, String)] {
    var rows = [
      ("file", model.path), ("size", Readable.byteCount(model.byteCount)),
      ("format", "GGUF \(description.ggufVersion)"),
      ("name", description.name ?? "none given"),
      ("architecture", description.architecture ?? "none given"),
      ("parameters", Readable.parameterCount(description.parameterCount)),
      ("quantization", description.quantization),
    ]
    let shares = description.typeShares.map {
      "\($0.typeName) \(Readable.byteCount($0.byteCount)) in \($0.tensorCount)"
    }
    rows.append(("tensors", shares.joined(separator: ", ")))
    if let hyper = description.hyperparameters {
      rows += [
        ("context", "\(hyper.contextLength) tokens"),
        ("vocabulary", "\(hyper.vocabularySize) tokens"),
        (
          "sizes",
          "\(hyper.layerCount) layers of width \(hyper.width), \(hyper.headCount) heads "
            + "(\(hyper.headCountKV) for keys and values) of \(hyper.headSize), "
            + "feed-forward \(hyper.feedForwardWidth)"
        ),
      ]
    }
    rows.append(("tokenizer", tokenizerText(file)))
    let format = PromptFormat.detect(
      chatTemplate: description.chatTemplate, modelName: description.name, fileName: model.name)
    rows.append(("prompts", format.name))
    rows.append(("threads", "\(Processor.threadCount) by default"))
    rows.append(("runs here", verdict(file, description)))
    return rows
  }

  private func tokenizerText(_ file: GGUFFile) -> String {
    do {
      let vocabulary = try Vocabulary(metadata: file.metadata)
      return "\(vocabulary.model.rawValue), \(vocabulary.pieces.count) pieces"
    } catch {
      return "not usable: " + Failure(error).what
    }
  }

  /// What stands in the way, or how much memory it takes.
  private func verdict(_ file: GGUFFile, _ description: ModelDescription) -> String {
    do {
      _ = try LlamaModel(file: file)
    } catch {
      let failure = Failure(error)
      return "no: \(failure.what) (\(failure.place))"
    }
    let memory = ModelMemory(description, contextLength: context)
    if let shortage = memory.shortage {
      let failure = Failure(shortage, at: "")
      return "no: \(failure.what) (\(failure.remedy))"
    }
    let needs =
      "\(Readable.byteCount(memory.neededByteCount)) of memory needed "
      + "(\(Readable.byteCount(memory.windowByteCount)) of them for the context)"
    guard let available = memory.availableByteCount, let fits = memory.fits else { return needs }
    return "\(fits ? "yes" : "too large"): \(needs), \(Readable.byteCount(available)) here"
  }
}
