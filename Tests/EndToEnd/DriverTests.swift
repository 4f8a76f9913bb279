import Glibc
import Testing
import cria

/// The driver itself, against programs whose behaviour is known.
@Suite(.timeLimit(.minutes(2))) struct DriverTests {
  @Test func keysAreRead() {
    #expect(
      Keys.parse("a<b<Enter><C-r>x<lt>y;")
        == [.text("a"), .named("b<Enter"), .named("C-r"), .text("x<y;")])
    #expect(Keys.parse("hi<Esc>") == [.text("hi"), .named("Escape")])
  }

  @Test func typesAndSeesTheAnswer() async throws {
    let terminal = try Terminal(columns: 50, rows: 10, home: Home())
    try await terminal.showsPrompt()
    try await terminal.type("echo $((6*7)); echo '-a;<lt>b;'<Enter>").shows("42\n-a;<b;\n$")
    #expect(try terminal.rows().count == 10)
  }

  @Test func resizesAndSignals() async throws {
    let terminal = try Terminal(columns: 80, rows: 24, home: Home())
    try await terminal.showsPrompt()
    try await terminal.type("stty size<Enter>").shows("24 80")
    try await terminal.resize(columns: 40, rows: 10).wait(for: "is small") {
      $0.split(separator: "\n", omittingEmptySubsequences: false).count == 10
    }
    try await terminal.type("stty size<Enter>").shows("10 40")
    try await terminal.type("sleep 60<Enter>").settles()
    try await terminal.signal(SIGKILL).shows("Killed")
  }

  @Test func pastesAndComparesSettings() async throws {
    let terminal = try Terminal(home: Home())
    try await terminal.showsPrompt()
    let before = try await terminal.settings()
    #expect(before.contains("icanon"))
    try terminal.type("cat >f<Enter>")
    try await terminal.paste("one\ntwo ünï\n").shows("two ünï")
    try await terminal.type("<C-d>").type("clear; md5sum f<Enter>").shows(" f\n$")
    #expect(
      try FileSystem.read(terminal.home.path + "/f", limit: 99) == Array("one\ntwo ünï\n".utf8))
    try terminal.type("stty -icanon<Enter>")
    #expect(try await terminal.settings() != before)
  }

  @Test func aMissingTextFailsWithTheScreen() async throws {
    let terminal = try Terminal(home: Home())
    try await terminal.showsPrompt()
    let error = await #expect(throws: Terminal.Unexpected.self) {
      try await terminal.shows("no such text", within: 0.2)
    }
    #expect(error?.description.contains("|$") == true)
  }
}
