import Glibc
import Testing
import cria

@Suite struct SubprocessTests {
  @Test func returnsStatusAndBothOutputs() throws {
    let outcome = try Subprocess.run(["sh", "-c", "echo one; echo two >&2; exit 3"]) { true }
    #expect(outcome.status == 3)
    #expect(outcome.output == "one\ntwo\n")
  }

  @Test func keepsTheEndOfALongOutput() throws {
    let outcome = try Subprocess.run(["sh", "-c", "seq 1 50000"]) { true }
    #expect(outcome.output.utf8.count <= 65536)
    #expect(outcome.output.hasSuffix("49999\n50000\n"))
  }

  @Test func aMissingProgramIsENOENT() {
    let error = #expect(throws: SystemError.self) {
      try Subprocess.run(["cria-no-such-program"]) { true }
    }
    #expect(error?.number == ENOENT)
  }

  @Test func standardInputIsEmpty() throws {
    #expect(try Subprocess.run(["cat"]) { true }.output == "")
  }

  @Test func cancellingEndsTheWholeGroup() throws {
    let folder = TemporaryFolder()
    let note = folder.path + "/pid"
    // The grandchild writes its number; then the program is asked to stop.
    #expect(throws: Cancelled.self) {
      try Subprocess.run(["sh", "-c", "sleep 60 & echo $! >\(note); wait"]) {
        FileSystem.status(note)?.byteCount ?? 0 == 0
      }
    }
    let text = String(decoding: try FileSystem.read(note, limit: 100), as: UTF8.self)
    let grandchild = try #require(Int32(text.prefix { $0.isNumber }))
    // The signal was sent; the kernel may take a moment to end the process. A killed one stays
    // visible as a zombie until its new parent collects it.
    var state: String?
    for _ in 0..<200 {
      state = (try? FileSystem.read("/proc/\(grandchild)/stat", limit: 4096))
        .map { String(decoding: $0, as: UTF8.self) }
      if state == nil || state?.contains(") Z ") == true { break }
      usleep(10_000)
    }
    #expect(state == nil || state?.contains(") Z ") == true)
  }
}
