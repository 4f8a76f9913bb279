import Chat
import FoundationEssentials
import Glibc
import Kernel
import TUI
import Testing

import cria

/// The app without a terminal: keys and results go in, the screen and the effects come out.
///
/// What belongs on the disk is written to a real transcript in a folder of its own.
struct AppDriver {
  var state: AppState
  /// What the app asked for since the last look.
  var effects: [AppEffect] = []
  let folder = TemporaryFolder()
  var writer: TranscriptWriter?
  /// Whether transcripts are written; without it effects only pile up.
  var writes = true

  var store: TranscriptStore { TranscriptStore(folder: folder.path) }

  /// - Parameter hasModel: whether the model is ready from the start.
  init(_ columns: Int = 80, _ rows: Int = 24, hasModel: Bool = true) throws {
    var conversation = Conversation.new(at: Date(timeIntervalSince1970: 1_678_730_400))
    conversation.systemPrompt = nil
    state = AppState(theme: .terminal, conversation: conversation)
    state.date = 1_678_730_400
    state.now = 100
    send(.event(.resize(Size(columns: columns, rows: rows))))
    perform([.startTranscript(conversation)])
    if hasModel { send(.modelLoaded(try Self.model)) }
    effects = []
  }

  /// A real model file, made once; only its header is read.
  static var model: ModelSummary {
    get throws { try made.get() }
  }

  /// Stays for as long as the tests run; nobody lets go of what is static.
  private static let modelFolder = TemporaryFolder()

  private static let made = Result { () throws -> ModelSummary in
    atexit { FileSystem.removeTree(AppDriver.modelFolder.path) }
    let path = modelFolder.path + "/tiny.gguf"
    var shape = ModelShape.tiny
    shape.layerCount = 1
    shape.width = 32
    shape.feedForwardWidth = 32
    try synthesize(shape: shape, type: .q4_0, seed: 1, to: path)
    return try LoadRequest(path: path, contextLength: 256, threadCount: 1).open().summary
  }

  // MARK: What happens

  mutating func send(_ action: AppAction) {
    let new = state.update(action)
    effects += new
    perform(new)
  }

  /// Types keys in notation.
  mutating func type(_ keys: String) throws {
    for key in try Key.sequence(keys) { send(.event(.key(key))) }
  }

  mutating func paste(_ text: String) { send(.event(.paste(text))) }

  mutating func wait(_ seconds: Double) {
    state.now += seconds
    send(.tick)
  }

  /// The number of the reply that was asked for last.
  var number: Int { requests.last?.number ?? -1 }

  /// Lets the reply that was asked for begin.
  mutating func begin(start: MessageID? = nil, dropped: Int = 0) {
    let status = AppState.WindowStatus(
      start: start, droppedTurnCount: dropped, promptTokenCount: 20, windowTokenCount: 256)
    let number = number
    send(.replyPrepared(number: number, status))
    send(.replyProgress(number: number, done: 20, total: 20, reused: 0))
  }

  mutating func stream(_ pieces: String...) {
    let number = number
    for piece in pieces {
      state.now += 0.1
      send(.replyText(number: number, text: piece, at: state.now))
    }
  }

  mutating func end(_ reason: Kernel.StopReason = .endOfText) {
    var statistics = GenerationStatistics()
    statistics.promptTokenCount = 20
    statistics.generatedTokenCount = 5
    statistics.firstTokenSeconds = 0.5
    statistics.prefillSeconds = 0.5
    statistics.decodeSeconds = 0.4
    send(.replyFinished(number: number, reason, statistics))
  }

  /// Types a message and lets it be answered.
  mutating func exchange(_ question: String, _ answer: String) throws {
    try type(question + "<Enter>")
    begin()
    stream(answer)
    end()
  }

  // MARK: What came of it

  var screen: String { state.view().lines.joined(separator: "\n") }

  func shows(_ text: String) -> Bool { screen.contains(text) }

  var requests: [ReplyRequest] {
    effects.compactMap { effect in
      if case .reply(let request) = effect { return request }
      return nil
    }
  }

  /// The effects' names since the last look, without what they carry.
  mutating func taken() -> [String] {
    defer { effects = [] }
    return effects.map { String(describing: $0).prefix { $0 != "(" }.description }
  }

  /// The texts on the path.
  var texts: [String] { state.conversation.visiblePath.map(\.text) }

  private mutating func perform(_ new: [AppEffect]) {
    guard writes else { return }
    do {
      for effect in new {
        switch effect {
        case .startTranscript(let conversation):
          try writer?.close()
          writer = try store.writer(forNew: conversation)
        case .saveCopy(let conversation):
          try writer?.close()
          writer = try store.save(conversation)
        case .persist(let operation, let id):
          guard let writer, writer.id == id else {
            Issue.record("\(operation) for \(id), which is not open")
            continue
          }
          try write(operation, writer)
        default: break
        }
      }
    } catch {
      Issue.record(error)
    }
  }

  private func write(_ operation: PersistOperation, _ writer: TranscriptWriter) throws {
    switch operation {
    case .append(let message): try writer.append(message)
    case .begin(let message): try writer.begin(message)
    case .stream(let text): try writer.stream(text)
    case .end(let message): try writer.end(message)
    case .title(let title): try writer.rename(title)
    case .system(let prompt): try writer.setSystemPrompt(prompt)
    case .head(let id): try writer.setHead(id)
    }
  }

  /// What a later start would find; the disk has to hold the tree and the head of the screen.
  func expectReloads(sourceLocation: SourceLocation = #_sourceLocation) throws {
    let loaded = try store.open(state.conversation.id)
    let read = loaded.conversation
    #expect(loaded.problems.isEmpty, sourceLocation: sourceLocation)
    #expect(read.messages == state.conversation.messages, sourceLocation: sourceLocation)
    #expect(read.head == state.conversation.head, sourceLocation: sourceLocation)
    #expect(read.title == state.conversation.title, sourceLocation: sourceLocation)
    #expect(read.systemPrompt == state.conversation.systemPrompt, sourceLocation: sourceLocation)
  }
}
