import Testing
import cria

extension ChatTests {
  @Suite struct WindowTests {
    @Test func aMessageLongerThanTheWindowIsToldAndNothingIsLost() async throws {
      let home = try Home.withModel()
      let terminal = try await Terminal.chat("--context 256", home: home)
      let text = (1...200).map { "word\($0)" }.joined(separator: " ")
      try await terminal.paste(text).settles()
      try await terminal.type("<Enter>").shows("too long for the window")
      try await terminal.type("<Esc>").settles()
      try await terminal.quit()
      #expect(try home.shell("cria transcripts show last").output.contains("word200"))
    }

    @Test func oldTurnsLeaveTheWindowAndTheScreenSaysSo() async throws {
      let home = try Home.withModel()
      let terminal = try await Terminal.chat("--context 128", home: home, columns: 100, rows: 40)
      for number in 1...4 {
        try await terminal.asks("Tell me more, number \(number)")
      }
      try await terminal.type("<C-Home>").shows("outside the window")
      try await terminal.type("<C-End>").shows("number 4")
      try await terminal.quit()
      // The file has all of it.
      let shown = try home.shell("cria transcripts show last").output
      #expect(shown.split(separator: "You: Tell me more").count == 4)
    }
  }

  @Suite struct SlashCommandTests {
    @Test func aConversationIsExported() async throws {
      let home = try Home.withModel()
      let terminal = try await Terminal.chat(home: home)
      try await terminal.asks("Say hello")
      try await terminal.type("/export chat.md<Enter>").shows("chat.md")
      try await terminal.settles()
      try await terminal.quit()
      let text = String(
        decoding: try FileSystem.read(home.path + "/chat.md", limit: 1 << 20), as: UTF8.self)
      #expect(text.contains("## You\n\nSay hello\n"))
      #expect(text.contains("## Assistant\n"))
    }

    @Test func findingMarksThePlaceAndAnUnknownCommandIsTold() async throws {
      let home = try Home.withModel()
      let terminal = try await Terminal.chat(home: home)
      try await terminal.asks("The needle and the hay")
      let before = try terminal.colouredScreen()
      try await terminal.type("/search needle<Enter>").settles()
      #expect(try terminal.colouredScreen() != before)
      try await terminal.type("i/nonsense<Enter>").shows("no command /nonsense")
      try await terminal.type("<C-u>").settles()
      try await terminal.quit()
    }
  }

  @Suite struct LinearTests {
    @Test func plainLinesWorkWithoutAScreen() throws {
      let home = try Home.withModel()
      let result = try home.shell(
        "printf 'Say hello\\nSay more\\n' | cria chat --linear --threads 1", within: 120)
      result.expectSuccess()
      #expect(!result.output.isEmpty)
      #expect(!(result.output + result.error).contains("\u{1B}"))
      let shown = try home.shell("cria transcripts show last").output
      #expect(shown.hasPrefix("You: Say hello"))
      #expect(shown.split(separator: "Assistant: ").count == 3)
    }

    @Test func aDumbTerminalCanUseIt() async throws {
      let home = try Home.withModel()
      let terminal = try Terminal(home: home)
      try await terminal.showsPrompt()
      try await terminal.type("TERM=dumb cria chat --linear<Enter>").settles(for: 0.5)
      try await terminal.type("Say hello<Enter>").shows("tokens/s", within: 60)
      try await terminal.type("<C-d>").showsPrompt()
    }
  }
}
