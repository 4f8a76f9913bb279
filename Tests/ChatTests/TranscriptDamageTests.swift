import Chat
import FoundationEssentials
import Glibc
import Testing

/// Files that are not as they were written: the good lines load, the file stays.
@Suite struct TranscriptDamageTests {
  let folder: TemporaryFolder
  let store: TranscriptStore

  init() throws {
    folder = try TemporaryFolder()
    store = TranscriptStore(folder: folder.path)
  }

  static let header = #"{"cria":1,"id":"x","created":"2023-03-13T10:15:00Z"}"#
  static let question = #"{"type":"message","id":"q","role":"user","text":"Q"}"#
  static let answer = #"{"type":"message","id":"a","role":"assistant","parent":"q","text":"A"}"#
  static let follow = #"{"type":"message","id":"f","role":"user","parent":"a","text":"F"}"#

  func load(_ lines: [String]) throws -> LoadedTranscript {
    try load(bytes: Array(lines.joined(separator: "\n").utf8) + [10])
  }

  func load(bytes: [UInt8]) throws -> LoadedTranscript {
    try folder.write(bytes, to: "x.jsonl")
    let loaded = try store.open("x")
    #expect(try folder.bytes(of: "x.jsonl") == bytes)
    return loaded
  }

  @Test func brokenLinesArePassedOver() throws {
    let loaded = try load([
      Self.header, Self.question, "{\"type\":\"message\",", "", "null", "[1]",
      #"{"type":"message","id":7}"#, #"{"type":"message","id":"r","role":"robot","text":""}"#,
      Self.answer,
    ])
    #expect(loaded.conversation.path.map(\.text) == ["Q", "A"])
    #expect(loaded.problems == [3, 5, 6, 7, 8].map { TranscriptProblem(line: $0, kind: .broken) })
  }

  @Test func childrenOfABrokenLineFollowTheMessageBefore() throws {
    let loaded = try load([Self.header, Self.question, "###", Self.follow])
    #expect(loaded.conversation.path.map(\.text) == ["Q", "F"])
    #expect(loaded.problems.map(\.kind) == [.broken, .unknownParent])
  }

  @Test func unknownFieldsAndTypesAreNoProblem() throws {
    let later = #"{"type":"pin","id":"q","why":[1,{"x":null}]}"#
    let fuller = #"{"mood":"good","role":"user","type":"message","text":"Q","id":"q"}"#
    let loaded = try load([Self.header, fuller, later, Self.answer])
    #expect(loaded.conversation.path.map(\.text) == ["Q", "A"])
    #expect(loaded.problems.isEmpty)
    let before = try folder.bytes(of: "x.jsonl")
    try store.rename("x", to: "New\nname")
    #expect(try folder.bytes(of: "x.jsonl").starts(with: before))
    #expect(try store.open("x").conversation.title == "New name")
  }

  @Test func anUnknownStopReasonIsKept() throws {
    let reply =
      #"{"type":"message","id":"a","role":"assistant","parent":"q","text":"A","stop":"bored"}"#
    let loaded = try load([Self.header, Self.question, reply])
    #expect(loaded.conversation["a"]?.reply?.stop?.rawValue == "bored")
  }

  @Test func badUTF8AndNULs() throws {
    var bad = Array(Self.question.utf8)
    bad.replace(Array("\"Q\"".utf8), with: [34, 81, 0xFF, 0xC3, 34])
    let nuls = [UInt8](repeating: 0, count: 500)
    let bytes =
      Array(Self.header.utf8) + [10] + bad + [10] + nuls + Array(Self.answer.utf8) + [10] + nuls
    let loaded = try load(bytes: bytes)
    #expect(loaded.conversation.path.map(\.text) == ["Q\u{FFFD}\u{FFFD}", "A"])
    #expect(
      loaded.problems == [
        TranscriptProblem(line: 2, kind: .badEncoding), TranscriptProblem(line: 3, kind: .nulBytes),
        TranscriptProblem(line: 4, kind: .cut),
      ])
  }

  @Test func withoutHeaderTheMessagesLoad() throws {
    let loaded = try load([Self.question, Self.answer])
    #expect(loaded.conversation.path.map(\.text) == ["Q", "A"])
    #expect(loaded.problems.map(\.kind) == [.noHeader])
  }

  @Test func missingPartsAreReported() throws {
    let loaded = try load([
      Self.header, Self.question,
      #"{"type":"begin","id":"a","role":"assistant","parent":"q","text":""}"#,
      #"{"type":"part","id":"a","at":0,"text":"one "}"#,
      #"{"type":"part","id":"a","at":8,"text":"three"}"#,
      #"{"type":"part","id":"a","at":0,"text":"one "}"#,
      #"{"type":"part","id":"gone","at":0,"text":"x"}"#, #"{"type":"head","id":"gone"}"#,
    ])
    #expect(loaded.conversation["a"]?.text == "one three")
    #expect(
      loaded.problems == [
        TranscriptProblem(line: 5, kind: .gap), TranscriptProblem(line: 7, kind: .unknownMessage),
        TranscriptProblem(line: 8, kind: .unknownMessage),
      ])
    #expect(loaded.interrupted == ["a"])
  }

  @Test func whatIsNoTranscriptIsRefused() throws {
    for (text, code) in [
      ("GGUF\u{1}binary\n", ChatError.Code.notTranscript), ("hello\nworld\n", .notTranscript),
      (#"{"cria":2,"id":"x"}"# + "\n", .unsupportedVersion),
    ] {
      try folder.write(text.utf8, to: "x.jsonl")
      let error = try #require(throws: ChatError.self) { try store.open("x") }
      #expect(error.code == code)
    }
    #expect(throws: ChatError.self) { try store.open("missing") }
    mkfifo(folder.path + "/pipe.jsonl", 0o600)
    mkdir(folder.path + "/folder.jsonl", 0o700)
    for id in ["pipe", "folder"] {
      let error = try #require(throws: ChatError.self) { try store.open(id) }
      #expect(error.code == .notTranscript)
      #expect(throws: ChatError.self) { try store.writer(for: id) }
    }
  }

  @Test(arguments: ["", ".", "..", "../x", "a/b", ".hidden", "a\u{0}b", "a\nb", "/etc/passwd"])
  func idsFromOutsideAreChecked(id: String) throws {
    let error = try #require(throws: ChatError.self) { try store.open(id) }
    #expect(error.code == .invalidID)
    #expect(throws: ChatError.self) { try store.delete(id) }
  }

  @Test(arguments: 0..<200)
  func randomDamageNeverStopsTheRest(seed: Int) throws {
    var generator = SeededGenerator(state: UInt64(seed))
    var bytes = Array(
      [Self.header, Self.question, Self.answer, Self.follow].joined(separator: "\n").utf8)
    let start = Self.header.utf8.count + 1
    for _ in 0...Int.random(in: 0...8, using: &generator) {
      bytes[Int.random(in: start..<bytes.count, using: &generator)] = generator.next()
    }
    let loaded = try load(bytes: bytes)
    #expect(loaded.conversation.messages.count <= 8)
    #expect(try store.list().summaries.map(\.id) == ["x"])
  }
}
