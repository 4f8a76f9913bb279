import Chat
import FoundationEssentials
import Glibc
import Testing

/// Full disks, lost folders, and what is done about them.
@Suite struct TranscriptFailureTests {
  let folder: TemporaryFolder
  let disk = FakeDisk()
  let store: TranscriptStore

  init() throws {
    folder = try TemporaryFolder()
    store = TranscriptStore(folder: folder.path, operations: disk.operations)
  }

  @Test(arguments: [
    (ENOSPC, ChatError.Code.diskFull), (EDQUOT, .diskFull), (EROFS, .readOnly),
    (EACCES, .accessDenied), (EIO, .inputOutput),
  ])
  func writeErrorsAreTyped(number: Int32, code: ChatError.Code) throws {
    disk.failure.withLock { $0 = number }
    disk.room.withLock { $0 = 0 }
    var talk = Conversation(id: "t", created: testDate)
    let writer = try store.writer(forNew: talk)
    let message = talk.append(.user, "Q", at: testDate)
    let error = try #require(throws: ChatError.self) { try writer.append(message) }
    #expect(error.code == code)
    #expect(error.place == writer.path)
  }

  /// However much of the lines fitted: once there is room, all of it is there.
  @Test func nothingIsMissingOnceThereIsRoomAgain() throws {
    for room in stride(from: 0, to: 700, by: 23) {
      var talk = Conversation(id: "room\(room)", created: testDate)
      let writer = try store.writer(forNew: talk)
      disk.room.withLock { $0 = room }
      try? writer.append(talk.append(.user, "Question", at: testDate))
      let reply = talk.append(.assistant, "", at: testDate)
      try? writer.begin(reply)
      for index in 0..<5 {
        disk.pass(seconds: 2)
        try talk.update(reply.id) { $0.text += "piece \(index) " }
        try? writer.stream("piece \(index) ")
      }
      disk.room.withLock { $0 = nil }
      let partial = try #require(talk[reply.id])
      try writer.retry()
      #expect(try store.open(talk.id).conversation[reply.id]?.text == partial.text)
      try talk.update(reply.id) { $0.reply = TranscriptTests.details }
      try writer.end(try #require(talk[reply.id]))
      let loaded = try store.open(talk.id)
      #expect(loaded.conversation == talk)
      #expect(loaded.problems.isEmpty)
    }
  }

  @Test func aFullDiskFromTheStartLeavesNoEmptyFile() throws {
    disk.room.withLock { $0 = 0 }
    var talk = Conversation(id: "t", created: testDate)
    var writer: TranscriptWriter? = try store.writer(forNew: talk)
    let message = talk.append(.user, "Q", at: testDate)
    #expect(throws: ChatError.self) { try writer?.append(message) }
    writer = nil
    #expect(try folder.names().isEmpty)
  }

  @Test func aLostFolderIsToldAndTheConversationSavedElsewhere() throws {
    var talk = Conversation(id: "t", created: testDate)
    let inner = TranscriptStore(folder: folder.path + "/inner", operations: disk.operations)
    let writer = try inner.writer(forNew: talk)
    try writer.append(talk.append(.user, "Q", at: testDate))
    let streaming = talk.append(.assistant, "Some", at: testDate)
    try writer.begin(streaming)
    try FileManager.default.removeItem(atPath: inner.folder)
    disk.pass(seconds: 2)
    let error = try #require(throws: ChatError.self) { try writer.stream(" text") }
    #expect(error.code == .folderMissing)

    try talk.update(streaming.id) { $0.text += " text" }
    let second = try store.save(talk)
    try second.stream(" more")
    disk.pass(seconds: 2)
    try second.flushIfDue()
    #expect(try store.open("t").conversation[streaming.id]?.text == "Some text more")
    try talk.update(streaming.id) {
      $0.text += " more"
      $0.reply = TranscriptTests.details
    }
    try second.end(try #require(talk[streaming.id]))
    #expect(try store.open("t").conversation == talk)
  }

  @Test func savingKeepsTreeHeadAndHiddenMessages() throws {
    var talk = Conversation(id: "t", created: testDate)
    talk.systemPrompt = ""
    talk.customTitle = "Title"
    let question = talk.append(.user, "Q", at: testDate)
    let first = talk.append(.assistant, "A1", reply: TranscriptTests.details, at: testDate)
    talk.append(.user, "Q2", at: testDate)
    try talk.branch(before: first.id)
    talk.append(.assistant, "A2", reply: TranscriptTests.details, at: testDate)
    try talk.setHidden(first.id, true)
    try talk.moveHead(to: question.id)
    try store.save(talk).close()
    // A name that is taken gets a number.
    let second = try store.save(talk)
    #expect(second.id == "t-2")
    let loaded = try store.open("t").conversation
    #expect(loaded.messages == talk.messages)
    #expect(loaded.head == talk.head)
    #expect(loaded.systemPrompt == "" && loaded.title == "Title")
  }

  @Test func savingToAFullDiskLeavesNothingBehind() throws {
    var talk = Conversation(id: "t", created: testDate)
    talk.append(.user, "Q", at: testDate)
    disk.room.withLock { $0 = 20 }
    let error = try #require(throws: ChatError.self) { try store.save(talk) }
    #expect(error.code == .diskFull)
    #expect(try folder.names().isEmpty)
  }

  @Test func aFolderThatCannotBe() throws {
    try folder.write("x".utf8, to: "file")
    for path in [folder.path + "/file/transcripts", "/proc/transcripts"] {
      let store = TranscriptStore(folder: path)
      var talk = Conversation(id: "t", created: testDate)
      let writer = try store.writer(forNew: talk)
      let message = talk.append(.user, "Q", at: testDate)
      let error = try #require(throws: ChatError.self) { try writer.append(message) }
      #expect(error.code == .folderMissing)
      #expect(error.place.hasPrefix(path))
      #expect(throws: ChatError.self) { try store.save(talk) }
    }
    #expect(throws: ChatError.self) { try TranscriptStore(folder: folder.path + "/file").list() }
  }

  @Test func numbersThatJSONLacksAreWritten() throws {
    var talk = Conversation(id: "t", created: testDate)
    let writer = try store.writer(forNew: talk)
    let stats = ReplyStats(firstTokenSeconds: .infinity, decodeTokensPerSecond: -.infinity)
    try writer.append(
      talk.append(.assistant, "A", reply: ReplyDetails(stats: stats), at: testDate))
    #expect(try store.open("t").conversation == talk)
  }
}
