import Glibc
import Synchronization

/// A fixed team of threads that computes one step together; the caller is worker 0.
///
/// A step can be given to a part of the team (`run(teamSize:)`): see `TeamGovernor`.
/// Between steps the others spin for about a millisecond, so that the next token finds them
/// awake, and then sleep, so that an idle program uses no processor time. Within a step they
/// meet at `barrier` and share work out by `nextChunk`.
///
/// Whoever waits at a barrier spins first too, since most waits last a microsecond, and then
/// sleeps: at once where the team is larger than the processors there are, for then the one that
/// all wait for may need this very processor.
///
/// `@unchecked Sendable`: `body` and `teamSize` are written by worker 0 before it publishes a step
/// and read by the team after it has seen the step and before it arrives at the step's last
/// barrier; `threads`, `workerCount` and `stalledSeconds` are touched by the owner alone.
package final class WorkerPool: @unchecked Sendable {
  /// Workers that there can be: the published step holds the team's size in eight bits.
  package static let workerLimit = 255

  /// Workers that there are: fewer than asked for where the system gives no more threads.
  package private(set) var workerCount: Int

  /// Workers that take part in the present step.
  package private(set) var teamSize = 1
  /// How long worker 0 waited for others in the present step, short waits left out.
  package private(set) var stalledSeconds = 0.0

  private var body: ((Int) -> Void)?
  /// Steps so far, times 256, plus the team's size: a worker learns both at once.
  private let step = Atomic<Int>(0)
  private let isStopping = Atomic<Bool>(false)
  private let arrived = Atomic<Int>(0)
  private let phase = Atomic<Int>(0)
  /// For each worker how much of its share of this phase's work has been taken, on cache lines
  /// of their own.
  private let taken: UnsafeMutablePointer<Atomic<Int>>
  private static let takenStride = 128 / MemoryLayout<Atomic<Int>>.stride
  /// Workers that sleep at a barrier, or are about to.
  private let dozing = Atomic<Int>(0)
  private let sleepers: [Sleeper]
  private let processorCount: Int
  private var threads: [pthread_t] = []

  /// One worker's bed: `isAsleep` says whether a post is needed to wake it.
  private final class Sleeper: @unchecked Sendable {
    // Sendable: the semaphore's address is stable and its calls are thread-safe.
    private let isAsleep = Atomic<Bool>(false)
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
    init() { sem_init(semaphore, 0, 0) }
    /// Sleeps until `isOver`, which is asked after every post; whoever makes it true must call
    /// `wake` after that.
    func sleep(until isOver: () -> Bool) {
      while true {
        isAsleep.store(true, ordering: .sequentiallyConsistent)
        if isOver() {
          // Either this worker takes its flag back or the waker has taken it and posts.
          if !isAsleep.exchange(false, ordering: .sequentiallyConsistent) { wait() }
          return
        }
        wait()
      }
    }

    func wake() {
      if isAsleep.exchange(false, ordering: .sequentiallyConsistent) { sem_post(semaphore) }
    }

    private func wait() { while sem_wait(semaphore) != 0 {} }

    deinit {
      sem_destroy(semaphore)
      semaphore.deallocate()
    }
  }

  deinit { taken.deallocate() }

  /// Starts `workerCount - 1` threads (at least none, at most `workerLimit - 1`).
  ///
  /// - Parameter processorCount: processors that the threads may run on.
  package init(
    workerCount wanted: Int, processorCount: Int = Processor.allowedProcessorCount
  ) {
    self.processorCount = processorCount
    workerCount = min(Self.workerLimit, max(1, wanted))
    sleepers = (0..<workerCount).map { _ in Sleeper() }
    taken = .allocate(capacity: workerCount * Self.takenStride)
    for place in 0..<workerCount * Self.takenStride { (taken + place).initialize(to: Atomic(0)) }
    for worker in 1..<workerCount {
      guard let thread = Thread.start({ [self] in serve(worker) }) else { break }
      threads.append(thread)
    }
    workerCount = threads.count + 1
  }

  /// Ends the threads; the pool cannot be used after this. Its owner must call it, since the
  /// threads keep the pool alive.
  package func stop() {
    isStopping.store(true, ordering: .releasing)
    publish(teamSize: workerCount)
    for thread in threads { pthread_join(thread, nil) }
    threads = []
  }

  /// Runs `body(worker)` on the first `teamSize` workers and returns when all are through.
  package func run(teamSize: Int, _ body: (Int) -> Void) {
    withoutActuallyEscaping(body) { body in
      self.body = body
      self.teamSize = min(max(1, teamSize), workerCount)
      stalledSeconds = 0
      beginChunks(self.teamSize)
      if self.teamSize > 1 { publish(teamSize: self.teamSize) }
      VectorTable.flushingDenormals { body(0) }
      barrier(0)
      self.body = nil
    }
  }

  /// Waits until every worker of the team is here, and starts the next phase's chunks.
  @inline(__always)
  package func barrier(_ worker: Int) {
    // Read before arriving: once all are here, worker 0 may begin a step of another team.
    let expected = teamSize
    if expected == 1 {
      beginChunks(1)
      return
    }
    let current = phase.load(ordering: .acquiring)
    if arrived.add(1, ordering: .acquiringAndReleasing).newValue == expected {
      arrived.store(0, ordering: .relaxed)
      beginChunks(expected)
      phase.store(current &+ 1, ordering: .sequentiallyConsistent)
      // A sleeper counts itself before it looks at the phase for the last time.
      if dozing.load(ordering: .sequentiallyConsistent) > 0 {
        for sleeper in sleepers[..<expected] { sleeper.wake() }
      }
      return
    }
    let isCrowded = expected > processorCount
    for _ in 0..<(isCrowded ? Self.shortSpin : 1_000) {
      if phase.load(ordering: .acquiring) != current { return }
      VectorTable.pause()
    }
    waitLong(for: current, worker, isCrowded: isCrowded)
  }

  /// Turns of a wait that only saves a sleep to those who come almost together.
  private static let shortSpin = 50

  /// Somebody's core has been taken away: at some point this one is better given up too.
  private func waitLong(for current: Int, _ worker: Int, isCrowded: Bool) {
    let start = Clock.seconds()
    defer { if worker == 0 { stalledSeconds += Clock.seconds() - start } }
    if !isCrowded {
      for _ in 0..<5_000 {
        if phase.load(ordering: .acquiring) != current { return }
        VectorTable.pause()
      }
    }
    dozing.add(1, ordering: .sequentiallyConsistent)
    sleepers[worker].sleep { phase.load(ordering: .sequentiallyConsistent) != current }
    dozing.subtract(1, ordering: .relaxed)
  }

  /// The next piece of `count` in this phase's work that nobody has taken yet: of the worker's
  /// own share from its beginning to its end, so that it reads memory in one line, and after
  /// that of what others have left. Nil when nothing is.
  @inline(__always)
  package func nextChunk(_ worker: Int, of count: Int) -> Int? {
    let team = teamSize
    for step in 0..<team {
      let owner = worker + step < team ? worker + step : worker + step - team
      let next =
        firstChunk(owner, of: count)
        + taken[owner * Self.takenStride].add(1, ordering: .relaxed).oldValue
      if next < firstChunk(owner + 1, of: count) { return next }
    }
    return nil
  }

  /// Where a worker's share of `count` pieces begins.
  @inline(__always)
  private func firstChunk(_ worker: Int, of count: Int) -> Int { worker * count / teamSize }

  private func beginChunks(_ team: Int) {
    for worker in 0..<team { taken[worker * Self.takenStride].store(0, ordering: .relaxed) }
  }

  private func publish(teamSize: Int) {
    let number = step.load(ordering: .relaxed) / 256 &+ 1
    step.store(number &* 256 &+ teamSize, ordering: .sequentiallyConsistent)
    for sleeper in sleepers[1..<teamSize] { sleeper.wake() }
  }

  private func serve(_ worker: Int) {
    VectorTable.flushingDenormals {
      var seen = 0
      var spinCount = 0
      while true {
        seen = waitForStep(after: seen, worker, spinCount: spinCount)
        if isStopping.load(ordering: .acquiring) { return }
        spinCount = 0
        let team = seen % 256
        if worker < team {
          body?(worker)
          barrier(worker)
          spinCount = team > processorCount ? Self.shortSpin : 30_000
        }
      }
    }
  }

  /// The next step's value; sleeps when none comes for a while.
  private func waitForStep(after seen: Int, _ worker: Int, spinCount: Int) -> Int {
    for _ in 0..<spinCount {
      let next = step.load(ordering: .acquiring)
      if next != seen { return next }
      VectorTable.pause()
    }
    var next = seen
    sleepers[worker].sleep {
      next = step.load(ordering: .sequentiallyConsistent)
      return next != seen
    }
    return next
  }
}
