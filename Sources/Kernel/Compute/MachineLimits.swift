import CKernels

/// What this machine allows at best: the rates that no inference can pass.
package struct MachineLimits: Sendable, Equatable {
  /// Bytes of memory read in a second, by all threads together.
  package var readBytesPerSecond = 0.0
  /// Products of two bytes, added up in 32 bits, done in a second by all threads together.
  package var int8MACsPerSecond = 0.0

  /// Nothing measured yet.
  package init() {}
}

/// Measures the limits with loops that do nothing else, and keeps the best of all passes.
///
/// Memory is read where the weights lie, in the mapping of the model's file, since mapped pages
/// and a program's own memory differ. Passes are short, so that several sittings can be spread
/// over a measurement: what other programs take away differs from second to second.
package final class LimitMeter {
  /// The best so far.
  package private(set) var limits = MachineLimits()
  /// Bytes that a pass reads: from the file's tensors, up to `readLimit`. Less than the last
  /// cache holds makes the read rate that of a cache.
  package let readByteCount: Int

  private let model: LlamaModel
  private let bytes: UnsafeRawBufferPointer
  private let pool: WorkerPool
  private let loops: UnsafePointer<cl_loops>
  /// Pieces of a multiplying pass, each of `roundCount` rounds.
  private var multiplyPieceCount = 8

  private static let readLimit = 1 << 30
  private static let roundCount = 1000
  private static let passCount = 5
  private static let shortestPassSeconds = 0.02

  /// - Parameter threadCount: threads that read and multiply, the caller's own among them.
  package init(model: LlamaModel, threadCount: Int) {
    self.model = model
    let file = model.file.file.bytes
    let data = file.dropFirst(min(model.file.dataOffset, file.count - 1)).prefix(Self.readLimit)
    bytes = UnsafeRawBufferPointer(rebasing: data)
    readByteCount = bytes.count
    pool = WorkerPool(workerCount: threadCount)
    // `cl_select` has an answer for every name.
    loops = cl_select(VectorTable.best.name)!
  }

  deinit { pool.stop() }

  /// One sitting: some passes of each kind, about a third of a second in all.
  package func measure() {
    for pass in 0...Self.passCount {
      let rate = read()
      // The first pass brings the pages in.
      if pass > 0 { limits.readBytesPerSecond = max(limits.readBytesPerSecond, rate) }
    }
    for _ in 0..<Self.passCount {
      limits.int8MACsPerSecond = max(limits.int8MACsPerSecond, multiply())
    }
  }

  /// Bytes a second of one pass: the workers take disjoint pieces until all are read. A small
  /// file is read several times over, since starting a pass takes time as well.
  private func read() -> Double {
    let pieceBytes = min(1 << 20, max(4096, bytes.count / pool.workerCount))
    let pieces = (bytes.count + pieceBytes - 1) / pieceBytes
    let turns = max(1, (1 << 28) / bytes.count)
    let start = Clock.seconds()
    pool.run(teamSize: pool.workerCount) { worker in
      while let piece = pool.nextChunk(worker, of: pieces * turns) {
        let first = piece % pieces * pieceBytes
        let part = bytes[first..<min(bytes.count, first + pieceBytes)]
        _ = loops.pointee.read(UnsafeRawBufferPointer(rebasing: part).baseAddress, part.count)
      }
    }
    return Double(bytes.count * turns) / (Clock.seconds() - start)
  }

  /// Products a second of one pass, which is made longer until it lasts.
  private func multiply() -> Double {
    while true {
      let start = Clock.seconds()
      pool.run(teamSize: pool.workerCount) { worker in
        while pool.nextChunk(worker, of: multiplyPieceCount) != nil {
          _ = loops.pointee.multiply(Self.roundCount)
        }
      }
      let seconds = Clock.seconds() - start
      if seconds < Self.shortestPassSeconds {
        multiplyPieceCount *= 2
        continue
      }
      let products = multiplyPieceCount * Self.roundCount * loops.pointee.products_per_round
      return Double(products) / seconds
    }
  }
}
