import Chat
import FoundationEssentials
import Testing

@Suite struct TranscriptTests {
  let folder: TemporaryFolder
  let disk = FakeDisk()
  let store: TranscriptStore

  init() throws {
    folder = try TemporaryFolder()
    store = TranscriptStore(folder: folder.path, operations: disk.operations)
  }

  static let details = ReplyDetails(
    model: "SmolLM2 135M", fingerprint: "abc123", format: "chatml",
    sampling: SamplingRecord(
      temperature: 0.7, topK: 40, topP: 0.9, minP: 0.05, repeatPenalty: 1.1, repeatWindow: 64,
      seed: .max),
    stats: ReplyStats(
      promptTokens: 30, reusedTokens: 12, generatedTokens: 100, firstTokenSeconds: 0.25,
      prefillTokensPerSecond: 400.5, decodeTokensPerSecond: 150.125),
    stop: .eos)

  /// A conversation with branches, written as it happens; and as it is in memory.
  func writeSample() throws -> (Conversation, TranscriptWriter) {
    var talk = Conversation(id: "20230313T101500Z-abc", created: testDate)
    talk.systemPrompt = "Be \"brief\"."
    let writer = try store.writer(forNew: talk)
    #expect(try folder.names().isEmpty)
    try writer.append(talk.append(.user, "Hé 🦙\n\u{0}\u{1b}[2J", input: "doc", at: testDate))
    try stream(["One ", "two\u{2028}", "three"], to: &talk, writer)
    let follow = talk.append(.user, "And?", at: testDate + 5)
    try writer.append(follow)
    try stream(["Four"], to: &talk, writer)
    try talk.branch(before: follow.id)
    try writer.append(talk.append(.user, "Or?", at: testDate + 6))
    try stream(["Five"], to: &talk, writer)
    try talk.select(follow.id)
    try writer.setHead(talk.head)
    try talk.setHidden(follow.id, true)
    try writer.setHidden(follow.id, true)
    talk.customTitle = "Counting"
    try writer.rename("Counting")
    talk.systemPrompt = "Be long."
    try writer.setSystemPrompt("Be long.")
    return (talk, writer)
  }

  func stream(
    _ pieces: [String], to talk: inout Conversation, _ writer: TranscriptWriter
  ) throws {
    let details = ReplyDetails(model: Self.details.model, format: Self.details.format)
    let reply = talk.append(.assistant, "", reply: details, at: testDate + 2)
    try writer.begin(reply)
    for piece in pieces {
      try talk.update(reply.id) { $0.text += piece }
      try writer.stream(piece)
      disk.pass(seconds: 0.6)
    }
    try talk.update(reply.id) { $0.reply = Self.details }
    try writer.end(try #require(talk[reply.id]))
  }

  @Test func whatIsReadIsWhatWasWritten() throws {
    let (talk, writer) = try writeSample()
    try writer.close()
    let loaded = try store.open(talk.id)
    #expect(loaded.problems.isEmpty)
    #expect(loaded.interrupted.isEmpty)
    #expect(loaded.conversation == talk)
    #expect(loaded.conversation.path.map(\.text) == talk.path.map(\.text))
    #expect(loaded.conversation.title == "Counting")
  }

  @Test func theFormatIsTheDocumentedOne() throws {
    let (talk, _) = try writeSample()
    let lines = String(decoding: try folder.bytes(of: "\(talk.id).jsonl"), as: UTF8.self)
      .split(separator: "\n")
    #expect(
      lines[0]
        == #"{"cria":1,"id":"20230313T101500Z-abc","created":"2023-03-13T10:15:00.250Z","#
        + #""system":"Be \"brief\"."}"#)
    let first = talk.messages[0].id
    #expect(
      lines[1]
        == #"{"type":"message","id":"\#(first)","role":"user","date":"2023-03-13T10:15:00.250Z","#
        + #""input":"doc","text":"Hé 🦙\n\u0000\u001b[2J"}"#)
    #expect(lines[2].hasPrefix(#"{"type":"begin","id":"#))
    #expect(lines[3].hasPrefix(#"{"type":"part","id":"#))
  }

  @Test func everyMessageIsSynchronizedWhenItEnds() throws {
    var talk = Conversation(id: "t", created: testDate)
    let writer = try store.writer(forNew: talk)
    try writer.append(talk.append(.user, "Q", at: testDate))
    #expect(disk.synchronizations.withLock { $0 } == 1)
    let reply = talk.append(.assistant, "", at: testDate)
    try writer.begin(reply)
    try writer.stream("A")
    #expect(disk.synchronizations.withLock { $0 } == 1)
    try writer.end(reply)
    #expect(disk.synchronizations.withLock { $0 } == 2)
  }

  @Test func streamingTextReachesTheFileOnceASecond() throws {
    var talk = Conversation(id: "t", created: testDate)
    let writer = try store.writer(forNew: talk)
    try writer.append(talk.append(.user, "Q", at: testDate))
    let reply = talk.append(.assistant, "", at: testDate)
    try writer.begin(reply)
    func onDisk() throws -> String { try #require(try store.open("t").conversation[reply.id]).text }
    try writer.stream("a")
    disk.pass(seconds: 0.9)
    try writer.stream("b")
    #expect(try onDisk() == "")
    disk.pass(seconds: 0.2)
    // No more text comes, the clock alone makes it due.
    try writer.flushIfDue()
    #expect(try onDisk() == "ab")
    try writer.stream("c")
    try writer.flushIfDue()
    #expect(try onDisk() == "ab")
    disk.pass(seconds: 1)
    try writer.stream("d")
    #expect(try onDisk() == "abcd")
    let loaded = try store.open("t")
    #expect(loaded.interrupted == [reply.id])
    #expect(loaded.conversation[reply.id]?.reply?.stop == .interrupted)
  }

  @Test func anInterruptedReplyGoesOn() throws {
    var talk = Conversation(id: "t", created: testDate)
    var writer: TranscriptWriter? = try store.writer(forNew: talk)
    try writer?.append(talk.append(.user, "Q", at: testDate))
    try writer?.begin(talk.append(.assistant, "", at: testDate))
    try writer?.stream("half")
    disk.pass(seconds: 2)
    try writer?.flushIfDue()
    // The program ends here.
    writer = nil

    let resumed = try store.resume("t")
    let second = try #require(resumed.writer)
    var again = resumed.transcript.conversation
    let reply = try #require(again.last(.assistant))
    #expect(reply.text == "half")
    #expect(reply.reply?.stop == .interrupted)
    try second.begin(reply)
    try second.stream(" and")
    disk.pass(seconds: 2)
    try second.stream(" whole")
    #expect(try store.open("t").conversation[reply.id]?.text == "half and whole")
    try again.update(reply.id) {
      $0.text = "half and whole."
      $0.reply = Self.details
    }
    try second.end(try #require(again[reply.id]))
    let loaded = try store.open("t")
    #expect(loaded.conversation == again)
    #expect(loaded.problems.isEmpty && loaded.interrupted.isEmpty)
    #expect(try store.list().summaries.first?.messageCount == 2)
  }

  @Test func cutAnywhereEverythingBeforeLoads() throws {
    let (talk, writer) = try writeSample()
    try writer.close()
    let bytes = try folder.bytes(of: "\(talk.id).jsonl")
    let texts = talk.messages.map(\.text)
    var counts: [Int] = []
    for length in 0...bytes.count {
      try folder.write(bytes[..<length], to: "cut.jsonl")
      let loaded = try store.open("cut")
      let isAtLineEnd = length == 0 || bytes[length - 1] == 10 || bytes[length] == 10
      #expect(loaded.problems.isEmpty == isAtLineEnd)
      #expect(loaded.problems.allSatisfy { $0.kind == .cut })
      // All messages but the last read are whole; that one is a beginning of itself.
      for (message, text) in zip(loaded.conversation.messages, texts) {
        #expect(text.hasPrefix(message.text))
      }
      for (message, text) in zip(loaded.conversation.messages, texts).dropLast() {
        #expect(message.text == text)
      }
      counts.append(loaded.conversation.messages.count)
    }
    #expect(counts == counts.sorted())
    #expect(counts.first == 0 && counts.last == texts.count)
  }

  @Test func afterACutLineWritingStartsAnew() throws {
    let (talk, writer) = try writeSample()
    try writer.close()
    let bytes = try folder.bytes(of: "\(talk.id).jsonl")
    let cut = bytes.count - 10
    try folder.write(bytes[..<cut], to: "cut.jsonl")
    let resumed = try store.resume("cut")
    var again = resumed.transcript.conversation
    try #require(resumed.writer).append(again.append(.user, "On", at: testDate))
    let after = try folder.bytes(of: "cut.jsonl")
    // The file is kept as it was, and goes on after a line feed.
    #expect(after.starts(with: bytes[..<cut]))
    #expect(after[cut] == 10)
    let loaded = try store.open("cut")
    #expect(loaded.conversation == again)
    #expect(loaded.problems.map(\.kind) == [.broken])
  }

  @Test func anotherWriterIsLockedOut() throws {
    let (talk, writer) = try writeSample()
    let error = try #require(throws: ChatError.self) { try store.writer(for: talk.id) }
    #expect(error.code == .locked)
    let resumed = try store.resume(talk.id)
    #expect(resumed.writer == nil)
    #expect(resumed.writerError?.code == .locked)
    #expect(resumed.transcript.conversation == talk)
    #expect(throws: ChatError.self) { try store.rename(talk.id, to: "x") }
    #expect(throws: ChatError.self) { try store.delete(talk.id) }
    try writer.close()
    #expect(try store.resume(talk.id).writer != nil)
  }
}
