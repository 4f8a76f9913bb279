import Glibc
import Testing
import cria

/// `cria chat --linear`: the chat as plain lines, through pipes and in a terminal.
@Suite(.timeLimit(.minutes(5))) struct LinearTests {
  let home = Home()

  init() throws {
    try FileSystem.createFolders(home.models)
    try home.shell("cria synth --shape tiny --type q8_0 \(home.models)/tiny.gguf").expectSuccess()
    try home.add(".config/cria/config.toml", "[sampling]\nmax-tokens = 12\nseed = 4\n")
  }

  /// The lines of the home's only transcript.
  private func transcript() throws -> [String] {
    let names = try FileSystem.names(in: home.transcripts).filter { $0.hasSuffix(".jsonl") }
    #expect(names.count == 1)
    let bytes = try FileSystem.read(home.transcripts + "/" + (names.first ?? ""), limit: 1 << 20)
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  @Test func aPipedConversationIsAnsweredAndSaved() throws {
    let result = try home.shell("printf 'one\\ntwo\\n' | cria chat --linear")
    result.expectSuccess()
    // No prompt where nobody types; a labelled reply to each line.
    #expect(!result.output.contains("You: "))
    #expect(result.output.hasPrefix("Assistant: "))
    #expect(result.output.components(of: "Assistant: ") == 2)
    #expect(result.error.components(of: " tokens, ") == 2)
    let saved = try transcript()
    for text in ["one", "two"] {
      #expect(saved.contains { $0.contains("\"role\":\"user\"") && $0.contains("\"\(text)\"") })
    }
  }

  @Test func aBackslashContinuesTheMessage() throws {
    try home.shell("printf 'first\\\\\\nsecond\\n' | cria chat --linear").expectSuccess()
    let questions = try transcript().filter { $0.contains("\"role\":\"user\"") }
    #expect(questions.count == 1)
    #expect(questions.first?.contains("\"text\":\"first\\nsecond\"") == true)
  }

  @Test func aLastLineWithoutAnEndCounts() throws {
    let result = try home.shell("printf 'unended' | cria chat --linear")
    #expect(result.output.components(of: "Assistant: ") == 1)
  }

  @Test func blankLinesAndNoInputGetNoReply() throws {
    let result = try home.shell("printf '\\n  \\n' | cria chat --linear; cria chat --linear <&-")
    result.expectSuccess()
    #expect(result.output == "")
    #expect(FileSystem.status(home.transcripts) == nil)
  }

  @Test func noControlCharacterComesOut() throws {
    // A model of random weights says anything; so may the question, shown again on resuming.
    try home.shell(
      "printf 'red \\033[31m bell \\a\\n/set max-tokens 300\\nmore\\n' | cria chat --linear"
    )
    .expectSuccess()
    let result = try home.shell("cria chat --linear --resume </dev/null")
    result.expectSuccess()
    #expect(result.output.hasPrefix("You: red "))
    for byte in result.bytes { #expect(byte >= 32 || byte == 10 || byte == 9) }
  }

  @Test func resumingGoesOnInTheSameFile() throws {
    try home.shell("echo alpha | cria chat --linear").expectSuccess()
    let result = try home.shell("echo beta | cria chat --linear --resume")
    result.expectSuccess()
    #expect(result.output.hasPrefix("You: alpha\n\nAssistant: "))
    let saved = try transcript()
    #expect(saved.filter { $0.contains("\"role\":\"user\"") }.count == 2)
    let second = try #require(saved.first { $0.contains("\"text\":\"beta\"") })
    #expect(second.contains("\"parent\":"))
  }

  @Test func theCommandsDoWhatTheySay() throws {
    let lines = [
      "/set max-tokens 3", "hello", "/continue", "/regen", "/save A  \\033title", "/format vicuna",
      "/system Be brief.", "/system", "/stats", "/model", "/model tiny", "again", "/help",
    ]
    let result = try home.shell(
      "printf '\(lines.joined(separator: "\\n"))\\n/quit\\nnever\\n' | cria chat --linear")
    result.expectSuccess()
    #expect(result.output.components(of: "Assistant: ") == 4)
    #expect(result.error.contains("[max-tokens is 3 from the next reply on]"))
    #expect(result.error.contains("/continue goes on"))
    #expect(result.error.contains("[prompt format vicuna]"))
    #expect(result.output.contains("\nBe brief.\n") && result.output.contains("tiny (in use)"))
    #expect(result.output.contains("/regen") && result.output.contains("backslash"))
    let saved = try transcript()
    #expect(saved.contains { $0.contains("\"title\":\"A title\"") })
    #expect(saved.contains { $0.contains("\"type\":\"head\"") })
    #expect(saved.contains { $0.contains("\"system\":\"Be brief.\"") })
    #expect(saved.contains { $0.contains("\"format\":\"vicuna\"") })
    #expect(!saved.contains { $0.contains("never") })
  }

  @Test func newStartsAnotherFile() throws {
    try home.shell("printf 'a\\n/new\\nb\\n' | cria chat --linear").expectSuccess()
    #expect(try FileSystem.names(in: home.transcripts).filter { $0.hasSuffix(".jsonl") }.count == 2)
  }

  @Test func itSaysWhenMessagesLeaveTheWindow() throws {
    let question = String(repeating: "many words ", count: 6)
    let result = try home.shell(
      "for n in 1 2 3 4 5 6; do echo '\(question)'; done | cria chat --linear --context 256")
    result.expectSuccess()
    #expect(result.error.contains("[the window is full: the oldest "))
    #expect(result.output.components(of: "Assistant: ") == 6)
  }

  @Test(arguments: [
    ("/nonsense", 2, "/help"), ("/set temperature hot", 2, "takes a number"),
    ("/format nonsense", 2, "there are:"), ("/model nonsense", 1, "no model called"),
    ("/regen", 1, "no message yet"), ("/continue", 1, "no reply"),
  ])
  func aFailureInAPipeIsOneLineAndAStatus(line: String, status: Int32, says: String) throws {
    let result = try home.shell("echo '\(line)' | cria chat --linear")
    #expect(result.status == status)
    let last = result.error.split(separator: "\n").last ?? ""
    #expect(last.hasPrefix("cria: ") && last.contains(says), "\(result.error)")
  }

  @Test func aMessageTooLongForTheWindowSaysSo() throws {
    let result = try home.shell("seq -s ' ' 1 400 | cria chat --linear --context 64")
    #expect(result.status == 1)
    #expect(result.error.contains("too long for the window"))
    #expect(try transcript().count == 2)
  }

  @Test func theFullScreenWithoutATerminalNamesTheWaysOut() throws {
    for line in ["cria </dev/null", "cria chat </dev/null"] {
      let result = try home.shell(line)
      #expect(result.status == 1)
      #expect(result.error.contains("cria run") && result.error.contains("cria chat --linear"))
      #expect(result.error.filter { $0 == "\n" }.count == 1)
    }
  }

  @Test func aDumbTerminalNamesTheWaysOutAndTakesPlainLines() async throws {
    let terminal = try Terminal(home: home)
    try await terminal.showsPrompt()
    try await terminal.type("TERM=dumb cria<Enter>").shows("cria chat --linear")
    try await terminal.type("clear; TERM=dumb cria chat --linear<Enter>").shows("You:")
    try await terminal.type("hello<Enter>").shows("first token after")
    try await terminal.wait(for: "asks for the next message") { screen in
      screen.split(separator: "\n").last?.hasPrefix("You:") == true
    }
    // A wrong command is told, and the chat goes on.
    try await terminal.type("/nonsense<Enter>").shows("/help lists them")
    try await terminal.type("/quit<Enter>").showsPrompt()
    try await terminal.type("echo status $?<Enter>").shows("status 0")
  }

  @Test func ctrlCAsksOnceAndThenLeaves() async throws {
    let terminal = try Terminal(home: home)
    try await terminal.showsPrompt()
    try await terminal.type("cria chat --linear<Enter>").shows("You:")
    try await terminal.type("half a line<C-c>").shows("Ctrl-C once more")
    try await terminal.type("<C-c>").showsPrompt()
    try await terminal.type("echo status $?<Enter>").shows("status 0")
    #expect(FileSystem.status(home.transcripts) == nil)
  }

  @Test func ctrlCStopsTheReplyAndKeepsIt() async throws {
    try home.add(".config/cria/config.toml", "[sampling]\nseed = 4\n")
    // Slow enough to be stopped on the way, and with room for a long reply.
    let slow = home.models + "/slow.gguf"
    try home.shell("cria synth --shape 160M --type q8_0 \(slow)").expectSuccess()
    let terminal = try Terminal(home: home)
    try await terminal.showsPrompt()
    try await terminal.type("cria chat --linear --model slow<Enter>").shows("You:", within: 60)
    try await terminal.type("hello<Enter>").shows("Assistant: ", within: 60)
    try await terminal.wait(for: "shows some of the reply", within: 60) { screen in
      (screen.split(separator: "Assistant: ").last?.count ?? 0) > 40
    }
    try await terminal.type("<C-c>").shows("stopped; /continue goes on")
    try await terminal.type("<C-d>").showsPrompt()
    let end = try #require(try transcript().last { $0.contains("\"role\":\"assistant\"") })
    #expect(end.contains("\"type\":\"message\"") && end.contains("\"stop\":\"cancelled\""))
  }
}

extension String {
  /// How often `part` is in it.
  fileprivate func components(of part: String) -> Int {
    split(separator: part, omittingEmptySubsequences: false).count - 1
  }
}
