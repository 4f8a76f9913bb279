import Glibc
import Testing
import cria

/// The commands that work on model files: synthetic ones, damaged ones, and the real one.
@Suite(.timeLimit(.minutes(5))) struct ModelCommandTests {
  let home = Home()

  @Test(arguments: [
    "f32", "f16", "bf16", "q4_0", "q4_1", "q5_0", "q5_1", "q8_0", "q4_k", "q5_k", "q6_k",
  ])
  func everyTypeCanBeWrittenAndRun(type: String) throws {
    try home.shell("cria synth --shape tiny --type \(type) m.gguf 2>&1").expectSuccess()
    let info = try home.shell("cria info ./m.gguf")
    #expect(info.output.contains("quantization:  \(type.uppercased())\n"))
    let result = try home.shell(
      "cria run -m ./m.gguf --raw --temperature 0 --max-tokens 5 --json abc </dev/null")
    result.expectSuccess()
    let reply = try JSON.parse(result.output)
    #expect(reply.tokens.count == 5 || reply.stop == "eos")
    #expect(reply.model == "m")
  }

  @Test func theSameSeedGivesTheSameFile() throws {
    let result = try home.shell(
      """
      for n in 1 2; do cria synth --shape tiny --type q4_0 --seed 7 $n.gguf; done
      cria synth --shape tiny --type q4_0 --seed 8 3.gguf
      sha256sum <1.gguf; sha256sum <2.gguf; sha256sum <3.gguf
      """)
    let sums = result.output.split(separator: "\n")
    #expect(sums.count == 3)
    #expect(sums.first == sums.dropFirst().first)
    #expect(sums.first != sums.last)
  }

  @Test func greedyAndSeededRepliesRepeat() throws {
    try home.shell("cria synth --shape tiny --type q8_0 m.gguf").expectSuccess()
    for options in ["--temperature 0", "--temperature 1 --seed 5"] {
      let line = "cria run -m ./m.gguf --raw \(options) --max-tokens 40 --json abc </dev/null"
      let replies = try ["", " --no-draft"].map { try JSON.parse(home.shell(line + $0).output) }
      #expect(replies[0].tokens == replies[1].tokens)
      #expect(replies[1].drafting.proposed == 0)
      #expect(replies[0].text == replies[1].text)
    }
  }

  @Test func logitsHaveTheSizeOfTheirRows() throws {
    try home.shell("cria synth --shape tiny --type q8_0 m.gguf").expectSuccess()
    let result = try home.shell(
      """
      cria logits -m ./m.gguf --tokens 1,5,9 --output last
      cria logits -m ./m.gguf --tokens 1,5,9 --all --output all
      tail -c 2048 all | cmp - last && wc -c <all && wc -c <last; ls
      """)
    // A vocabulary of 512, four bytes each; the last row is the same either way.
    #expect(result.output == "6144\n2048\nall\nlast\nm.gguf\n", "\(result.error)")
  }

  /// Reading beyond the end of a mapped file raises a signal, which no error handling sees.
  @Test func aModelFileCutInMidReplyIsOneClearLine() throws {
    try home.shell("cria synth --shape 160M --type q4_0 m.gguf").expectSuccess()
    let result = try home.shell(
      """
      ( cria run -m ./m.gguf --raw --temperature 0 --max-tokens 1500 abc </dev/null 2>errors
        echo $? >status ) | ( head -c 1 >/dev/null; truncate -s 100000 m.gguf; cat >/dev/null )
      cat errors status
      """)
    #expect(
      result.output
        == "cria: the model file was cut short while it was in use; fetch or copy it again\n1\n")
  }

  @Test func noPartOfAnOutputStaysAfterAFailure() throws {
    try home.shell("cria synth --shape tiny --type q8_0 m.gguf").expectSuccess()
    for line in [
      "cria logits -m ./m.gguf --tokens 1,99999 --output x",
      "cria logits -m ./m.gguf --tokens 1 --output none/x",
      "cria synth --shape tiny --type q4_0 none/x",
      "cria logits -m ./m.gguf --tokens 1 --output /dev/full",
    ] {
      let result = try home.shell(line)
      #expect(result.status == 1, "\(line)")
      #expect(result.error.hasPrefix("cria: ") && result.error.hasSuffix("\n"), "\(line)")
      #expect(result.error.filter { $0 == "\n" }.count == 1, "\(result.error)")
    }
    #expect(try FileSystem.names(in: home.path).filter { !$0.hasPrefix(".") } == ["m.gguf"])
  }

  @Test func benchMeasuresBothWays() throws {
    try home.shell("cria synth --shape tiny --type q8_0 m.gguf").expectSuccess()
    let options = "-m ./m.gguf --prompt 20 --generate 5 --depth 8 --threads 1 --repetitions 3"
    let table = try home.shell("cria bench \(options)")
    #expect(table.output.contains("pp20 @ d8") && table.output.contains("tg5 @ d8"))
    let json = try BenchJSON.parse(try home.shell("cria bench \(options) --json").output)
    #expect(json.model == "m" && json.threads == 1)
    #expect(json.prefill.tokens == 20 && json.decode.tokens == 5)
    #expect(json.prefill.mean > 0 && json.decode.median > 0)
    #expect(json.limits.readBytesPerSecond > 0 && json.limits.int8MACsPerSecond > 0)
    // A position of the tiny shape takes 1,024 bytes; tokens at 8 to 12 see 9 to 13 positions.
    #expect(json.work.cacheBytesPerToken == 11 * 1024)
    let reads = json.decode.mean * json.work.weightBytesPerToken
    let share = try #require(json.shares.decode)
    #expect(abs(share * json.limits.readBytesPerSecond / reads - 1) < 1e-6)
    let products = json.prefill.mean * json.work.promptMACsPerToken
    let prefillShare = try #require(json.shares.prefill)
    #expect(abs(prefillShare * json.limits.int8MACsPerSecond / products - 1) < 1e-6)
    #expect(table.output.contains("| of limit"))
    let shape = try home.shell(
      "cria bench --shape tiny --type q4_0 --prompt 8 --generate 0 --repetitions 1; ls .cache/cria")
    #expect(shape.output.contains("synthetic tiny Q4_0"))
    #expect(!shape.output.contains("bench-"))
    let half = try BenchJSON.parse(
      try home.shell("cria bench -m ./m.gguf --prompt 0 --generate 2 --repetitions 1 --json").output
    )
    #expect(half.shares.prefill == nil && half.shares.decode != nil && half.prefill.mean == 0)
  }

  /// Files that are no model that runs, and a word of what has to be said.
  static let damaged: [(make: String, says: String)] = [
    ("true", "no such model file"),
    (": >m.gguf", "is empty"),
    ("printf 'GGUF' >m.gguf", "cut short"),
    ("echo 'hello, this is no model at all' >m.gguf", "not a GGUF"),
    (
      "printf 'GGUF\\11\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0' >m.gguf",
      "version"
    ),
    ("mkdir m.gguf", "folder"),
    ("cria synth --shape tiny --type q4_0 f; head -c 400000 f >m.gguf", "cut short"),
    ("cria synth --shape tiny --type q4_0 f; head -c 5000 f >m.gguf", "cut short"),
  ]

  @Test(arguments: damaged.indices)
  func aDamagedFileIsOneClearLine(index: Int) throws {
    let (make, says) = Self.damaged[index]
    let result = try home.shell("\(make)\ncria run -m ./m.gguf x </dev/null")
    #expect(result.status == 1)
    #expect(result.error.contains(says), "\(result.error)")
    #expect(result.error.filter { $0 == "\n" }.count == 1, "\(result.error)")
    #expect(result.output == "")
  }

  @Test func aPromptLongerThanTheWindowSaysSo() throws {
    try home.shell("cria synth --shape tiny --type q8_0 m.gguf").expectSuccess()
    let result = try home.shell("seq 1 500 | cria run -m ./m.gguf --context 64")
    #expect(result.status == 1)
    #expect(result.error.contains("does not fit") && result.error.contains("--context"))
  }

  /// Hundreds of gigabytes, which would be reserved without complaint and run out in mid-reply.
  /// The largest window of this model takes 594 GB: a machine with more has to be believed.
  @Test(
    .enabled(if: sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE)) < 500_000_000_000))
  func aWindowLargerThanTheMemoryIsRefused() throws {
    try home.shell("cria synth --shape 160M --type q4_0 m.gguf").expectSuccess()
    let result = try home.shell("cria run -m ./m.gguf --context 16000000 abc </dev/null")
    #expect(result.status == 1 && result.output == "")
    #expect(result.error.filter { $0 == "\n" }.count == 1, "\(result.error)")
    #expect(result.error.hasPrefix("cria: not enough memory: a window of 16,000,000 tokens takes "))
    let words = result.error.split(separator: " ")
    let option = try #require(words.firstIndex(of: "--context"), "\(result.error)")
    let fitting = try #require(Int(words[option + 1]))
    let line = "cria run -m ./m.gguf --raw --max-tokens 1 --json --context"
    try home.shell("\(line) \(fitting) abc </dev/null").expectSuccess()
    #expect(try home.shell("cria info ./m.gguf --context 16000000").output.contains("not enough"))
  }

  /// The affinity mask bounds the threads, unless somebody says otherwise.
  @Test func threadsFollowTheProcessorsAllowed() throws {
    try home.shell("cria synth --shape tiny --type q8_0 m.gguf").expectSuccess()
    let bench = "cria bench -m ./m.gguf --prompt 8 --generate 0 --repetitions 1 --json"
    let one =
      "taskset -pc $(grep Cpus_allowed_list /proc/self/status | tr -c '0-9' ' ' | "
      + "awk '{ print $1 }') $BASHPID >/dev/null"
    for (options, threads) in [("", 1), ("--threads 3", 3)] {
      let result = try home.shell("( \(one); \(bench) \(options) )")
      result.expectSuccess()
      #expect(try BenchJSON.parse(result.output).threads == threads)
    }
  }

  @Test func modelsAreFoundByNameAndRemoved() throws {
    try FileSystem.createFolders(home.models)
    let result = try home.shell(
      """
      cria synth --shape tiny --type q8_0 .local/share/cria/models/One-7B.gguf
      cria synth --shape tiny --type q4_0 .local/share/cria/models/One-13B.gguf
      cria models; cria info one-7 | head -n 1; cria info one; cria rm one-13b; cria models
      """)
    let lines = result.output.split(separator: "\n")
    #expect(lines.count == 4)
    #expect(lines.first?.hasPrefix("One-13B") == true)
    #expect(lines.dropFirst(2).first?.hasSuffix("/One-7B.gguf") == true)
    #expect(lines.last?.hasPrefix("One-7B") == true)
    #expect(result.error.contains("could be several models; One-13B, One-7B"))
  }

  @Test func aHostileFileNameCannotWriteToTheTerminal() throws {
    try FileSystem.createFolders(home.models)
    let result = try home.shell(
      """
      cria synth --shape tiny --type q8_0 ".local/share/cria/models/x"$'\\e[31m\\n'"y.gguf"
      cria models; cria info x; cria run -m x --raw --max-tokens 1 z </dev/null
      cria info $'no\\e[2Jsuch'
      """)
    #expect(!(result.output + result.error).contains("\u{1B}"))
    #expect(result.output.hasPrefix("x\\u{1B}[31m\\ny"))
  }

  // MARK: - The real model

  @Test func theRealModelAnswers() throws {
    try home.addModel()
    let result = try home.shell(
      "cria run --raw --temperature 0 --max-tokens 8 'The capital of France is' </dev/null")
    result.expectSuccess()
    #expect(result.output.contains("Paris"))
    #expect(result.error.contains("tokens/s"))
  }

  @Test func pipedTextIsPartOfThePrompt() throws {
    try home.addModel()
    let line = "cria run --temperature 0 --max-tokens 30 --json"
    let alone = try JSON.parse(home.shell("\(line) 'Repeat the word.' </dev/null").output)
    let piped = try JSON.parse(home.shell("echo pineapple | \(line) 'Repeat the word.'").output)
    #expect(piped.promptTokens > alone.promptTokens)
    #expect(piped.text.lowercased().contains("pineapple"))
    #expect(piped.model == "SmolLM2-135M-Instruct.Q4_1")
    #expect(piped.tokens.count <= 30 && !piped.tokens.isEmpty)
    #expect(piped.timings.loadSeconds > 0)
  }

  @Test func typedTextIsNeverParsedForSpecialTokens() throws {
    try home.addModel()
    let result = try home.shell(
      "printf '<|im_end|>' | cria tokenize; printf '<|im_end|>' | cria tokenize --special --bos")
    let lines = result.output.split(separator: "\n").map { $0.split(separator: " ") }
    #expect(lines.count == 2)
    #expect(lines.first?.count ?? 0 > 1)
    // 1 and 2 are the file's own ids for <|im_start|> (BOS) and <|im_end|>.
    #expect(lines.last == ["1", "2"])
  }

  @Test func interruptingKeepsWhatWasWritten() async throws {
    try home.addModel()
    let terminal = try Terminal(columns: 100, rows: 30, home: home)
    try await terminal.showsPrompt()
    try terminal.type("cria run 'Write a very long story about a llama.' | tee out<Enter>")
    // Ctrl-C as soon as words are there.
    try await terminal.wait(for: "shows a reply", within: 60) {
      $0.split(separator: "\n").count > 2
    }
    try await terminal.type("<C-c>").showsPrompt()
    let bytes = try FileSystem.read(home.path + "/out", limit: 1 << 20)
    #expect(!bytes.isEmpty)
  }
}
