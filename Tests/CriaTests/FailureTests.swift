import Glibc
import Kernel
import Testing
import cria

@Suite struct FailureTests {
  @Test func theLineHasThreePartsAndNoControlCharacters() {
    let failure = Failure("bad\u{1B}[2J", at: "a\nb\u{9B}", remedy: "try\u{202E}it")
    #expect(failure.line == "cria: bad\\u{1B}[2J; a\\nb\\u{9B}; try\\u{202E}it")
  }

  @Test func emptyPartsLeaveNoMark() {
    #expect(Failure("it failed").line == "cria: it failed")
    #expect(Failure("it failed", remedy: "do this").line == "cria: it failed; do this")
  }

  @Test func scriptsAndEmojiStay() {
    let text = "日本 é עברית 👩‍👩‍👧 क्‍ष"
    #expect(VisibleText.escaped(text) == text)
  }

  @Test func systemErrorsNameTheFileAndTheReason() throws {
    let error = #expect(throws: SystemError.self) {
      try FileSystem.read("/nowhere/at all", limit: 1)
    }
    let line = Failure(try #require(error)).line
    #expect(line.hasPrefix("cria: cannot open /nowhere/at all: No such file or directory; "))
  }

  @Test(arguments: [
    KernelError.Code.fileMissing, .notGGUF, .truncated, .unsupportedArchitecture, .windowExceeded,
  ])
  func kernelErrorsKeepTheirPlaceAndDetail(code: KernelError.Code) {
    let failure = Failure(KernelError(code, at: "m.gguf, offset 24", "found 3, expected 4"))
    #expect(failure.place == "m.gguf, offset 24")
    #expect(failure.what.hasSuffix(": found 3, expected 4"))
    #expect(!failure.remedy.isEmpty)
  }

  @Test(arguments: [(64_000, "--context 60700 would fit"), (90, "use a smaller model")])
  func aWindowThatDoesNotFitSaysWhichWould(available: Int, remedy: String) throws {
    let shortage = try #require(
      MemoryShortage(contextLength: 5_000_000, availableByteCount: available) { $0 + 100 })
    let error = KernelError(.outOfMemory, at: "m.gguf", "too long", cause: shortage)
    let have = available == 90 ? "90 B" : "64.0 kB"
    #expect(
      Failure(error).line
        == "cria: not enough memory: a window of 5,000,000 tokens takes 5.0 MB of \(have) here; "
        + "m.gguf; \(remedy)")
  }

  @Test func aLargeFileIsRefusedByItsLimit() throws {
    let folder = TemporaryFolder()
    try folder.add("f", byteCount: 200_000)
    #expect(try FileSystem.read(folder.path + "/f", limit: 200_000).count == 200_000)
    let error = #expect(throws: SystemError.self) {
      try FileSystem.read(folder.path + "/f", limit: 199_999)
    }
    #expect(error?.number == EFBIG)
  }

  @Test func replacingLeavesNoSecondFile() throws {
    let folder = TemporaryFolder()
    try folder.add("f", text: "old")
    try FileSystem.replace(folder.path + "/f", with: "new".utf8)
    #expect(try FileSystem.read(folder.path + "/f", limit: 10) == Array("new".utf8))
    #expect(try FileSystem.names(in: folder.path) == ["f"])
    #expect(throws: SystemError.self) {
      try FileSystem.replace(folder.path + "/none/f", with: "new".utf8)
    }
  }
}
