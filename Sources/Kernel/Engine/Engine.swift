import Glibc
import Synchronization

/// Runs a model on a thread of its own: loads files, generates replies, one after the other.
///
/// Commands return at once; answers come through the sink closures, on the engine's thread. A
/// sink must be quick, and may call `cancel`. The model and its KV cache belong to that thread
/// alone. A new request reuses the longest common prefix with what the cache holds.
package final class Engine: Sendable {
  private struct Queue {
    var commands: [Command] = []
    var isClosed = false
  }

  private enum Command: Sendable {
    case load(LoadRequest, @Sendable (LoadEvent) -> Void)
    case generate(GenerationRequest, cancelGeneration: Int, @Sendable (GenerationEvent) -> Void)
    case unload
  }

  private let queue = Mutex(Queue())
  private let wakeUp = WakeUp()
  /// Counts calls of `cancel`: a generation is cancelled when this has moved on since it was
  /// asked for.
  private let cancellations = Atomic<Int>(0)
  private let thread = Mutex<pthread_t?>(nil)

  /// Starts the thread, which keeps the engine alive until `close`.
  ///
  /// - Throws: `outOfMemory` when the system gives no more threads.
  package init() throws(KernelError) {
    let started = Thread.start { [self] in serve() }
    guard let started else {
      throw KernelError(.outOfMemory, at: "engine", "the system gives no more threads")
    }
    thread.withLock { $0 = started }
  }

  /// Loads a model in place of the one that is there. The old one is let go first, so that two
  /// never share the memory.
  package func load(_ request: LoadRequest, sink: @escaping @Sendable (LoadEvent) -> Void) {
    send(.load(request, sink))
  }

  /// Generates a reply. `sink` gets the events of `GenerationEvent`.
  package func generate(
    _ request: GenerationRequest, sink: @escaping @Sendable (GenerationEvent) -> Void
  ) {
    let count = cancellations.load(ordering: .acquiring)
    send(.generate(request, cancelGeneration: count, sink))
  }

  /// Lets go of the model and its memory.
  package func unload() { send(.unload) }

  /// Ends every generation asked for so far: in decode before the next token, in prefill
  /// before the next layer. What was generated stays.
  package func cancel() { cancellations.add(1, ordering: .acquiringAndReleasing) }

  /// Cancels, waits for the thread to end, and lets go of everything. Later commands are
  /// ignored. Safe to call twice.
  package func close() {
    cancel()
    queue.withLock { $0.isClosed = true }
    wakeUp.post()
    let running = thread.withLock { thread in
      defer { thread = nil }
      return thread
    }
    if let running { pthread_join(running, nil) }
  }

  private func send(_ command: Command) {
    queue.withLock { if !$0.isClosed { $0.commands.append(command) } }
    wakeUp.post()
  }

  // MARK: - The engine's thread

  private func serve() {
    var inference: Inference?
    var costs = PassCosts()
    while true {
      wakeUp.wait()
      let (command, isClosed) = queue.withLock { queue in
        (queue.commands.isEmpty ? nil : queue.commands.removeFirst(), queue.isClosed)
      }
      if isClosed { return }
      switch command {
      case .load(let request, let sink):
        inference = nil
        costs = PassCosts()
        do throws(KernelError) {
          let loaded = try request.open()
          inference = loaded.inference
          sink(.loaded(loaded.summary))
        } catch {
          sink(.failed(error))
        }
      case .generate(let request, let count, let sink):
        guard let inference else {
          sink(.failed(KernelError(.invalidRequest, at: "engine", "no model is loaded")))
          break
        }
        let generation = Generation(
          request: request, inference: inference,
          isCancelled: { [self] in cancellations.load(ordering: .acquiring) != count })
        generation.run(&costs, sink)
      case .unload:
        inference = nil
      case nil:
        break
      }
    }
  }
}

/// Counts posts; `wait` sleeps until there is one.
///
/// `@unchecked Sendable`: the semaphore's address is stable and its calls are thread-safe.
private final class WakeUp: @unchecked Sendable {
  private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
  init() { sem_init(semaphore, 0, 0) }
  deinit {
    sem_destroy(semaphore)
    semaphore.deallocate()
  }
  func post() { sem_post(semaphore) }
  func wait() { while sem_wait(semaphore) != 0 {} }
}
