import Chat
import FoundationEssentials
import Testing

@Suite struct ExportTests {
  func sample() -> Conversation {
    var talk = Conversation(id: "t", created: Date(timeIntervalSince1970: 1_678_702_500))
    talk.systemPrompt = "Be brief."
    talk.append(.user, "Say \"hi\"\u{1b}[2J", input: "To all", at: testDate)
    talk.append(
      .assistant, " Hi\n",
      reply: ReplyDetails(
        model: "M", format: "alpaca", sampling: SamplingRecord(temperature: 0.5, seed: 7)),
      at: testDate)
    return talk
  }

  @Test func markdown() {
    #expect(
      sample().markdown() == """
        ---
        title: "Say \\"hi\\" [2J"
        date: "2023-03-13T10:15:00.000Z"
        id: "t"
        model: "M"
        format: "alpaca"
        sampling: "temperature 0.5, seed 7"
        ---

        ## System

        Be brief.

        ## You

        Say "hi"[2J

        To all

        ## Assistant

        Hi

        """)
  }

  @Test func plainText() {
    #expect(sample().plainText() == "You: Say \"hi\"[2J\n\nTo all\n\nAssistant: Hi\n")
  }

  @Test func messages() throws {
    struct Exported: Decodable {
      struct Entry: Decodable, Equatable {
        var role: String
        var content: String
      }
      var messages: [Entry]
    }
    let data = Data(try sample().messagesJSON().utf8)
    let exported = try JSONDecoder().decode(Exported.self, from: data)
    #expect(
      exported.messages == [
        .init(role: "system", content: "Be brief."),
        .init(role: "user", content: "Say \"hi\"\u{1b}[2J\n\nTo all"),
        .init(role: "assistant", content: " Hi\n"),
      ])
  }
}
