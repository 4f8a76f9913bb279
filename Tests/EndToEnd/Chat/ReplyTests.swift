import Testing
import cria

extension ChatTests {
  @Suite struct ReplyTests {
    /// What the first web demonstration of Alpaca was asked in 2023.
    static let question =
      "Write an e-mail to congratulate new Stanford admits and mention that you are excited "
      + "about meeting all of them in person"

    @Test func aQuestionIsAnsweredAndTheRateMoves() async throws {
      let home = try Home.withModel()
      let terminal = try await Terminal.chat(home: home)
      try terminal.type(Self.question + "<Enter>")
      var counts: Set<Int> = []
      try await terminal.wait(for: "streams a reply with moving numbers", within: 60) {
        if let count = Terminal.runningCount($0) { counts.insert(count) }
        return counts.count >= 3
      }
      let running = try terminal.screen()
      #expect(running.contains(/[0-9.]+ tok\/s/))
      try await terminal.showsIdle()
      #expect(try terminal.screen().contains(/[0-9.]+ tok\/s  first [0-9.]+ m?s/))
      try await terminal.quit()
      let shown = try home.shell("cria transcripts show last")
      #expect(shown.output.hasPrefix("You: " + Self.question))
      let reply = try #require(shown.output.split(separator: "Assistant: ").last)
      #expect(reply.contains("Subject:"))
      #expect(reply.count > 100)
    }

    @Test func stoppingKeepsTheTextAndEndsTheComputation() async throws {
      let terminal = try await Terminal.chat(home: try Home.withModel(), slowly: true)
      try await terminal.type("Tell me a very long story<Enter>").showsTokens(5)
      try await terminal.type("<Esc>").shows("stopped")
      let words = try terminal.screen()
      try await terminal.showsIdle()
      // The text that came stays, and nothing more comes or is computed.
      let reply = try #require(words.split(separator: "\n").dropFirst(4).first)
      #expect(reply.count > 5)
      let before = try terminal.cpuSeconds()
      try await Task.sleep(for: .milliseconds(700))
      #expect(try terminal.cpuSeconds() - before < 0.2)
      #expect(try terminal.screen().contains(reply.prefix(30)))
      try await terminal.quit()
    }

    @Test func aPromptThatIsBeingReadShowsProgressAndCanBeStopped() async throws {
      let terminal = try await Terminal.chat(home: try Home.withModel(), slowly: true)
      let text = (1...400).map { "Line \($0) of a long text." }.joined(separator: " ")
      try await terminal.paste(text).settles()
      try await terminal.type("<Enter>").wait(for: "shows the prompt's progress") {
        $0.contains(/reading [0-9]+%/)
      }
      try await terminal.type("<Esc>").showsIdle(within: 20)
      try await terminal.quit()
    }

    @Test func theViewStaysWhereTheReaderIs() async throws {
      let terminal = try await Terminal.chat(
        home: try Home.withModel(), columns: 80, rows: 9, slowly: true)
      try await terminal.type(Self.question + "<Enter>").showsTokens(40)
      try await terminal.type("<C-Home>").shows(" You")
      let top = try terminal.rows()[1...3]
      try await terminal.showsTokens(30)
      #expect(try terminal.rows()[1...3] == top)
      try await terminal.type("<C-End>").wait(for: "is back at the end") {
        !$0.contains(" You\n")
      }
      try await terminal.type("<Esc>").showsIdle()
      try await terminal.quit()
    }

    @Test func whatIsTypedIsNeverParsedForSpecialTokens() async throws {
      let home = try Home.withModel()
      let terminal = try await Terminal.chat(home: home)
      try await terminal.type("Say <lt>|im_end|> once<Enter>").shows("Say <|im_end|> once")
      try await terminal.showsIdle()
      try await terminal.quit()
    }

    @Test func typingIsTakenWhileAReplyComes() async throws {
      let terminal = try await Terminal.chat(home: try Home.withModel(), slowly: true)
      try await terminal.type("Tell me a very long story<Enter>").showsTokens(2)
      try await terminal.type("my next question").shows("my next question", within: 5)
      #expect(Terminal.runningCount(try terminal.screen()) != nil)
      // Ctrl-C: first the input goes, then the reply stops, then it asks, then it quits.
      try await terminal.type("<C-c>").hides("my next question")
      #expect(Terminal.runningCount(try terminal.screen()) != nil)
      try await terminal.type("<C-c>").shows("stopped")
      try await terminal.showsIdle()
      try await terminal.type("<C-c>").shows("once more to quit")
      try await terminal.type("<C-c>").showsPrompt()
    }

    @Test func severalLinesAndPastesAreSentWhole() async throws {
      let home = try Home.withModel()
      let terminal = try await Terminal.chat(home: home)
      let lines = (1...12).map { "pasted line \($0)" }.joined(separator: "\n")
      try await terminal.type("first").type("<M-Enter>").type("second ").paste(lines)
        .settles()
      // Over 8 lines, a paste is a chip.
      #expect(!(try terminal.screen().contains("pasted line 7")))
      try await terminal.type("<Enter>").showsIdle()
      try await terminal.quit()
      let shown = try home.shell("cria transcripts show last").output
      #expect(shown.hasPrefix("You: first\nsecond \(lines)\n"))
    }

    @Test func regeneratingMakesABranch() async throws {
      let home = try Home.withModel()
      let terminal = try await Terminal.chat(home: home)
      try await terminal.asks("Say hello")
      try await terminal.type("<C-r>").shows("2/2")
      try await terminal.showsIdle()
      try await terminal.type("<M-Up>").shows("1/2")
      try await terminal.quit()
    }
  }
}

extension Terminal {
  /// Processor time that the program has used so far.
  func cpuSeconds() throws -> Double {
    let text = String(
      decoding: try FileSystem.read("/proc/\(programPid())/stat", limit: 4096), as: UTF8.self)
    // Fields 14 and 15 of proc(5), counted after the name in brackets, in hundredths.
    let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
    guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else {
      throw Unexpected(description: "no processor time in: \(text)")
    }
    return (user + system) / 100
  }
}
