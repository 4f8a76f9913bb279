import ArgumentParser
import Glibc
import Kernel

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure prefill and decode rates.",
    discussion: """
      Measures as llama-bench does: random tokens, one run to warm up, then the mean and the \
      standard deviation over the repetitions. --depth puts so many tokens into the cache first. \
      --shape measures a synthetic model, which is written to the cache folder for the time. \
      Run it with several --threads to see whether another number is faster than the default.

      Examples:
        cria bench --model smollm2
        cria bench --shape 7B --type q4_0 --prompt 128 --generate 32 --repetitions 3
      """)

  @OptionGroup var modelOption: ModelOption

  @Option(
    help: ArgumentHelp(
      "Measure a synthetic model: \(ModelShape.all.map(\.name).joined(separator: ", ")).",
      valueName: "shape"))
  var shape: String?

  @Option(help: ArgumentHelp("The synthetic model's type.", valueName: "type"))
  var type: String?

  @Option(help: ArgumentHelp("Tokens of the prompt; 0: no prefill.", valueName: "n"))
  var prompt = 512

  @Option(help: ArgumentHelp("Tokens to generate; 0: no decode.", valueName: "n"))
  var generate = 128

  @Option(help: ArgumentHelp("Tokens in the cache beforehand.", valueName: "n"))
  var depth = 0

  @OptionGroup var threadOption: ThreadOption

  @Option(help: ArgumentHelp("Measured runs.", valueName: "n"))
  var repetitions = 5

  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    try OptionRange.check("prompt", prompt, 0...1_000_000)
    try OptionRange.check("generate", generate, 0...1_000_000)
    try OptionRange.check("depth", depth, 0...1_000_000)
    try OptionRange.check("repetitions", repetitions, 1...1000)
    if prompt + generate == 0 {
      throw ValidationError("nothing to measure: --prompt or --generate")
    }
    if (shape == nil) != (type == nil) {
      throw ValidationError("--shape and --type go together")
    }
    if shape != nil && modelOption.model != nil {
      throw ValidationError("--model and --shape exclude each other")
    }
    if let shape { _ = try ShapeName.parse(shape) }
    if let type { _ = try ShapeName.parseType(type) }
  }

  func run() throws {
    Interrupt.install()
    let context = try CommandContext.load()
    guard let shape, let type else {
      let model = try context.model(modelOption.model)
      return try measure(path: model.path, name: model.name, config: context.config)
    }
    let model = try ShapeName.parse(shape)
    let block = try ShapeName.parseType(type)
    try FileSystem.createFolders(context.paths.cache)
    let path = context.paths.cache + "/bench-\(getpid()).gguf"
    defer { unlink(path) }
    try Synthesis.write(shape: model, type: block, seed: 1, to: path)
    try measure(path: path, name: "synthetic \(model.name) \(block.name)", config: context.config)
  }

  private func measure(path: String, name: String, config: Config) throws {
    let request = LoadRequest(
      path: path, contextLength: max(16, depth + max(prompt, generate)),
      threadCount: threadOption.threads ?? config.threads)
    let loaded = try request.open()
    var benchmark = Benchmark(inference: loaded.inference, depth: depth)
    let prefill = try benchmark.prefill(tokenCount: prompt, repetitions: repetitions)
    let decode = try benchmark.decode(tokenCount: generate, repetitions: repetitions)
    if json {
      try StandardStreams.writeLine(
        JSONText.object([
          ("model", JSONText.string(name)),
          ("threads", String(loaded.inference.threadCount)),
          ("prefill", prefill.json(tokenCount: prompt)),
          ("decode", decode.json(tokenCount: generate)),
        ]))
    } else {
      try printTable(name, loaded.summary, prefill: prefill, decode: decode)
    }
  }

  private func printTable(
    _ name: String, _ summary: ModelSummary, prefill: Rates, decode: Rates
  ) throws {
    let suffix = depth > 0 ? " @ d\(depth)" : ""
    let common = [
      VisibleText.escaped(name), Readable.byteCount(summary.description.byteCount),
      Readable.parameterCount(summary.description.parameterCount), summary.vectors,
      "\(summary.threadCount)",
    ]
    var rows = [["model", "size", "params", "vectors", "threads", "test", "t/s"]]
    if prompt > 0 { rows.append(common + ["pp\(prompt)\(suffix)", prefill.text]) }
    if generate > 0 { rows.append(common + ["tg\(generate)\(suffix)", decode.text]) }
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    for (index, row) in rows.enumerated() {
      let cells = zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
      try StandardStreams.writeLine("| " + cells.joined(separator: " | ") + " |")
      if index == 0 {
        let lines = widths.map { String(repeating: "-", count: $0) }
        try StandardStreams.writeLine("| " + lines.joined(separator: " | ") + " |")
      }
    }
  }
}

/// Rates of several runs, in tokens per second.
struct Rates {
  var values: [Double] = []

  var mean: Double { values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count) }

  var median: Double {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return 0 }
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }

  /// The sample's standard deviation; 0 for one run.
  var deviation: Double {
    guard values.count > 1 else { return 0 }
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (squares / Double(values.count - 1)).squareRoot()
  }

  /// `123.4 ± 1.2`.
  var text: String { "\(Readable.oneDecimal(mean)) ± \(Readable.oneDecimal(deviation))" }

  func json(tokenCount: Int) -> String {
    JSONText.object([
      ("tokens", String(tokenCount)), ("mean", JSONText.number(mean)),
      ("median", JSONText.number(median)), ("deviation", JSONText.number(deviation)),
    ])
  }
}

/// Runs a model over random tokens with a clock.
private struct Benchmark {
  let inference: Inference
  let depth: Int
  /// The same tokens in every run.
  private var random = SplitMix64(seed: 1)
  private var line = BenchLine()

  init(inference: Inference, depth: Int) {
    self.inference = inference
    self.depth = depth
  }

  /// Rates of computing a prompt in batches.
  mutating func prefill(tokenCount: Int, repetitions: Int) throws -> Rates {
    try repeated("prefill", tokenCount, repetitions) { benchmark in
      let tokens = benchmark.tokens(tokenCount)
      try benchmark.append(tokens[...])
    }
  }

  /// Rates of computing one token after the other.
  mutating func decode(tokenCount: Int, repetitions: Int) throws -> Rates {
    try repeated("decode", tokenCount, repetitions) { benchmark in
      for token in benchmark.tokens(tokenCount) { try benchmark.append([token]) }
    }
  }

  private mutating func repeated(
    _ what: String, _ tokenCount: Int, _ repetitions: Int,
    _ body: (inout Benchmark) throws -> Void
  ) throws -> Rates {
    guard tokenCount > 0 else { return Rates() }
    defer { line.clear() }
    var rates = Rates()
    for round in 0...repetitions {
      line.show(round == 0 ? "\(what): warming up" : "\(what): \(round) of \(repetitions)")
      try fillToDepth()
      let start = Clock.seconds()
      try body(&self)
      let seconds = Clock.seconds() - start
      if round > 0 { rates.values.append(Double(tokenCount) / seconds) }
    }
    return rates
  }

  /// Leaves exactly `depth` tokens in the cache.
  private mutating func fillToDepth() throws {
    inference.truncate(to: depth)
    let missing = depth - inference.tokens.count
    if missing > 0 { try append(tokens(missing)[...]) }
  }

  private func append(_ tokens: ArraySlice<TokenID>) throws {
    var rest = tokens
    while !rest.isEmpty {
      let batch = rest.prefix(Inference.batchLimit)
      rest = rest.dropFirst(batch.count)
      let isDone = try inference.append(
        batch, logitCount: rest.isEmpty ? 1 : 0, isCancelled: { Interrupt.isRequested })
      guard isDone else { throw Cancelled() }
    }
  }

  private mutating func tokens(_ count: Int) -> [TokenID] {
    let limit = TokenID(clamping: inference.model.hyperparameters.vocabularySize)
    return (0..<count).map { _ in TokenID.random(in: 0..<limit, using: &random) }
  }
}

/// A progress line in a value that can be copied.
private final class BenchLine {
  private var line = ProgressLine()
  func show(_ text: String) { line.show(text) }
  func clear() { line.clear() }
}
