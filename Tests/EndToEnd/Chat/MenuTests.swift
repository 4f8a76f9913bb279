import Glibc
import Testing
import cria

extension ChatTests {
  @Suite struct MenuTests {
    @Test func theModelIsSwitchedWhileTheConversationStays() async throws {
      let home = try Home.withModel()
      try home.shell("cria synth --shape tiny --type q8_0 \(home.models)/Tiny-alpaca.gguf")
        .expectSuccess()
      let terminal = try await Terminal.chat("--model smollm2", home: home)
      try await terminal.asks("Say hello")
      try await terminal.type("<C-o>").shows("Models").shows("Tiny-alpaca").shows("fits")
      try await terminal.type("tiny<Enter>").hides("Models")
      try await terminal.wait(for: "has the other model") {
        $0.split(separator: "\n").last?.contains("Tiny-alpaca") == true
      }
      try await terminal.shows("Say hello")
      try await terminal.showsIdle()
      try await terminal.type("Go on<Enter>").shows("Assistant  Tiny-alpaca")
      try await terminal.showsIdle()
      try await terminal.quit()
      let text = String(
        decoding: try FileSystem.read(
          home.transcripts + "/" + home.transcriptID() + ".jsonl", limit: 1 << 22), as: UTF8.self)
      #expect(text.contains("\"model\":\"SmolLM2-135M-Instruct.Q4_1\""))
      #expect(text.contains("\"model\":\"Tiny-alpaca\""))
    }

    @Test func aModelThatDoesNotLoadLeavesTheConversation() async throws {
      let home = try Home.withModel()
      try home.shell("head -c 100000 \(Shell.quoted(Built.model())) >\(home.models)/broken.gguf")
        .expectSuccess()
      let terminal = try await Terminal.chat("--model smollm2", home: home)
      try await terminal.asks("Say hello")
      try await terminal.type("<C-o>").shows("broken").shows("unusable")
      try await terminal.type("broken<Enter>").settles()
      try await terminal.type("<Esc>").settles()
      try await terminal.shows("Say hello")
      try await terminal.type("<C-d>").showsPrompt()
    }

    @Test func theFirstStartOffersTheDefaultModel() async throws {
      let home = Home()
      try home.add(
        "bin/python3", "#!/bin/bash\necho 'WARNING: NewConnectionError'\nsleep 0.5\nexit 1\n")
      chmod(home.path + "/bin/python3", 0o755)
      let path = home.path + "/bin:" + (Environment.value("PATH") ?? "/usr/bin:/bin")
      let terminal = try Terminal(home: home, environment: ["PATH": path])
      try await terminal.showsPrompt()
      try await terminal.type("cria<Enter>").shows("No model yet").shows("Fetch it")
      try await terminal.type("y").shows("cannot be reached")
      // A message waits for a model and says so.
      try await terminal.type("hello<Enter>").shows("no model yet")
      try await terminal.type("<Esc>").settles()
      try await terminal.quit()
    }

    @Test func aMessageSentBeforeTheModelIsReadyIsAnswered() async throws {
      let home = Home()
      let terminal = try Terminal(home: home)
      try await terminal.showsPrompt()
      try await terminal.type("cria<Enter>").shows("No model yet")
      try await terminal.type("<Esc>").hides("Fetch it")
      try await terminal.type("Say hello<Enter>").shows("Ctrl-O chooses one")
      try home.addModel()
      try await terminal.type("<C-o>").shows("SmolLM2")
      try await terminal.asks("")
      try await terminal.quit()
      #expect(try home.shell("cria transcripts show last").output.contains("Assistant: "))
    }

    @Test func themesHelpAndCommandsOpenAndClose() async throws {
      let home = try Home.withModel()
      let terminal = try await Terminal.chat(home: home)
      try await terminal.type("<F3>").shows("Theme").shows("dark").shows("high-contrast")
      let before = try terminal.colouredScreen()
      try await terminal.type("light<Enter>").hides("Enter keeps it")
      #expect(try terminal.colouredScreen() != before)
      try await terminal.type("<F1>").shows("Esc closes")
      try await terminal.type("<Esc>").hides("Esc closes")
      try await terminal.type("<C-p>").shows("Commands")
      try await terminal.type("<Esc>").hides("Enter runs it")
      try await terminal.quit()
      // The theme is remembered.
      let again = try await Terminal.chat(home: home)
      try await again.type("<F3>").shows("Enter keeps it")
      try again.check { $0.contains(/✓ *light/) }
      try await again.type("<Esc>").hides("Enter keeps it")
      try await again.quit()
    }

    /// Options that cannot be, and what the line says.
    static let wrong = [
      ("--model nonsense", "nonsense", 1), ("--theme nonsense", "nonsense", 1),
      ("--format nonsense", "nonsense", 2), ("--context 1", "--context", 2),
      ("--threads 0", "--threads", 2),
    ]

    @Test(arguments: wrong)
    func wrongOptionsAreALineAndNoScreen(option: String, word: String, status: Int) async throws {
      let terminal = try Terminal(home: try Home.withModel())
      try await terminal.showsPrompt()
      try await terminal.type("cria \(option); echo status $?<Enter>").shows("status \(status)\n")
      try terminal.check { $0.contains("cria: ") && $0.contains(word) }
    }
  }
}
