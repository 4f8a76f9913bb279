import Glibc
import Testing
import cria

extension ChatTests {
  @Suite struct SessionTests {
    @Test func aConversationIsSavedAndGoneOnWith() async throws {
      let home = try Home.withModel()
      let terminal = try await Terminal.chat(home: home)
      try await terminal.asks("My name is Ada.")
      try await terminal.quit()
      try await terminal.type("clear; cria chat --resume<Enter>").shows("My name is Ada.")
      try await terminal.showsIdle()
      try await terminal.asks("What is my name?")
      try await terminal.quit()
      // Both questions are in the one transcript, in order.
      _ = try home.transcriptID()
      let shown = try home.shell("cria transcripts show last").output
      let first = try #require(shown.firstRange(of: "My name is Ada."))
      let second = try #require(shown.firstRange(of: "What is my name?"))
      #expect(first.lowerBound < second.lowerBound)
      #expect(shown.split(separator: "Assistant: ").count == 3)
    }

    @Test func aKillInMidReplyLosesAtMostASecond() async throws {
      let home = try Home.withModel()
      let terminal = try await Terminal.chat(home: home, slowly: true)
      try await terminal.type("Tell me a very long story<Enter>").showsTokens(3)
      let early = try terminal.screen()
      // What was on the screen more than a second ago has to be on the disk.
      try await Task.sleep(for: .milliseconds(1300))
      try await terminal.signal(SIGKILL).shows("Killed")
      let reply = try #require(early.split(separator: "\n").dropFirst(4).first)
        .trimmingPrefix(while: \.isWhitespace)
      let shown = try home.shell("cria transcripts show last").output
      #expect(shown.contains(reply.prefix(60)), "\(shown)\n---\n\(early)")
      // The terminal of a killed program is as it left it; a new one shows the text again.
      let second = try await Terminal.chat("--resume", home: home)
      try await second.shows(String(reply.prefix(20)))
      #expect(try second.screen().contains("interrupted"))
      try await second.type("<M-c>").showsTokens()
      try await second.type("<Esc>").showsIdle()
      try await second.quit()
    }

    @Test func theSecondProgramOnATranscriptOnlyReads() async throws {
      let home = try Home.withModel()
      let first = try await Terminal.chat(home: home)
      try await first.asks("Say hello")
      let second = try await Terminal.chat("--resume \(home.transcriptID())", home: home)
      try await second.shows("Say hello").shows("read only")
      try await second.quit()
      try await first.asks("And again")
      try await first.quit()
      #expect(try home.shell("cria transcripts show last").output.contains("And again"))
    }

    @Test func brokenLinesArePassedOverAndKept() async throws {
      let home = try Home.withModel()
      let terminal = try await Terminal.chat(home: home)
      try await terminal.asks("Say hello")
      try await terminal.quit()
      let path = try home.transcripts + "/" + home.transcriptID() + ".jsonl"
      try home.shell("printf '{\"torn\\n\\0\\0\\n\\xff\\xfe\\n' >>\(Shell.quoted(path))")
        .expectSuccess()
      let damaged = try FileSystem.read(path, limit: 1 << 20)
      try await terminal.type("clear; cria chat --resume<Enter>").shows("Say hello")
      try await terminal.shows("could not be read")
      try await terminal.showsIdle()
      try await terminal.asks("Still there?")
      try await terminal.quit()
      #expect(try FileSystem.read(path, limit: 1 << 20).starts(with: damaged))
      #expect(try home.shell("cria transcripts show last").output.contains("Still there?"))
    }

    @Test func conversationsAreListedRenamedAndDeleted() async throws {
      let home = try Home.withModel()
      let terminal = try await Terminal.chat(home: home)
      for question in ["Say one", "Say two"] {
        try await terminal.asks(question)
        try await terminal.type("<C-n>").hides(question)
      }
      try await terminal.type("<C-t>").shows("Conversations").shows("Say one").shows("Say two")
      // The last used one stands first.
      try await terminal.type("<C-r>").shows("Rename")
      try await terminal.type("<C-e><C-u>A new title<Enter>").shows("A new title")
      try await terminal.hides("Enter renames")
      try await terminal.type("Say one").settles()
      try await terminal.type("<C-d>").shows("Delete 'Say one'")
      try await terminal.type("y").hides("Delete 'Say one'")
      try await terminal.settles()
      try await terminal.type("<Esc>").hides("Conversations")
      try await terminal.quit()
      let list = try home.shell("cria transcripts list").output
      #expect(list.contains("A new title") && !list.contains("Say one"))
      #expect(list.split(separator: "\n").count == 1)
    }

    @Test func aSampleIsOpenedAndGoneOnWith() async throws {
      let home = try Home.withModel()
      let sample = "20230313T180000Z-admits"
      let terminal = try await Terminal.chat("--resume \(sample)", home: home)
      try await terminal.shows("Welcome e-mail to Stanford admits")
      try await terminal.asks("Make it shorter")
      try await terminal.quit()
      let shown = try home.shell("cria transcripts show \(sample)").output
      #expect(shown.hasPrefix("You: Write an e-mail to congratulate new Stanford admits"))
      #expect(shown.contains("You: Make it shorter"))
    }

    @Test func aFolderThatCannotBeHadIsToldAndTheChatGoesOn() async throws {
      let home = try Home.withModel()
      try home.add(".local/share/cria/transcripts", "a file where the folder should be")
      let terminal = try await Terminal.chat(home: home)
      try await terminal.type("Say hello<Enter>").shows("Not a directory")
      try await terminal.showsIdle()
      // Nothing is thrown away without being asked about.
      try await terminal.type("<C-d>").shows("Leave it all the same?")
      try await terminal.type("n").hides("Leave it all the same?")
      try await terminal.type("<C-d>").shows("Leave it all the same?")
      try await terminal.type("y").showsPrompt()
    }
  }
}
