import Glibc
import Synchronization

/// A fixed team of threads that computes one step together; the caller is worker 0.
///
/// Between steps the others spin for about a millisecond, so that the next token finds them
/// awake, and then sleep, so that an idle program uses no processor time. Within a step they
/// meet at `barrier` and share work out by `nextChunk`.
///
/// `@unchecked Sendable`: `body` is written by worker 0 before it publishes a new generation
/// and read by the others after they have seen it; `threads` is touched by the owner alone.
final class WorkerPool: @unchecked Sendable {
  let workerCount: Int

  private var body: ((Int) -> Void)?
  private let generation = Atomic<Int>(0)
  private let isStopping = Atomic<Bool>(false)
  private let arrived = Atomic<Int>(0)
  private let phase = Atomic<Int>(0)
  private let chunk = Atomic<Int>(0)
  private let sleepers: [Sleeper]
  private var threads: [pthread_t] = []

  /// One worker's bed: `isAsleep` says whether a post is needed to wake it.
  private final class Sleeper: @unchecked Sendable {
    // Sendable: the semaphore's address is stable and its calls are thread-safe.
    let isAsleep = Atomic<Bool>(false)
    let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
    init() { sem_init(semaphore, 0, 0) }
    deinit {
      sem_destroy(semaphore)
      semaphore.deallocate()
    }
  }

  /// Starts `workerCount - 1` threads (at least none).
  init(workerCount: Int) {
    self.workerCount = max(1, workerCount)
    sleepers = (0..<self.workerCount).map { _ in Sleeper() }
    for worker in 1..<max(1, self.workerCount) {
      if let thread = Thread.start({ [self] in serve(worker) }) {
        threads.append(thread)
      }
    }
    precondition(threads.count == self.workerCount - 1, "the system gives no more threads")
  }

  /// Ends the threads; the pool cannot be used after this. Its owner must call it, since the
  /// threads keep the pool alive.
  func stop() {
    isStopping.store(true, ordering: .releasing)
    generation.add(1, ordering: .acquiringAndReleasing)
    wake()
    for thread in threads { pthread_join(thread, nil) }
    threads = []
  }

  /// Runs `body(worker)` on every worker and returns when all are through.
  func run(_ body: (Int) -> Void) {
    withoutActuallyEscaping(body) { body in
      self.body = body
      chunk.store(0, ordering: .relaxed)
      generation.add(1, ordering: .acquiringAndReleasing)
      wake()
      VectorTable.flushingDenormals { body(0) }
      barrier()
      self.body = nil
    }
  }

  /// Waits until every worker is here, and starts the chunks of the next phase from 0.
  @inline(__always)
  func barrier() {
    if workerCount == 1 {
      chunk.store(0, ordering: .relaxed)
      return
    }
    let current = phase.load(ordering: .acquiring)
    if arrived.add(1, ordering: .acquiringAndReleasing).newValue == workerCount {
      arrived.store(0, ordering: .relaxed)
      chunk.store(0, ordering: .relaxed)
      phase.store(current &+ 1, ordering: .releasing)
      return
    }
    var spins = 0
    while phase.load(ordering: .acquiring) == current {
      VectorTable.pause()
      spins &+= 1
      // Somebody else has the core that the last worker needs.
      if spins > 20_000 { sched_yield() }
    }
  }

  /// The next piece of this phase's work that nobody has taken yet.
  @inline(__always)
  func nextChunk() -> Int { chunk.add(1, ordering: .relaxed).oldValue }

  private func wake() {
    for sleeper in sleepers.dropFirst()
    where sleeper.isAsleep.exchange(false, ordering: .sequentiallyConsistent) {
      sem_post(sleeper.semaphore)
    }
  }

  private func serve(_ worker: Int) {
    VectorTable.flushingDenormals {
      var seen = 0
      while true {
        waitForGeneration(after: seen, worker)
        seen &+= 1
        if isStopping.load(ordering: .acquiring) { return }
        body?(worker)
        barrier()
      }
    }
  }

  private func waitForGeneration(after seen: Int, _ worker: Int) {
    for _ in 0..<30_000 {
      if generation.load(ordering: .acquiring) != seen { return }
      VectorTable.pause()
    }
    let sleeper = sleepers[worker]
    while true {
      sleeper.isAsleep.store(true, ordering: .sequentiallyConsistent)
      if generation.load(ordering: .sequentiallyConsistent) != seen {
        // Either this worker takes its flag back or the waker has taken it and posts.
        if !sleeper.isAsleep.exchange(false, ordering: .sequentiallyConsistent) {
          while sem_wait(sleeper.semaphore) != 0 {}
        }
        return
      }
      while sem_wait(sleeper.semaphore) != 0 {}
      if generation.load(ordering: .acquiring) != seen { return }
    }
  }
}
