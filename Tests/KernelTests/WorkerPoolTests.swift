import Glibc
import Kernel
import Synchronization
import Testing

/// Teams that fit the processors, and teams much larger than these, which sleep at barriers.
@Suite(.timeLimit(.minutes(2))) struct WorkerPoolTests {
  static let teams = [(1, 64), (2, 64), (3, 64), (2, 1), (8, 1), (40, 1)]

  /// Between two barriers each worker sees what all others did before the first, and nothing of
  /// what they do after the second.
  @Test(arguments: teams) func nobodyPassesABarrierAlone(team: Int, processors: Int) {
    let pool = WorkerPool(workerCount: team, processorCount: processors)
    defer { pool.stop() }
    let rounds = Slots(count: team)
    let wrongCount = Atomic<Int>(0)
    for step in 0..<10 {
      pool.run(teamSize: team) { worker in
        for round in 1...20 {
          rounds[worker] = step * 100 + round
          pool.barrier(worker)
          for other in 0..<team where rounds[other] != step * 100 + round {
            wrongCount.add(1, ordering: .relaxed)
          }
          pool.barrier(worker)
        }
      }
    }
    #expect(pool.workerCount == team)
    #expect(wrongCount.load(ordering: .relaxed) == 0)
  }

  @Test(arguments: teams) func everyChunkIsTakenOnce(team: Int, processors: Int) {
    let pool = WorkerPool(workerCount: team, processorCount: processors)
    defer { pool.stop() }
    let taken = Slots(count: 100)
    for _ in 0..<10 {
      pool.run(teamSize: team) { worker in
        for _ in 0..<5 {
          while let chunk = pool.nextChunk(worker, of: 100) { taken[chunk] += 1 }
          pool.barrier(worker)
        }
      }
    }
    #expect((0..<100).allSatisfy { taken[$0] == 50 })
  }

  /// A worker that comes late finds its share done by the others.
  @Test func chunksOfTheLateAreTaken() {
    let pool = WorkerPool(workerCount: 2, processorCount: 2)
    defer { pool.stop() }
    let taken = Slots(count: 7)
    let isDone = Atomic<Bool>(false)
    pool.run(teamSize: 2) { worker in
      if worker == 0 {
        var order: [Int] = []
        while let chunk = pool.nextChunk(0, of: 7) { order.append(chunk) }
        #expect(order == Array(0..<7))
        for chunk in order { taken[chunk] += 1 }
        isDone.store(true, ordering: .releasing)
      } else {
        while !isDone.load(ordering: .acquiring) { sched_yield() }
        #expect(pool.nextChunk(1, of: 7) == nil)
      }
    }
    #expect((0..<7).allSatisfy { taken[$0] == 1 })
  }

  /// The team changes from step to step; those left out sleep on.
  @Test(arguments: [1, 64]) func partsOfTheTeamWork(processors: Int) {
    let pool = WorkerPool(workerCount: 6, processorCount: processors)
    defer { pool.stop() }
    let steps = Slots(count: 6)
    for step in 0..<200 {
      pool.run(teamSize: step % 6 + 1) { worker in
        steps[worker] += 1
        pool.barrier(worker)
      }
    }
    // Of each six teams 6 - w have worker w, 33 times; then come a team of one and one of two.
    #expect((0..<6).map { steps[$0] } == [200, 166, 132, 99, 66, 33])
  }

  /// A worker without work must come to rest, however crowded its team was.
  @Test(arguments: [1, 64]) func idleWorkersUseNoTime(processors: Int) {
    let pool = WorkerPool(workerCount: 4, processorCount: processors)
    defer { pool.stop() }
    let clocks = Slots(count: 4)
    pool.run(teamSize: 4) { worker in
      var clock = clockid_t()
      pthread_getcpuclockid(pthread_self(), &clock)
      clocks[worker] = Int(clock)
    }
    func used() -> [Int] {
      (1..<4).map { worker in
        var time = timespec()
        clock_gettime(clockid_t(clocks[worker]), &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
      }
    }
    var isAtRest = false
    for _ in 0..<200 where !isAtRest {
      let before = used()
      usleep(50_000)
      isAtRest = used() == before
    }
    #expect(isAtRest)
  }
}

/// Plain memory that the workers write into, each its own part.
private final class Slots: @unchecked Sendable {
  // Sendable: the pool's barriers order what one worker writes and another reads.
  private let memory: UnsafeMutablePointer<Int>

  init(count: Int) {
    memory = .allocate(capacity: count)
    memory.initialize(repeating: 0, count: count)
  }

  deinit { memory.deallocate() }

  subscript(index: Int) -> Int {
    get { memory[index] }
    set { memory[index] = newValue }
  }
}
