import Kernel
import Testing

/// Vocabularies as files tell them.
@Suite struct TokenizerMetadataTests {
  private let scratch: GGUFScratch

  init() throws { scratch = try GGUFScratch() }

  private func strings(_ texts: [String]) -> GGUFField { .strings(texts.map { Array($0.utf8) }) }

  private var sentencePiece: [String: GGUFField] {
    [
      "model": .string("llama"), "tokens": strings(["<unk>", "<s>", "</s>", "▁", "a"]),
      "scores": .floats([0, 0, 0, -1, -2]), "token_type": .int32s([2, 3, 3, 1, 1]),
      "bos_token_id": .uint32(1), "eos_token_id": .uint32(2), "unknown_token_id": .uint32(0),
    ]
  }

  private var byteLevel: [String: GGUFField] {
    [
      "model": .string("gpt2"), "pre": .string("llama-v3"),
      "tokens": strings(["a", "b", "ab", "<|eot_id|>"]), "token_type": .int32s([1, 1, 1, 3]),
      "merges": strings(["a b"]), "bos_token_id": .uint32(3),
    ]
  }

  private func tokenizer(_ fields: [String: GGUFField]) throws -> Tokenizer {
    var writer = GGUFWriter()
    for (key, value) in fields.sorted(by: { $0.key < $1.key }) {
      writer.set("tokenizer.ggml." + key, value)
    }
    let path = scratch.file("\(UInt64.random(in: .min ... .max)).gguf")
    try writer.write(to: path)
    return try Tokenizer(metadata: GGUFFile(path: path).metadata)
  }

  private func error(_ fields: [String: GGUFField]) throws -> KernelError? {
    do {
      _ = try tokenizer(fields)
      return nil
    } catch let error as KernelError {
      return error
    }
  }

  @Test func `a SentencePiece vocabulary`() throws {
    let tokenizer = try tokenizer(sentencePiece)
    #expect(tokenizer.encode("a a") == [3, 4, 3, 4])
    #expect(tokenizer.vocabularySize == 5)
    #expect(tokenizer.bos == 1 && tokenizer.eos == 2 && tokenizer.unknown == 0)
    #expect(tokenizer.addsBOS && !tokenizer.addsEOS && tokenizer.addsSpacePrefix)
    let bare = try self.tokenizer(
      sentencePiece.merging(
        ["add_space_prefix": .bool(false), "add_bos_token": .bool(false)]) { $1 })
    #expect(bare.encode("a a") == [4, 3, 4])
    #expect(!bare.addsBOS)
  }

  @Test func `a byte-level vocabulary`() throws {
    let tokenizer = try tokenizer(byteLevel)
    #expect(tokenizer.encode("ab<|eot_id|>", parsingSpecial: true) == [2, 3])
    #expect(tokenizer.addsBOS)
    #expect(tokenizer.eot == 3 && tokenizer.endOfGeneration == [3])
  }

  @Test(arguments: ["gpt-2", "smollm", "llama-bpe", "llama3", "llama-v3", "qwen2", "default"])
  func `splits by the names files have for them`(name: String) throws {
    #expect(try error(byteLevel.merging(["pre": .string(name)]) { $1 }) == nil)
  }

  @Test func `a split that is not named is GPT-2's`() throws {
    var fields = byteLevel
    fields["pre"] = nil
    #expect(try tokenizer(fields).addsBOS == false)
  }

  @Test func `what is not supported says what is`() throws {
    let model = try #require(try error(sentencePiece.merging(["model": .string("bert")]) { $1 }))
    #expect(model.code == .unsupportedTokenizer)
    #expect(["bert", "llama", "gpt2"].allSatisfy { model.detail.contains($0) })
    #expect(model.place.contains("tokenizer.ggml.model"))
    let split = try #require(
      try error(byteLevel.merging(["pre": .string("tekken\u{1B}[2J")]) { $1 }))
    #expect(split.code == .unsupportedTokenizer)
    #expect(
      ["tekken", "gpt-2", "smollm", "llama-bpe", "qwen2"].allSatisfy { split.detail.contains($0) })
    #expect(!split.detail.unicodeScalars.contains("\u{1B}"))
  }

  @Test(
    arguments: [
      ("model", .uint32(1)), ("tokens", .floats([1])), ("tokens", .string("a")),
      ("tokens", .strings([])), ("scores", .int32s([1])), ("scores", .string("")),
      ("scores", .strings([[], [], [], [], []])), ("token_type", .floats([1, 1, 1, 1, 1])),
      ("token_type", .int32s([1])), ("bos_token_id", .string("1")), ("bos_token_id", .uint32(5)),
      ("eos_token_id", .uint64(.max)), ("unknown_token_id", .float32(0)),
      ("add_bos_token", .uint32(1)), ("add_space_prefix", .string("true")),
    ] as [(String, GGUFField)])
  func `values of the wrong type or size are refused by name`(
    key: String, value: GGUFField
  ) throws {
    let error = try #require(try error(sentencePiece.merging([key: value]) { $1 }))
    #expect(error.code == .malformed)
    #expect(error.place.contains("tokenizer.ggml." + key))
  }

  @Test(arguments: [("merges", GGUFField.int32s([1])), ("pre", .bool(true))])
  func `so are those of byte-level vocabularies`(key: String, value: GGUFField) throws {
    let error = try #require(try error(byteLevel.merging([key: value]) { $1 }))
    #expect(error.code == .malformed)
    #expect(error.place.contains("tokenizer.ggml." + key))
  }

  @Test(arguments: ["model", "tokens", "scores"])
  func `what a vocabulary needs and does not have is named`(key: String) throws {
    var fields = sentencePiece
    fields[key] = nil
    let error = try #require(try error(fields))
    #expect(error.code == .missing)
    #expect(error.place.contains("tokenizer.ggml." + key))
  }
}
