import Chat
import Testing

/// Small seeded generator (SplitMix64), so that a failing case can be run again.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

@Suite struct ContextBudgetTests {
  /// One token for every four bytes of the joined text: neither more nor less than the sum of
  /// its parts, as with real tokenizers.
  static func count(_ segments: [FormatSegment]) -> Int {
    (segments.reduce(0) { $0 + $1.text.utf8.count } + 3) / 4
  }

  static func exchange(_ number: Int, question: Int, reply: Int) -> [Turn] {
    [
      Turn(id: "q\(number)", role: .user, text: String(repeating: "q", count: question)),
      Turn(id: "a\(number)", role: .assistant, text: String(repeating: "a", count: reply)),
    ]
  }

  func fit(
    _ budget: ContextBudget, _ turns: [Turn], system: String? = "", start: MessageID? = nil
  ) throws(ChatError) -> WindowFit {
    var counts = TurnCounts()
    return try budget.fit(
      system: system, turns: turns, format: .chatml, previousStart: start, counts: &counts,
      count: Self.count)
  }

  @Test(arguments: [
    (2048, 512, 512), (2048, 4096, 512), (128, 512, 32), (8192, 512, 512), (2, 512, 1),
  ])
  func reserveIsAtMostAQuarter(window: Int, wanted: Int, reserve: Int) {
    let budget = ContextBudget(windowTokenCount: window, wantedReserve: wanted)
    #expect(budget.reserveTokenCount == reserve)
  }

  @Test func everythingIsInWhileItFits() throws {
    let turns = Self.exchange(1, question: 40, reply: 40) + [Turn(id: "q2", role: .user, text: "?")]
    let budget = ContextBudget(windowTokenCount: 1000, wantedReserve: 100, leadTokenCount: 1)
    let fit = try fit(budget, turns, system: "Be brief.")
    #expect(fit.turns == turns)
    #expect(fit.start == "q1")
    #expect(fit.droppedTurnCount == 0)
    #expect(!fit.didMoveStart)
    // The prompt's bytes, counted by hand: four per token, and the lead.
    let prompt =
      "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n"
      + String(repeating: "q", count: 40) + "<|im_end|>\n<|im_start|>assistant\n"
      + String(repeating: "a", count: 40)
      + "<|im_end|>\n<|im_start|>user\n?<|im_end|>\n<|im_start|>assistant\n"
    #expect(fit.segments.map(\.text).joined() == prompt)
    #expect(fit.promptTokenCount == (prompt.utf8.count + 3) / 4 + 1)
    #expect(fit.freeTokenCount == 1000 - 100 - fit.promptTokenCount)
    #expect(fit.replyTokenLimit == 1000 - fit.promptTokenCount)
    #expect(fit.shares.map(\.id) == ["q1", "a1", "q2"])
    #expect(
      fit.overheadTokenCount + fit.shares.reduce(0) { $0 + $1.tokenCount } == fit.promptTokenCount)
  }

  @Test func saysWhichIsTooLongAndByHowMuch() throws {
    let budget = ContextBudget(windowTokenCount: 128, wantedReserve: 28)
    let long = Turn(id: "long", role: .user, text: String(repeating: "x", count: 1000))
    let newest = try #require(throws: ChatError.self) { try fit(budget, [long]) }
    #expect(newest.code == .newestTurnTooLong)
    #expect(newest.place == "long")
    // "<|im_start|>user\n" 17, text 1000, "<|im_end|>\n" 11, "<|im_start|>assistant\n" 22 bytes.
    #expect(newest.tokenCount == (17 + 1000 + 11 + 22 + 3) / 4 - 100)

    let short = Turn(id: "short", role: .user, text: "?")
    let system = String(repeating: "s", count: 1000)
    let error = try #require(throws: ChatError.self) { try fit(budget, [short], system: system) }
    #expect(error.code == .systemPromptTooLong)
    // The short question would not fit either, but is not to blame.
    #expect((error.tokenCount ?? 0) >= (19 + 1000 + 11 + 22 + 3) / 4 - 100)
  }

  @Test func aQuestionThatWasTooLongDoesNotHoldOnToTheNext() throws {
    let budget = ContextBudget(windowTokenCount: 128)
    let long = Turn(id: "long", role: .user, text: String(repeating: "x", count: 1000))
    let fit = try fit(budget, [long, Turn(id: "short", role: .user, text: "?")])
    #expect(fit.turns.map(\.id) == ["short"])
  }

  @Test func aFailingCounterIsNamed() throws {
    struct Broken: Error {}
    var counts = TurnCounts()
    let budget = ContextBudget(windowTokenCount: 128)
    let error = try #require(throws: ChatError.self) {
      try budget.fit(
        system: nil, turns: [Turn(role: .user, text: "?")], format: .chatml, previousStart: nil,
        counts: &counts, count: { _ in throw Broken() })
    }
    #expect(error.code == .countFailed)
    #expect(error.cause is Broken)
  }

  @Test func aLargerWindowBringsTurnsBack() throws {
    let turns =
      (0..<20).flatMap { Self.exchange($0, question: 200, reply: 200) }
      + [Turn(id: "new", role: .user, text: "?")]
    let small = try fit(ContextBudget(windowTokenCount: 1024), turns)
    #expect(small.droppedTurnCount > 20)
    let large = try fit(ContextBudget(windowTokenCount: 8192), turns, start: small.start)
    #expect(large.droppedTurnCount == 0)
    #expect(large.didMoveStart)
  }

  @Test func aStartOnAnotherBranchCountsForNothing() throws {
    let turns = Self.exchange(1, question: 40, reply: 40) + [Turn(id: "q2", role: .user, text: "?")]
    let fit = try fit(ContextBudget(windowTokenCount: 1024), turns, start: "elsewhere")
    #expect(fit.start == "q1")
    // A reply cannot be where the window starts.
    let reply = try self.fit(ContextBudget(windowTokenCount: 1024), turns, start: "a1")
    #expect(reply.start == "q1")
  }

  @Test func eachTurnIsCountedOnce() throws {
    var turns: [Turn] = []
    var counts = TurnCounts()
    var start: MessageID?
    let budget = ContextBudget(windowTokenCount: 1_000_000)
    for number in 0..<50 {
      turns += Self.exchange(number, question: 40, reply: 40)
      var calls = 0
      let fit = try budget.fit(
        system: "s", turns: turns, format: .chatml, previousStart: start, counts: &counts,
        count: { segments in
          calls += 1
          return Self.count(segments)
        })
      start = fit.start
      // The overhead, the two new turns, the whole.
      #expect(calls == 4)
    }
    var calls = 0
    _ = try ContextBudget(windowTokenCount: 256).fit(
      system: "s", turns: turns, format: .vicuna, previousStart: nil, counts: &counts,
      count: { segments in
        calls += 1
        return Self.count(segments)
      })
    // A small window over a long conversation of another format counts only what can be in.
    #expect(calls < 30)
  }

  /// What must hold of every fit, over conversations that grow, branch and change window.
  @Test(arguments: 0..<300)
  func propertiesOverRandomConversations(seed: Int) throws {
    var generator = SeededGenerator(state: UInt64(seed))
    let formats = PromptFormat.all
    let format = formats[seed % formats.count]
    let windowTokenCount = Int.random(in: 64...3000, using: &generator)
    let budget = ContextBudget(
      windowTokenCount: windowTokenCount,
      wantedReserve: Int.random(in: 1...1000, using: &generator), leadTokenCount: seed % 2)
    let system = String(repeating: "s", count: Int.random(in: 0...100, using: &generator))
    var counts = TurnCounts()
    var turns: [Turn] = []
    var previous: WindowFit?
    var number = 0
    for step in 0..<60 {
      number += 1
      let isBranch = step % 17 == 16
      if isBranch { turns.removeLast(Int.random(in: 0...turns.count, using: &generator)) }
      let scale = Int.random(in: 1...windowTokenCount, using: &generator)
      turns.append(
        Turn(
          id: "q\(number)", role: .user,
          text: String(repeating: "q", count: Int.random(in: 0...scale, using: &generator))))
      let fit: WindowFit
      do {
        fit = try budget.fit(
          system: system, turns: turns, format: format, previousStart: previous?.start,
          counts: &counts, count: Self.count)
      } catch {
        // Only when the newest turn, or the system prompt, really does not fit alone.
        let alone = format.render(system: system, turns: [turns[turns.count - 1]])
        let total = Self.count(alone) + budget.leadTokenCount
        #expect(total > budget.promptTokenLimit)
        if error.code == .newestTurnTooLong {
          #expect(error.tokenCount == total - budget.promptTokenLimit)
        } else {
          #expect(error.code == .systemPromptTooLong)
        }
        continue
      }
      check(fit, budget, turns)
      // What was counted is what is rendered.
      #expect(fit.segments == format.render(system: system, turns: fit.turns))
      #expect(fit.promptTokenCount == Self.count(fit.segments) + budget.leadTokenCount)
      if let previous, !isBranch { checkStability(fit, previous, budget, turns, format, system) }
      // The same again gives the same: regenerating keeps the prompt.
      let again = try budget.fit(
        system: system, turns: turns, format: format, previousStart: fit.start, counts: &counts,
        count: Self.count)
      #expect(again.segments == fit.segments)
      #expect(!again.didMoveStart)
      previous = fit
      turns.append(
        Turn(
          id: "a\(number)", role: .assistant,
          text: String(repeating: "a", count: Int.random(in: 0...scale, using: &generator))))
    }
  }

  private func check(_ fit: WindowFit, _ budget: ContextBudget, _ turns: [Turn]) {
    #expect(fit.promptTokenCount + fit.reserveTokenCount <= budget.windowTokenCount)
    #expect(fit.freeTokenCount >= 0)
    // Order kept, nothing left out in between, the newest in.
    #expect(fit.turns == Array(turns[fit.droppedTurnCount...]))
    #expect(fit.turns.last == turns.last)
    #expect(fit.start == fit.turns.first?.id)
    // Whole exchanges: what is in never begins with a reply.
    #expect(fit.turns.first?.role == .user)
    #expect(fit.shares.map(\.id) == fit.turns.map(\.id))
  }

  /// On growth, the start stays unless it must move, and then far enough.
  private func checkStability(
    _ fit: WindowFit, _ previous: WindowFit, _ budget: ContextBudget, _ turns: [Turn],
    _ format: PromptFormat, _ system: String
  ) {
    guard let old = turns.firstIndex(where: { $0.id == previous.start }) else { return }
    if fit.droppedTurnCount > old {
      let unmoved = format.render(system: system, turns: Array(turns[old...]))
      #expect(Self.count(unmoved) + budget.leadTokenCount > budget.promptTokenLimit)
      if fit.turns.count > 1 {
        #expect(fit.freeTokenCount >= budget.windowTokenCount / 4)
      }
    } else {
      #expect(fit.droppedTurnCount == old || fit.promptTokenCount <= budget.dropTarget)
    }
  }
}
