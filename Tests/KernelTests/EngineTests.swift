import Glibc
import Kernel
import Synchronization
import Testing

/// A small model file that lives as long as the tests.
private enum TinyModel {
  static let path: String = {
    let path = "/tmp/cria-engine-tests-\(getpid()).gguf"
    do {
      try synthesize(shape: .tiny, type: .q4_0, seed: 7, to: path)
    } catch {
      Issue.record("the model could not be made: \(error)")
    }
    atexit { unlink("/tmp/cria-engine-tests-\(getpid()).gguf") }
    return path
  }()
}

/// Gathers events and lets a test wait for the last one.
private final class Events: Sendable {
  private let events = Mutex<[GenerationEvent]>([])
  private let done = AsyncStream<Void>.makeStream()

  func take(_ event: GenerationEvent) {
    events.withLock { $0.append(event) }
    switch event {
    case .finished, .failed: done.continuation.finish()
    case .promptProgress, .token, .drafted: break
    }
  }

  func all() async -> [GenerationEvent] {
    for await _ in done.stream {}
    return events.withLock { $0 }
  }
}

extension [GenerationEvent] {
  fileprivate var tokens: [TokenID] {
    compactMap { if case .token(let token, _) = $0 { token } else { nil } }
  }
  fileprivate var end: (StopReason, GenerationStatistics)? {
    guard case .finished(let reason, let statistics, _) = last else { return nil }
    return (reason, statistics)
  }
  fileprivate var failure: KernelError? {
    if case .failed(let error) = last { return error }
    return nil
  }
}

@Suite(.serialized) struct EngineTests {
  let greedy = SamplingPolicy(temperature: 0, repeatPenalty: 1)

  private func load(_ engine: Engine, context: Int = 512, threads: Int = 2) async -> ModelSummary? {
    await withCheckedContinuation { continuation in
      engine.load(
        LoadRequest(path: TinyModel.path, contextLength: context, threadCount: threads)
      ) { event in
        if case .loaded(let summary) = event {
          continuation.resume(returning: summary)
        } else {
          continuation.resume(returning: nil)
        }
      }
    }
  }

  private func generate(_ engine: Engine, _ request: GenerationRequest) async -> [GenerationEvent] {
    let events = Events()
    engine.generate(request) { events.take($0) }
    return await events.all()
  }

  @Test func reusesTheCommonPrefixAndGivesTheSameTokens() async throws {
    let engine = try Engine()
    defer { engine.close() }
    #expect(await load(engine) != nil)
    let prompt = (0..<100).map { TokenID(3 + $0 * 7 % 400) }
    let request = GenerationRequest(tokens: prompt, sampling: greedy, tokenLimit: 12)
    let first = await generate(engine, request)
    #expect(first.end?.1.reusedTokenCount == 0)
    #expect(first.tokens.count == first.end?.1.generatedTokenCount)

    // Again: all but the last token, whose logits are needed, is there.
    let second = await generate(engine, request)
    #expect(second.end?.1.reusedTokenCount == 99)
    #expect(second.tokens == first.tokens)

    // Changed in the middle: what comes before the change is kept, and nothing after it.
    var changed = prompt
    changed[60] = 2 + (changed[60] == 2 ? 1 : 0)
    let third = await generate(
      engine, GenerationRequest(tokens: changed, sampling: greedy, tokenLimit: 12))
    #expect(third.end?.1.reusedTokenCount == 60)

    // A fresh engine, which reuses nothing, agrees with the one that did.
    let fresh = try Engine()
    defer { fresh.close() }
    #expect(await load(fresh, threads: 1) != nil)
    let again = await generate(
      fresh, GenerationRequest(tokens: changed, sampling: greedy, tokenLimit: 12))
    #expect(again.tokens == third.tokens)
  }

  @Test func cancelEndsDecodeBeforeTheNextToken() async throws {
    let engine = try Engine()
    defer { engine.close() }
    #expect(await load(engine) != nil)
    let events = Events()
    let count = Atomic<Int>(0)
    engine.generate(
      GenerationRequest(tokens: [1, 5, 9], sampling: SamplingPolicy(temperature: 1, seed: 3))
    ) { event in
      events.take(event)
      if case .token = event, count.add(1, ordering: .relaxed).newValue == 5 { engine.cancel() }
    }
    let all = await events.all()
    // The tiny model can also end by itself before that; the seed is one where it does not.
    #expect(all.tokens.count == 5)
    #expect(all.end?.0 == .cancelled)
  }

  @Test func cancelEndsPrefillAndKeepsWhatWasWhole() async throws {
    let engine = try Engine()
    defer { engine.close() }
    #expect(await load(engine, context: 2000) != nil)
    let prompt = (0..<1500).map { TokenID(3 + $0 * 11 % 400) }
    let events = Events()
    engine.generate(GenerationRequest(tokens: prompt, sampling: greedy, tokenLimit: 1)) { event in
      events.take(event)
      if case .promptProgress(let done, _, _) = event, done > 0 { engine.cancel() }
    }
    let all = await events.all()
    #expect(all.end?.0 == .cancelled)
    #expect(all.tokens.isEmpty)
    let next = await generate(
      engine, GenerationRequest(tokens: prompt, sampling: greedy, tokenLimit: 1))
    #expect(next.end?.1.reusedTokenCount == Inference.batchLimit)
  }

  @Test func aFileThatShrankIsAnErrorNotACrash() async throws {
    let folder = try GGUFScratch()
    let path = folder.file("shrinks.gguf")
    try synthesize(shape: .tiny, type: .q4_0, seed: 7, to: path)
    let engine = try Engine()
    defer { engine.close() }
    let isLoaded = await withCheckedContinuation { continuation in
      engine.load(LoadRequest(path: path, contextLength: 64, threadCount: 1)) { event in
        if case .loaded = event {
          continuation.resume(returning: true)
        } else {
          continuation.resume(returning: false)
        }
      }
    }
    #expect(isLoaded)
    #expect(truncate(path, 4096) == 0)
    let events = await generate(engine, GenerationRequest(tokens: [1, 5], sampling: greedy))
    #expect(events.failure?.code == .truncated)
    #expect(events.failure?.place == "shrinks.gguf")
  }

  @Test(arguments: [0, 1, 3])
  func aLimitedReplyHasAsManyTokens(limit: Int) async throws {
    let engine = try Engine()
    defer { engine.close() }
    #expect(await load(engine) != nil)
    let events = await generate(
      engine, GenerationRequest(tokens: [1, 5, 9], sampling: greedy, tokenLimit: limit))
    #expect(events.tokens.count == limit)
    #expect(events.end?.0 == .limit)
    #expect(events.end?.1.generatedTokenCount == limit)
  }

  @Test func refusesWhatCannotBe() async throws {
    let engine = try Engine()
    defer { engine.close() }
    let early = await generate(engine, GenerationRequest(tokens: [1], sampling: greedy))
    #expect(early.failure?.code == .invalidRequest)
    #expect(await load(engine, context: 64) != nil)
    let cases: [([TokenID], KernelError.Code)] = [
      ([], .invalidRequest), (Array(repeating: 5, count: 64), .windowExceeded),
      ([1, 1_000_000], .invalidToken), ([1, -1], .invalidToken),
    ]
    for (tokens, code) in cases {
      let events = await generate(engine, GenerationRequest(tokens: tokens, sampling: greedy))
      #expect(events.failure?.code == code)
    }
    // It goes on working after every refusal, and stops at the window's end.
    let events = await generate(
      engine, GenerationRequest(tokens: Array(repeating: 5, count: 60), sampling: greedy))
    #expect(events.failure == nil)
    #expect((events.end?.1.generatedTokenCount ?? 99) <= 5)
  }

  @Test func aFailedLoadLeavesNoModel() async throws {
    let engine = try Engine()
    defer { engine.close() }
    #expect(await load(engine) != nil)
    let error: KernelError? = await withCheckedContinuation { continuation in
      engine.load(LoadRequest(path: "/nonexistent/model.gguf")) { event in
        if case .failed(let error) = event {
          continuation.resume(returning: error)
        } else {
          continuation.resume(returning: nil)
        }
      }
    }
    #expect(error?.code == .fileMissing)
    let events = await generate(engine, GenerationRequest(tokens: [1], sampling: greedy))
    #expect(events.failure?.code == .invalidRequest)
  }

  @Test func closeTwiceAndCommandsAfterwardsDoNothing() throws {
    let engine = try Engine()
    engine.close()
    engine.close()
    engine.generate(GenerationRequest(tokens: [1], sampling: greedy)) { _ in
      Issue.record("a closed engine answered")
    }
  }
}
