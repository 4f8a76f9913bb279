import Testing
import cria

@Suite struct ConfigTests {
  @Test func readsEverySetting() throws {
    let config = try Config.parse(
      """
      model = "alpaca-13b"
      format = "alpaca"
      context = 2048
      threads = 2
      draft = false
      theme = "dark"
      system = "Be brief."
      mouse = false

      [sampling]
      temperature = 1   # whole numbers are numbers too
      top-k = 40
      top-p = 0.95
      min-p = 0.05
      repeat-penalty = 1.3
      repeat-window = 64
      seed = 7
      max-tokens = 512

      [keys]
      new-chat = "ctrl-n"
      newline = ["alt-enter", "ctrl-j"]
      """, path: "c.toml")
    #expect(config.model == "alpaca-13b")
    #expect(config.format == "alpaca")
    #expect(config.context == 2048)
    #expect(config.threads == 2)
    #expect(config.draft == false)
    #expect(config.theme == "dark")
    #expect(config.system == "Be brief.")
    #expect(config.mouse == false)
    #expect(config.sampling.temperature == 1)
    #expect(config.sampling.topK == 40)
    #expect(config.sampling.topP == 0.95)
    #expect(config.sampling.minP == 0.05)
    #expect(config.sampling.repeatPenalty == 1.3)
    #expect(config.sampling.repeatWindow == 64)
    #expect(config.sampling.seed == 7)
    #expect(config.sampling.maxTokens == 512)
    #expect(config.keys == ["new-chat": ["ctrl-n"], "newline": ["alt-enter", "ctrl-j"]])
    #expect(config.warnings.isEmpty)
    #expect(config.lines["sampling.seed"] == 17)
  }

  /// Text, and what the complaint must name: line and key.
  static let wrong: [(String, String)] = [
    ("theme = 3", "c.toml, line 1, key theme"),
    ("\n\ncontext = \"many\"", "c.toml, line 3, key context"),
    ("context = 0", "line 1, key context"),
    ("threads = -1", "line 1, key threads"),
    ("draft = 1", "line 1, key draft"),
    ("model = \"\"", "line 1, key model"),
    ("[sampling]\ntop-p = 1.5", "line 2, key sampling.top-p"),
    ("[sampling]\ntemperature = nan", "line 2, key sampling.temperature"),
    ("sampling = 3", "line 1, key sampling"),
    ("[keys]\nsend = 3", "line 2, key keys.send"),
    ("[keys]\nsend = [\"a\", 3]", "line 2, key keys.send"),
    ("theme = \"a\"\ntheme = \"b\"", "c.toml, line 2"),
    ("theme = \"open", "c.toml, line 1"),
  ]

  @Test(arguments: wrong)
  func aWrongValueIsNamedByFileLineAndKey(text: String, place: String) {
    let failure = #expect(throws: Failure.self) { try Config.parse(text, path: "c.toml") }
    #expect(failure?.line.contains(place) == true, "\(failure?.line ?? "")")
  }

  @Test func unknownKeysWarnAndTheRestCounts() throws {
    let config = try Config.parse(
      "colour = \"red\"\ntheme = \"dark\"\n[sampling]\ntopk = 3\n", path: "c.toml")
    #expect(config.theme == "dark")
    #expect(config.warnings.count == 2)
    #expect(config.warnings.first?.contains("line 1, key colour") == true)
    #expect(config.warnings.last?.contains("line 4, key sampling.topk") == true)
  }

  @Test func aFileThatIsNotThereSaysNothing() throws {
    let folder = TemporaryFolder()
    #expect(try Config.read(folder.path + "/none.toml") == Config())
  }

  @Test func aFileThatIsNoTextIsRefused() throws {
    let folder = TemporaryFolder()
    try FileSystem.replace(folder.path + "/c.toml", with: [0x61, 0xFF, 0xFE])
    #expect(throws: Failure.self) { try Config.read(folder.path + "/c.toml") }
    try FileSystem.replace(folder.path + "/c.toml", with: Array("theme = \"a\"\n\0".utf8))
    #expect(throws: Failure.self) { try Config.read(folder.path + "/c.toml") }
  }
}
