import Kernel

/// Whether a model fits into this machine's memory.
package struct ModelMemory: Sendable, Equatable {
  /// The file, which is mapped: it should stay in memory as a whole.
  package let weightByteCount: Int
  /// Keys and values of a whole window.
  package let cacheByteCount: Int
  /// The machine's memory; nil where the system does not say.
  package let availableByteCount: Int?

  /// What a model of `description` needs with a window of `contextLength`, or of the length
  /// that is taken where nobody says.
  package init(_ description: ModelDescription, contextLength: Int? = nil) {
    weightByteCount = description.byteCount
    let hyper = description.hyperparameters
    let length =
      contextLength ?? min(hyper?.contextLength ?? 0, LoadRequest.defaultContextLimit)
    cacheByteCount = (hyper?.cacheBytesPerPosition ?? 0) * length
    availableByteCount = Processor.memoryByteCount
  }

  package var neededByteCount: Int { weightByteCount + cacheByteCount }

  /// Nil where the memory is not known. A twentieth is left to the rest of the system.
  package var fits: Bool? {
    availableByteCount.map { neededByteCount <= $0 - $0 / 20 }
  }
}
