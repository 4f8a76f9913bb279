import ArgumentParser
import Kernel

struct TokenizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tokenize",
    abstract: "Print the token ids of a text.",
    discussion: """
      Reads a file or standard input byte for byte and prints the ids on one line, separated \
      by spaces. Only the model's header is needed: files that hold nothing but a vocabulary \
      work too.

      Example:
        printf 'Hello world' | cria tokenize --model smollm2
      """)

  @OptionGroup var modelOption: ModelOption

  @Flag(help: "Begin with the BOS token.")
  var bos = false

  @Flag(help: "Recognise special tokens in the text.")
  var special = false

  @Argument(help: "The file to read; standard input where there is none.", completion: .file())
  var file: String?

  private static let byteLimit = 1 << 30

  func run() throws {
    Interrupt.install()
    let context = try CommandContext.load()
    let model = try context.model(modelOption.model)
    let tokenizer = try Tokenizer(metadata: GGUFFile(path: model.path).metadata)
    let bytes =
      try file.map { try FileSystem.read($0, limit: Self.byteLimit) }
      ?? FileSystem.read(descriptor: 0, path: "standard input", limit: Self.byteLimit)
    var tokens = tokenizer.encode(bytes: bytes, parsingSpecial: special)
    if bos {
      guard let token = tokenizer.bos else {
        throw Failure("the vocabulary has no BOS token", at: model.name, remedy: "leave out --bos")
      }
      tokens.insert(token, at: 0)
    }
    try StandardStreams.writeLine(tokens.map(String.init).joined(separator: " "))
  }
}
