import Chat
import FoundationEssentials
import Testing

@Suite struct ConversationTests {
  static let date = Date(timeIntervalSince1970: 1_678_702_500)

  @Test func regeneratingMakesSiblings() throws {
    var talk = Conversation(id: "c", created: Self.date)
    let question = talk.append(.user, "Q", at: Self.date)
    let first = talk.append(.assistant, "A1", at: Self.date)
    let followUp = talk.append(.user, "Q2", at: Self.date)
    try talk.branch(before: first.id)
    #expect(talk.head == question.id)
    let second = talk.append(.assistant, "A2", at: Self.date)

    #expect(talk.path.map(\.text) == ["Q", "A2"])
    #expect(talk.siblings(of: second.id).map(\.text) == ["A1", "A2"])
    let position = try #require(talk.siblingPosition(of: second.id))
    #expect(position == (1, 2))
    // Back on the first branch, its end is where one was.
    #expect(talk.selectSibling(of: second.id, offset: -1)?.id == first.id)
    #expect(talk.head == followUp.id)
    #expect(talk.path.map(\.text) == ["Q", "A1", "Q2"])
    #expect(talk.selectSibling(of: first.id, offset: -1) == nil)
    #expect(talk.head == followUp.id)
  }

  @Test func editingTheFirstQuestionMakesASecondRoot() throws {
    var talk = Conversation(id: "c", created: Self.date)
    let question = talk.append(.user, "Q", at: Self.date)
    talk.append(.assistant, "A", at: Self.date)
    try talk.branch(before: question.id)
    #expect(talk.head == nil)
    let edited = talk.append(.user, "Q!", at: Self.date)
    #expect(edited.parent == nil)
    #expect(talk.siblings(of: question.id).map(\.text) == ["Q", "Q!"])
    try talk.select(question.id)
    #expect(talk.path.map(\.text) == ["Q", "A"])
  }

  @Test func walkingBackRemembersDeepBranches() throws {
    var talk = Conversation(id: "c", created: Self.date)
    let question = talk.append(.user, "Q", at: Self.date)
    let first = talk.append(.assistant, "A1", at: Self.date)
    let left = talk.append(.user, "L", at: Self.date)
    try talk.branch(before: left.id)
    talk.append(.user, "R", at: Self.date)
    try talk.select(left.id)
    try talk.branch(before: first.id)
    talk.append(.assistant, "A2", at: Self.date)
    try talk.select(first.id)
    // L was looked at last, although R was written last.
    #expect(talk.path.map(\.text) == ["Q", "A1", "L"])
    try talk.moveHead(to: question.id)
    #expect(talk.path.map(\.text) == ["Q"])
  }

  @Test func hiddenMessagesStayInTheTree() throws {
    var talk = Conversation(id: "c", created: Self.date)
    talk.append(.user, "Q", at: Self.date)
    let reply = talk.append(.assistant, "A", at: Self.date)
    talk.append(.user, "Q2", at: Self.date)
    try talk.setHidden(reply.id, true)
    #expect(talk.visiblePath.map(\.text) == ["Q", "Q2"])
    #expect(talk.turns().map(\.text) == ["Q", "Q2"])
    try talk.setHidden(reply.id, false)
    #expect(talk.visiblePath.count == 3)
  }

  @Test func turnsLeaveOutEmptyRepliesAndMarkTheUnfinished() throws {
    var talk = Conversation(id: "c", created: Self.date)
    talk.append(.user, "Q", at: Self.date)
    talk.append(.assistant, "", at: Self.date)
    talk.append(.user, "Q2", at: Self.date)
    talk.append(.assistant, "half", at: Self.date)
    #expect(talk.turns().map(\.text) == ["Q", "Q2", "half"])
    #expect(talk.turns().map(\.isFinished) == [true, true, true])
    #expect(talk.turns(continuing: true).map(\.isFinished) == [true, true, false])
  }

  @Test func refusesWhatCannotBe() {
    var talk = Conversation(id: "c", created: Self.date)
    let orphan = Message(id: "m", parent: "gone", role: .user, text: "", date: Self.date)
    #expect(throws: ChatError.self) { try talk.insert(orphan) }
    #expect(throws: ChatError.self) { try talk.select("gone") }
    #expect(throws: ChatError.self) { try talk.branch(before: "gone") }
    #expect(talk.isEmpty)
    #expect(talk.siblings(of: "gone").isEmpty)
  }

  @Test func updateKeepsPlaceAndID() throws {
    var talk = Conversation(id: "c", created: Self.date)
    let question = talk.append(.user, "Q", at: Self.date)
    let reply = talk.append(.assistant, "A", at: Self.date)
    try talk.update(reply.id) {
      $0 = Message(id: "other", parent: nil, role: .assistant, text: "B", date: Self.date)
    }
    #expect(talk[reply.id]?.text == "B")
    #expect(talk[reply.id]?.parent == question.id)
    #expect(talk["other"] == nil)
  }

  @Test func tenThousandMessagesAreQuick() throws {
    var talk = Conversation(id: "c", created: Self.date)
    for index in 0..<10_000 {
      talk.append(index % 2 == 0 ? .user : .assistant, "\(index)", at: Self.date)
    }
    #expect(talk.path.count == 10_000)
    #expect(Set(talk.messages.map(\.id)).count == 10_000)
    try talk.select(talk.messages[0].id)
    #expect(talk.head == talk.messages[9_999].id)
  }

  @Test func idsSortByTime() {
    var generator = SystemRandomNumberGenerator()
    let ids = (0..<100).map {
      SortableID.make(date: Self.date + Double($0), using: &generator)
    }
    #expect(ids == ids.sorted())
    #expect(ids.allSatisfy { $0.utf8.count == 14 })
    // A clock before 1970 makes an id all the same.
    let early = SortableID.make(date: Date(timeIntervalSince1970: -5), using: &generator)
    #expect(early.hasPrefix("000000000"))
  }
}

@Suite struct TitleTests {
  @Test(arguments: [
    ("Hello", "Hello"), ("  two\n\n lines\t", "two lines"), ("a\u{1b}[2Jb", "a [2Jb"),
    ("\u{0}\u{7}", ""), ("safe\u{202E}evil", "safeevil"), ("zero\u{200B}width", "zerowidth"),
    ("👩‍👩‍👧 family", "👩‍👩‍👧 family"), ("\u{2028}x\u{85}y", "x y"),
  ])
  func isOneCleanLine(text: String, title: String) {
    #expect(Title.clean(text) == title)
  }

  @Test func longQuestionsAreCutAtAWord() {
    let question =
      "Write an e-mail to congratulate new Stanford admits and mention that you are excited"
    #expect(
      Title.make(from: question) == "Write an e-mail to congratulate new Stanford admits and…")
    #expect(Title.make(from: String(repeating: "x", count: 100)).count == 61)
    #expect(Title.make(from: String(repeating: "🦙", count: 100_000)).count == 61)
  }

  @Test func conversationTitle() {
    var talk = Conversation(id: "c", created: ConversationTests.date)
    #expect(talk.title == "")
    talk.append(.user, "First\nquestion", at: ConversationTests.date)
    talk.append(.user, "Second", at: ConversationTests.date)
    #expect(talk.title == "First question")
    talk.customTitle = "Mine"
    #expect(talk.title == "Mine")
  }
}

@Suite struct TimestampTests {
  @Test(arguments: [
    (1_678_702_500.0, "2023-03-13T10:15:00.000Z"), (1_678_702_500.256, "2023-03-13T10:15:00.256Z"),
    (0.001, "1970-01-01T00:00:00.001Z"), (-0.5, "1969-12-31T23:59:59.500Z"),
    (951_782_399.9996, "2000-02-29T00:00:00.000Z"),
  ])
  func isISO8601InWholeMilliseconds(seconds: Double, text: String) {
    #expect(Timestamp.string(Date(timeIntervalSince1970: seconds)) == text)
  }

  @Test func everyMillisecondSurvives() throws {
    for milliseconds in stride(from: 0, to: 1000, by: 1) {
      let date = Timestamp.rounded(
        Date(timeIntervalSince1970: 1_700_000_000 + Double(milliseconds) / 1000))
      #expect(Timestamp.date(Timestamp.string(date)) == date)
    }
  }

  @Test func readsOtherForms() {
    let date = Date(timeIntervalSince1970: 1_678_702_500)
    #expect(Timestamp.date("2023-03-13T10:15:00Z") == date)
    #expect(Timestamp.date("2023-03-13T12:15:00+02:00") == date)
    #expect(Timestamp.date("yesterday") == nil)
    #expect(Timestamp.compact(date) == "20230313T101500Z")
  }
}
