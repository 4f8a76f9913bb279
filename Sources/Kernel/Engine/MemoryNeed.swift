/// The memory that computing with a model takes beside its file: KV cache and scratch buffers.
///
/// Both are reserved at once but taken page by page as the window fills, so a window that is too
/// long would begin well and have the program killed in mid-reply. The file is left out: its
/// pages can be dropped and read again.
package struct MemoryNeed: Sendable {
  private let hyperparameters: Hyperparameters
  private let threadCount: Int

  /// - Parameter threadCount: nil for as many as are taken where nobody says.
  package init(_ hyperparameters: Hyperparameters, threadCount: Int? = nil) {
    self.hyperparameters = hyperparameters
    self.threadCount = threadCount ?? Processor.threadCount
  }

  /// Bytes for a window of `contextLength` positions when it is full.
  package func byteCount(contextLength: Int) -> Int {
    let cache = KVCache.byteCount(hyperparameters, contextLength: contextLength)
    // What is only reserved costs nothing, and cannot disagree with what is allocated later.
    do throws(KernelError) {
      let scratch = try Scratch(
        hyperparameters, contextLength: contextLength, workerCount: threadCount)
      return cache + scratch.byteCount
    } catch {
      return .max
    }
  }

  /// What is missing for a window of `contextLength`; nil when it fits, or nobody knows.
  ///
  /// - Parameter available: bytes of memory.
  package func shortage(contextLength: Int, available: Int?) -> MemoryShortage? {
    available.flatMap { available in
      MemoryShortage(contextLength: contextLength, availableByteCount: available) {
        byteCount(contextLength: $0)
      }
    }
  }

  /// - Throws: `outOfMemory` with a `MemoryShortage` as its cause when the window does not fit.
  package func check(
    contextLength: Int, available: Int?, at place: String
  ) throws(KernelError) {
    guard let shortage = shortage(contextLength: contextLength, available: available) else {
      return
    }
    throw KernelError(
      .outOfMemory, at: place,
      "a window of \(contextLength) tokens takes \(shortage.neededByteCount) bytes of "
        + "\(shortage.availableByteCount) that are there", cause: shortage)
  }
}

/// A window that needs more memory than there is.
package struct MemoryShortage: Error, Sendable, Equatable {
  package let contextLength: Int
  package let neededByteCount: Int
  package let availableByteCount: Int
  /// The longest window that leaves a twentieth of the memory to others, in whole hundreds from
  /// a thousand on; nil where not even a position fits.
  package let fittingContextLength: Int?

  /// Nil when a window of `contextLength` fits.
  ///
  /// - Parameter byteCount: bytes that a window of so many positions takes; never fewer for more.
  package init?(contextLength: Int, availableByteCount: Int, byteCount: (Int) -> Int) {
    let needed = byteCount(contextLength)
    guard needed > availableByteCount else { return nil }
    self.contextLength = contextLength
    neededByteCount = needed
    self.availableByteCount = availableByteCount
    let limit = availableByteCount - availableByteCount / 20
    var fitting = 0
    var tooLong = contextLength
    while tooLong - fitting > 1 {
      let middle = fitting + (tooLong - fitting) / 2
      if byteCount(middle) <= limit { fitting = middle } else { tooLong = middle }
    }
    if fitting >= 1000 { fitting -= fitting % 100 }
    fittingContextLength = fitting > 0 ? fitting : nil
  }
}
