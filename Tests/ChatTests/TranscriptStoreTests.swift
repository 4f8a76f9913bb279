import Chat
import FoundationEssentials
import Testing

@Suite struct TranscriptStoreTests {
  let folder: TemporaryFolder
  let store: TranscriptStore

  init() throws {
    folder = try TemporaryFolder()
    store = TranscriptStore(folder: folder.path)
  }

  func write(_ id: String, question: String, after seconds: Double) throws {
    var talk = Conversation(id: id, created: testDate)
    let writer = try store.writer(forNew: talk)
    try writer.append(talk.append(.user, question, at: testDate + seconds))
    let reply = talk.append(
      .assistant, "\"role\":\"user\"", reply: ReplyDetails(model: "model \(id)", stop: .eos),
      at: testDate + seconds + 1)
    try writer.begin(reply)
    try writer.stream(reply.text)
    try writer.end(reply)
    try writer.close()
  }

  @Test func listsTheNewestFirst() throws {
    try write("b", question: "Old\nquestion", after: 0)
    try write("a", question: "New question", after: 100)
    try store.rename("b", to: "Named")
    try folder.write("not one".utf8, to: "junk.jsonl")
    try folder.write("other".utf8, to: "notes.txt")
    let list = try store.list()
    #expect(list.summaries.map(\.id) == ["a", "b"])
    #expect(list.summaries.map(\.title) == ["New question", "Named"])
    #expect(list.summaries.map(\.model) == ["model a", "model b"])
    #expect(list.summaries.map(\.messageCount) == [2, 2])
    #expect(list.summaries.map(\.created) == [testDate, testDate].map(Timestamp.rounded))
    #expect(list.summaries[0].updated == Timestamp.rounded(testDate + 101))
    #expect(list.unreadable.map(\.code) == [.notTranscript])
    #expect(list.unreadable[0].place.hasSuffix("/junk.jsonl"))
  }

  /// The quick way to a summary must see what reading the whole conversation sees.
  @Test func summariesAgreeWithConversations() throws {
    try write("t", question: "Q", after: 0)
    let lines = [
      #"{"cria":1,"id":"h","created":"2023-03-13T10:15:00Z","title":"Given"}"#,
      #"{"text":"by hand","id":"1","type":"message","role":"user","date":"2023-03-14T00:00:00Z"}"#,
      #"{"type":"message","id":"2","role":"assistant","parent":"1","text":"A","model":"M"}"#,
      #"{"type":"message","id":"2","role":"assistant","parent":"1","text":"AA","model":"N"}"#,
      #"{"type":"title","title":null}"#,
    ]
    try folder.write(lines.joined(separator: "\n").utf8, to: "h.jsonl")
    for summary in try store.list().summaries {
      let talk = try store.open(summary.id).conversation
      #expect(summary.title == talk.title)
      #expect(summary.messageCount == talk.messages.count)
      #expect(summary.created == talk.created)
      #expect(summary.model == talk.last(.assistant)?.reply?.model)
    }
  }

  @Test func aFolderThatIsNotThereIsEmpty() throws {
    let list = try TranscriptStore(folder: folder.path + "/none").list()
    #expect(list.summaries.isEmpty && list.unreadable.isEmpty)
  }

  @Test func deletingCanBeUndone() throws {
    try write("t", question: "First", after: 0)
    let before = try folder.bytes(of: "t.jsonl")
    let trashed = try store.delete("t")
    #expect(try store.list().summaries.isEmpty)
    #expect(try store.restore(trashed) == "t")
    #expect(try folder.bytes(of: "t.jsonl") == before)
    let error = try #require(throws: ChatError.self) { try store.delete("other") }
    #expect(error.code == .transcriptMissing)
  }

  @Test func namesThatClashInTheTrashAndOutOfIt() throws {
    try write("t", question: "First", after: 0)
    let first = try store.delete("t")
    try write("t", question: "Second", after: 0)
    let second = try store.delete("t")
    #expect(first.path != second.path)
    try write("t", question: "Third", after: 0)
    #expect(try store.restore(first) == "t-2")
    #expect(try store.restore(second) == "t-3")
    let titles = try ["t", "t-2", "t-3"].map { try store.open($0).conversation.title }
    #expect(titles == ["Third", "First", "Second"])
  }

  @Test func newIDsSortByTimeAndAreFileNames() throws {
    let early = Conversation.new(at: testDate)
    let late = Conversation.new(at: testDate + 1)
    #expect(early.id.hasPrefix("20230313T101500Z-"))
    #expect(early.id < late.id)
    #expect(try store.path(of: early.id) == "\(folder.path)/\(early.id).jsonl")
    #expect(Set((0..<1000).map { _ in Conversation.new(at: testDate).id }).count == 1000)
  }
}
