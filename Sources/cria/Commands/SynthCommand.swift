import ArgumentParser
import Kernel

struct SynthCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "synth",
    abstract: "Write a model file with random weights, for tests and measurements.",
    discussion: """
      The file is valid and of the asked shape and type, and the same arguments give the same \
      bytes. What the model says makes no sense.

      Example:
        cria synth --shape 1B --type q4_0 /tmp/1b.gguf
      """)

  @Option(
    help: ArgumentHelp(
      "\(ModelShape.all.map(\.name).joined(separator: ", ")).", valueName: "shape"))
  var shape: String

  @Option(
    help: ArgumentHelp(
      "\(BlockType.allCases.map { $0.name.lowercased() }.joined(separator: ", ")).",
      valueName: "type"))
  var type: String

  @Option(help: ArgumentHelp("Other weights for another number.", valueName: "n"))
  var seed: UInt64 = 1

  @Argument(help: "The file to write.", completion: .file(extensions: ["gguf"]))
  var output: String

  func validate() throws {
    _ = try ShapeName.parse(shape)
    _ = try ShapeName.parseType(type)
  }

  func run() throws {
    Interrupt.install()
    try Synthesis.write(
      shape: ShapeName.parse(shape), type: ShapeName.parseType(type), seed: seed, to: output)
  }
}

/// Shapes and types by the names people type.
enum ShapeName {
  static func parse(_ name: String) throws -> ModelShape {
    if let shape = ModelShape.named(name) { return shape }
    let known = ModelShape.all.map(\.name).joined(separator: ", ")
    throw ValidationError("no shape called \(name); known: \(known)")
  }

  static func parseType(_ name: String) throws -> BlockType {
    if let type = BlockType.allCases.first(where: { $0.name.lowercased() == name.lowercased() }) {
      return type
    }
    let known = BlockType.allCases.map { $0.name.lowercased() }.joined(separator: ", ")
    throw ValidationError("no type called \(name); known: \(known)")
  }
}

/// Writes synthetic models with progress.
enum Synthesis {
  /// Throws `Cancelled` after Ctrl-C.
  static func write(shape: ModelShape, type: BlockType, seed: UInt64, to path: String) throws {
    var line = ProgressLine()
    do {
      try synthesize(
        shape: shape, type: type, seed: seed, to: path,
        progress: { done, total in
          let percent = total > 0 ? done * 100 / total : 0
          line.show("writing  \(percent) %  \(Readable.byteCount(done))")
        }, isCancelled: { Interrupt.isRequested })
      line.clear()
    } catch {
      line.clear()
      if Interrupt.isRequested { throw Cancelled() }
      throw error
    }
  }
}
