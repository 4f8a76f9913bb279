import Glibc
import Testing
import cria

/// The commands as a shell sees them: output, complaints, exit status.
@Suite(.timeLimit(.minutes(5))) struct CommandTests {
  let home = Home()

  /// Every command, as words.
  static let commands = [
    "", "chat", "run", "models", "info", "pull", "rm", "bench", "synth", "tokenize", "logits",
    "transcripts", "transcripts list", "transcripts show", "transcripts search",
    "transcripts export", "paths",
  ]

  @Test(arguments: commands)
  func everyCommandHasHelpWithAnExample(command: String) throws {
    let result = try home.shell("cria \(command) --help")
    #expect(result.status == 0)
    #expect(result.output.contains("Example"))
    let example = result.output.split(separator: "Example").dropFirst().joined()
    #expect(example.split(separator: "USAGE").first?.contains("cria ") == true)
    #expect(result.error == "")
  }

  /// Command lines that ask for what cannot be.
  static let wrongUsage = [
    "cria nonsense", "cria run --nonsense", "cria run --temperature=-1 x", "cria run --top-p 2 x",
    "cria run --max-tokens 0 x", "cria run --context 1 x", "cria run --format nonsense x",
    "cria run --raw --system s x", "cria run </dev/null", "cria pull", "cria pull nonsense",
    "cria synth --shape 9B --type q4_0 o.gguf", "cria synth --shape tiny --type q9 o.gguf",
    "cria logits --tokens 1,x --output o", "cria bench --shape 7B", "cria bench --repetitions 0",
    "cria bench --prompt 0 --generate 0", "cria transcripts export last --format odt",
    "cria transcripts search ''",
  ]

  @Test(arguments: wrongUsage)
  func badUsageHasStatusTwo(line: String) throws {
    let result = try home.shell(line)
    #expect(result.status == 2)
    #expect(result.error.hasPrefix("cria: "), "\(result.error)")
    #expect(result.output == "")
    #expect(FileSystem.status(home.path + "/o.gguf") == nil)
  }

  @Test func theVersionIsPrinted() throws {
    #expect(try home.shell("cria --version").output == Version.text + "\n")
  }

  @Test func pathsAreUnderTheHomeFolder() throws {
    let result = try home.shell("cria paths")
    #expect(result.output.contains("config: \(home.path)/.config/cria\n"))
    #expect(result.output.contains("data: \(home.path)/.local/share/cria\n"))
    #expect(result.output.contains("state: \(home.path)/.local/state/cria\n"))
    #expect(result.output.contains("cache: \(home.path)/.cache/cria\n"))
    let moved = try home.shell("cria paths --json", environment: ["XDG_DATA_HOME": "/d"])
    #expect(moved.output.contains("\"data\":\"/d/cria\""))
  }

  @Test func anEmptyHomeNamesTheCommandThatFetches() throws {
    for line in ["cria models", "cria run x </dev/null", "cria info smollm2-135m"] {
      let result = try home.shell(line)
      #expect(result.error.contains("cria pull smollm2-135m"), "\(line)")
      #expect(result.error.filter { $0 == "\n" }.count == 1)
    }
  }

  @Test func aSettingsFileThatIsWrongIsNamedWithItsLine() throws {
    try home.add(".config/cria/config.toml", "threads = 2\ncontext = \"big\"\n")
    let result = try home.shell("cria models")
    #expect(result.status == 1)
    #expect(result.error.contains("config.toml, line 2, key context"))
  }

  @Test func settingsCount() throws {
    try home.shell("cria synth --shape tiny --type q8_0 m.gguf").expectSuccess()
    try home.add(
      ".config/cria/config.toml",
      "model = \"\(home.path)/m.gguf\"\nodd = 1\n[sampling]\nmax-tokens = 3\ntemperature = 0\n")
    let result = try home.shell("cria run --json x </dev/null")
    #expect(result.status == 0)
    #expect(try JSON.parse(result.output).tokens.count <= 3)
    #expect(result.error.contains("line 2, key odd"))
  }

  @Test func conversationsAreShownSearchedAndExported() throws {
    let none = try home.shell("cria transcripts list; cria transcripts show last")
    #expect(none.status == 1 && none.output == "")
    #expect(none.error.contains("no conversation yet"))
    let result = try home.shell(
      """
      cria transcripts show 20230313T180000Z-admits | head -n 1
      cria transcripts search STANFORD | wc -l
      cria transcripts export last --format json | python3 -m json.tool >/dev/null && echo json
      cria transcripts export 2023 -o out.md && head -n 1 out.md
      cria transcripts list
      """)
    let lines = result.output.split(separator: "\n")
    #expect(lines.first?.hasPrefix("You: Write an e-mail") == true)
    #expect(Int(lines.dropFirst().first ?? "") ?? 0 >= 2)
    #expect(lines.dropFirst(2).prefix(2) == ["json", "---"])
    #expect(lines.last?.hasSuffix("Welcome e-mail to Stanford admits") == true)
    #expect(result.error == "")
  }

  @Test func aPipeThatClosesEndsTheProgramQuietly() throws {
    try home.shell("cria synth --shape tiny --type q4_0 m.gguf").expectSuccess()
    let result = try home.shell(
      "cria run -m ./m.gguf --raw x </dev/null | head -c 5 >/dev/null; echo ${PIPESTATUS[0]}")
    #expect(result.output == "141\n")
    #expect(!result.error.contains("error") && !result.error.contains("cannot"))
  }

  @Test func aClosedOrFullOutputIsOneLineAndStatusOne() throws {
    for target in ["&-", "/dev/full"] {
      let result = try home.shell("cria paths >\(target)")
      #expect(result.status == 1)
      #expect(result.error.hasPrefix("cria: cannot write to standard output: "))
      #expect(result.error.filter { $0 == "\n" }.count == 1)
    }
  }

  @Test func aClosedInputIsAnEmptyOne() throws {
    try home.shell("cria synth --shape tiny --type q4_0 m.gguf").expectSuccess()
    let result = try home.shell("cria tokenize -m ./m.gguf <&-; cria run -m ./m.gguf <&-")
    #expect(result.status == 2)
    #expect(result.output == "\n")
    #expect(result.error.contains("nothing to reply to"))
  }
}

extension Home.Result {
  /// Fails the test with what the command said where it failed.
  func expectSuccess(at location: SourceLocation = #_sourceLocation) {
    #expect(status == 0, "\(error)", sourceLocation: location)
  }
}
