import FoundationEssentials
import Kernel
import Testing

/// Token ids and decoded text against the libraries the vocabularies come from.
///
/// The expected values are what `Benchmarks/reference/tokens.py` wrote; it describes them.
@Suite struct TokenizerParityTests {
  struct Reference: Decodable {
    struct Entry: Decodable {
      struct Decode: Decodable {
        var ids: [TokenID]
        var text: String
      }
      var name: String
      var vocabulary: String
      var split: String?
      var ids: [[TokenID]]
      var words: [[Int]]?
      var decodes: [Decode]
    }
    var lines: [String]
    var tokenizers: [Entry]
  }

  /// Read once; more than a megabyte of JSON.
  static let reference = Result { () throws -> Reference in
    let path = try TestData.made("tokens.json")
    return try JSONDecoder().decode(Reference.self, from: Data(contentsOf: URL(filePath: path)))
  }

  static func tokenizer(_ entry: Reference.Entry) throws -> Tokenizer {
    let path = try TestData.made(entry.vocabulary)
    var vocabulary = try Vocabulary(metadata: GGUFFile(path: path).metadata)
    if let name = entry.split { vocabulary.split = try #require(WordSplit(fileName: name)) }
    return Tokenizer(vocabulary: vocabulary)
  }

  static func entry(_ name: String) throws -> (Reference, Reference.Entry) {
    let reference = try reference.get()
    return (reference, try #require(reference.tokenizers.first { $0.name == name }))
  }

  static let names = ["sentencepiece", "smollm", "llama-bpe", "qwen2", "gpt-2"]

  @Test(arguments: names)
  func `every line has the reference's ids`(name: String) throws {
    let (reference, entry) = try Self.entry(name)
    let tokenizer = try Self.tokenizer(entry)
    #expect(reference.lines.count >= 700)
    #expect(entry.ids.count == reference.lines.count)
    for (line, expected) in zip(reference.lines, entry.ids) {
      let ids = tokenizer.encode(line, parsingSpecial: false, atStart: true)
      #expect(ids == expected, "\(name): \(line.debugDescription)")
    }
  }

  /// Where words end shows in the ids only when the vocabulary could merge across.
  @Test(arguments: WordSplit.allCases)
  func `every line is cut into the reference's words`(split: WordSplit) throws {
    let (reference, entry) = try Self.entry(split.rawValue)
    let words = try #require(entry.words)
    #expect(words.count == reference.lines.count)
    for (line, expected) in zip(reference.lines, words) {
      let counts = split.wordByteCounts(of: Array(line.utf8))
      #expect(counts == expected, "\(split): \(line.debugDescription)")
    }
  }

  @Test(arguments: ["sentencepiece", "smollm"])
  func `decoding gives the reference's text`(name: String) throws {
    let (_, entry) = try Self.entry(name)
    let tokenizer = try Self.tokenizer(entry)
    #expect(entry.decodes.count >= 900)
    for expected in entry.decodes {
      let text = tokenizer.decode(expected.ids)
      #expect(Array(text.utf8) == Array(expected.text.utf8), "\(name): \(expected.ids)")
    }
  }

  @Test func `the same ids from segments as from one text`() throws {
    let (reference, entry) = try Self.entry("smollm")
    let tokenizer = try Self.tokenizer(entry)
    var segments: [PromptSegment] = []
    var whole = ""
    // Lines that write special tokens out would be parsed in the whole text and not in parts.
    let lines = reference.lines.filter { line in
      !line.contains("<") && !line.contains(">")
    }
    for (index, line) in lines.enumerated() {
      let head = index % 3 == 0 ? "<|im_start|>user\n" : "Q: "
      let tail = index % 2 == 0 ? "<|im_end|>\n" : ""
      segments.append(PromptSegment(head, parsesSpecial: true))
      segments.append(PromptSegment(line, parsesSpecial: false))
      segments.append(PromptSegment(tail, parsesSpecial: true))
      whole += head + line + tail
    }
    #expect(tokenizer.encode(segments) == tokenizer.encode(whole, parsingSpecial: true))
  }
}
