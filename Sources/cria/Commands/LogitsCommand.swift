import ArgumentParser
import Kernel

struct LogitsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "logits",
    abstract: "Write the logits that follow a list of tokens, for comparisons.",
    discussion: """
      The output is raw little-endian float32: one value for each token of the vocabulary after \
      the last position, or with --all after every position, row after row. The tokens are \
      taken as they are, without BOS.

      Example:
        cria logits --model smollm2 --tokens 1,504,30 --all --output logits.f32
      """)

  @OptionGroup var modelOption: ModelOption

  @Option(help: ArgumentHelp("Token ids, separated by commas.", valueName: "1,2,3"))
  var tokens: String

  @Flag(help: "Logits after every token, not only the last.")
  var all = false

  @Option(
    help: ArgumentHelp("The file to write.", valueName: "file"), completion: .file())
  var output: String

  @OptionGroup var threadOption: ThreadOption

  private var ids: [TokenID]? {
    let parts = tokens.split(separator: ",", omittingEmptySubsequences: false)
    let ids = parts.compactMap { TokenID($0.drop(while: \.isWhitespace)) }
    return ids.count == parts.count ? ids : nil
  }

  func validate() throws {
    if ids == nil {
      throw ValidationError("--tokens expects whole numbers separated by commas")
    }
  }

  func run() throws {
    Interrupt.install()
    let context = try CommandContext.load()
    let model = try context.model(modelOption.model)
    let ids = ids ?? []
    let request = LoadRequest(
      path: model.path, contextLength: ids.count,
      threadCount: threadOption.threads ?? context.config.threads)
    let inference = try request.open().inference
    let file = try PartialFile(output)
    var start = 0
    while start < ids.count {
      if Interrupt.isRequested { throw Cancelled() }
      let end = min(ids.count, start + Inference.batchLimit)
      let rowCount = all ? end - start : end == ids.count ? 1 : 0
      guard
        try inference.append(
          ids[start..<end], logitCount: rowCount, isCancelled: { Interrupt.isRequested })
      else { throw Cancelled() }
      for row in 0..<rowCount {
        try file.write(UnsafeRawBufferPointer(inference.logits(row: row)))
      }
      start = end
    }
    try file.commit()
  }
}
