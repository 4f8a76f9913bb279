import Glibc
import Testing
import cria

extension ChatTests {
  @Suite struct ScreenTests {
    @Test func everyWayOutLeavesTheShellAsItWas() async throws {
      let home = try Home.withModel()
      let terminal = try Terminal(home: home)
      try await terminal.showsPrompt()
      try await terminal.type("echo before<Enter>").shows("\nbefore")
      let settings = try await terminal.settings()
      let ways: [(String, (Terminal) throws -> Void)] = [
        ("Ctrl-D", { try $0.type("<C-d>") }),
        ("the command", { try $0.type("/quit<Enter>") }),
        ("TERM", { try $0.signal(SIGTERM) }), ("HUP", { try $0.signal(SIGHUP) }),
        ("ABRT", { try $0.signal(SIGABRT) }), ("SEGV", { try $0.signal(SIGSEGV) }),
        ("QUIT", { try $0.signal(SIGQUIT) }),
      ]
      for (name, leave) in ways {
        try terminal.type("ulimit -c 0; cria<Enter>")
        try await terminal.showsIdle()
        try leave(terminal)
        try await terminal.showsPrompt()
        // The alternate screen is gone, and what was there before is back.
        try await terminal.shows("\nbefore")
        #expect(!(try terminal.screen().contains("F1")), "\(name)")
        #expect(try await terminal.settings() == settings, "\(name)")
        #expect(try terminal.modes() == "cursor 1 mouse 0 keypad 0", "\(name)")
      }
    }

    @Test func suspendingGivesTheShellBack() async throws {
      let terminal = try Terminal(home: try Home.withModel())
      try await terminal.showsPrompt()
      let settings = try await terminal.settings()
      try terminal.type("cria<Enter>")
      try await terminal.showsIdle()
      try await terminal.type("half a thought").shows("half a thought")
      try await terminal.type("<C-z>").showsPrompt()
      #expect(try await terminal.settings() == settings)
      try await terminal.type("fg<Enter>").shows("half a thought")
      try await terminal.showsIdle()
      try await terminal.type("<C-u>").hides("half a thought")
      try await terminal.quit()
      #expect(try await terminal.settings() == settings)
    }

    @Test func anySizeIsSurvived() async throws {
      let terminal = try await Terminal.chat(home: try Home.withModel(), slowly: true)
      try await terminal.type("Tell me a very long story<Enter>").showsTokens(3)
      let sizes = [(40, 10), (20, 6), (10, 3), (1, 1), (2, 30), (200, 50), (80, 24)]
      for (columns, rows) in sizes {
        let count = try terminal.writtenByteCount()
        try terminal.resize(columns: columns, rows: rows)
        // The spinner goes on turning at the new size, or the notice is drawn.
        try await terminal.wait(for: "draws \(columns)×\(rows)", within: 5) { screen in
          screen.split(separator: "\n", omittingEmptySubsequences: false).count == rows
            && (try? terminal.writtenByteCount()) != count
        }
      }
      try await terminal.shows("Tell me a very long story")
      try await terminal.resize(columns: 10, rows: 3).shows("needs")
      try await terminal.resize(columns: 40, rows: 10).showsTokensOrRate()
      try await terminal.resize(columns: 80, rows: 24).showsTokens(4)
      try await terminal.type("<Esc>").showsIdle()
      try await terminal.quit()
    }

    @Test func nothingIsDrawnAndComputedWhenNothingHappens() async throws {
      let terminal = try await Terminal.chat(home: try Home.withModel())
      try await terminal.settles(for: 1)
      let before = try terminal.cpuSeconds()
      try await Task.sleep(for: .seconds(1))
      #expect(try terminal.cpuSeconds() - before <= 0.03)
      try await terminal.quit()
    }

    @Test func withoutATerminalTheLineNamesTheOtherWay() throws {
      let home = try Home.withModel()
      for line in ["cria </dev/null", "cria | cat", "TERM=dumb cria </dev/null", "cria <&-"] {
        let result = try home.shell("\(line); exit ${PIPESTATUS[0]}")
        #expect(result.status == 1, "\(line)")
        #expect(result.error.contains("cria run"), "\(result.error)")
        #expect(result.error.filter { $0 == "\n" }.count == 1, "\(result.error)")
        #expect(result.output == "")
      }
    }

    @Test func aDumbTerminalIsALine() async throws {
      let terminal = try Terminal(home: try Home.withModel())
      try await terminal.showsPrompt()
      for name in ["dumb", "no-such-terminal", "''"] {
        try await terminal.type("clear; TERM=\(name) cria<Enter>").shows("cria run")
        try await terminal.showsPrompt()
      }
    }

    @Test(arguments: ["C", "POSIX", "en_US.ISO-8859-1"])
    func anotherLocaleWorksAsWell(locale: String) async throws {
      let home = try Home.withModel()
      let terminal = try await Terminal.chat(home: home, environment: ["LC_ALL": locale])
      try await terminal.asks("Say <lt>ü日本> hello")
      try await terminal.quit()
      #expect(try home.shell("cria transcripts show last").output.contains("Say <ü日本> hello"))
    }

    @Test func noColorIsHonoured() async throws {
      let home = try Home.withModel()
      let colours = /\u{1B}\[(?:[0-9]+;)*(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;[0-9]+)*m/
      let terminal = try await Terminal.chat(home: home, environment: ["NO_COLOR": "1"])
      #expect(try terminal.colouredScreen().firstMatch(of: colours) == nil)
      try await terminal.quit()
      let other = try await Terminal.chat(
        "--theme dark", home: home, environment: ["NO_COLOR": ""])
      #expect(try other.colouredScreen().firstMatch(of: colours) != nil)
      try await other.quit()
    }

    @Test func hostileTextCannotWriteToTheTerminal() async throws {
      let home = try Home.withModel()
      try home.addModel(as: "evil\u{1B}[2J\u{7}name.gguf")
      let terminal = try await Terminal.chat(home: home)
      try await terminal.paste("a\u{1B}]0;title\u{7}b\u{1B}[31mc\u{9B}2Jd\u{8}\u{202E}e").settles()
      try await terminal.asks("")
      try await terminal.type("<C-o>").shows("evil")
      #expect(try terminal.title() != "title")
      try await terminal.shows("help")
      try await terminal.type("<Esc>").hides("Models")
      try await terminal.quit()
    }
  }
}

extension Terminal {
  /// Fails with the screen where `condition` does not hold for it.
  @discardableResult
  func check(_ condition: (String) -> Bool) throws -> Terminal {
    let text = try screen()
    guard condition(text) else { throw Unexpected(description: "unexpected screen:\n\(text)") }
    return self
  }

  /// Bytes that the program has written so far, most of them to the screen.
  func writtenByteCount() throws -> Int {
    let text = String(
      decoding: try FileSystem.read("/proc/\(programPid())/io", limit: 4096), as: UTF8.self)
    guard let match = text.firstMatch(of: /wchar: ([0-9]+)/), let count = Int(match.1) else {
      throw Unexpected(description: "no count of bytes in: \(text)")
    }
    return count
  }

  @discardableResult
  func showsTokensOrRate() async throws -> Terminal {
    try await wait(for: "shows the rate or the tokens") { $0.contains("tok") }
  }
}
