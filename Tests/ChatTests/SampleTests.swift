import Chat
import Testing

/// The conversations that come with the program.
@Suite struct SampleTests {
  static let store = TranscriptStore(
    folder: "\(#filePath)".split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
      .joined(separator: "/") + "/transcripts")

  @Test func allAreListedAndLoadWithoutProblem() throws {
    let list = try Self.store.list()
    #expect(list.unreadable.isEmpty)
    #expect(list.summaries.count >= 3)
    for summary in list.summaries {
      let loaded = try Self.store.open(summary.id)
      #expect(loaded.problems.isEmpty && loaded.interrupted.isEmpty)
      #expect(loaded.conversation.visiblePath.last?.role == .assistant)
      #expect(!summary.title.isEmpty)
    }
  }

  @Test func theRequestOf2023() throws {
    let talk = try Self.store.open("20230313T180000Z-admits").conversation
    #expect(
      talk.path.first?.text
        == "Write an e-mail to congratulate new Stanford admits and mention that you are excited "
        + "about meeting all of them in person")
  }

  @Test func branchesAndInputs() throws {
    let cria = try Self.store.open("20230314T093000Z-cria").conversation
    #expect(cria.siblings(of: "cria-a2").map(\.id) == ["cria-a1", "cria-a2"])
    let commit = try Self.store.open("20230315T201500Z-commit").conversation
    #expect(commit.path.first?.input?.hasPrefix("--- a/cart.py") == true)
    #expect(commit.systemPrompt?.isEmpty == false)
  }
}
