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

      The limits are the best rates at which the same threads read the model's file from memory \
      and multiply 8-bit numbers, doing nothing else. Each result stands beside its share of \
      them: of a token's weights that are read, of a prompt's multiplications with weights.

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
    let inference = loaded.inference
    let meter = LimitMeter(model: inference.model, threadCount: inference.threadCount)
    var benchmark = Benchmark(inference: inference, depth: depth)
    try benchmark.measure(meter)
    let prefill = try benchmark.prefill(tokenCount: prompt, repetitions: repetitions)
    try benchmark.measure(meter)
    let decode = try benchmark.decode(tokenCount: generate, repetitions: repetitions)
    try benchmark.measure(meter)
    let report = BenchReport(
      name: name, summary: loaded.summary, depth: depth,
      work: TokenWork(
        model: inference.model, prompt: prompt, generate: generate, depth: depth),
      limits: meter.limits, readByteCount: meter.readByteCount,
      prefill: prompt > 0 ? prefill : nil, prompt: prompt,
      decode: generate > 0 ? decode : nil, generate: generate)
    if json {
      try StandardStreams.writeLine(report.json)
    } else {
      for line in report.table { try StandardStreams.writeLine(line) }
    }
  }
}
