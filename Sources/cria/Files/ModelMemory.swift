import Kernel

/// Whether a model fits into this machine's memory, or what its control group leaves of it.
package struct ModelMemory: Sendable, Equatable {
  /// The file, which is mapped: it should stay in memory as a whole.
  package let weightByteCount: Int
  /// What a whole window takes: keys, values and the buffers to compute with.
  package let windowByteCount: Int
  /// The memory that is there; nil where the system does not say.
  package let availableByteCount: Int?
  /// Set where the window alone is too large, so that loading is refused.
  package let shortage: MemoryShortage?

  /// What a model of `description` needs with a window of `contextLength`, or of the length
  /// that is taken where nobody says.
  package init(_ description: ModelDescription, contextLength: Int? = nil) {
    weightByteCount = description.byteCount
    availableByteCount = Processor.memoryByteCount
    guard let hyper = description.hyperparameters else {
      (windowByteCount, shortage) = (0, nil)
      return
    }
    let length = contextLength ?? min(hyper.contextLength, LoadRequest.defaultContextLimit)
    let need = MemoryNeed(hyper)
    windowByteCount = need.byteCount(contextLength: length)
    shortage = need.shortage(contextLength: length, available: availableByteCount)
  }

  /// Saturates where nobody has so much.
  package var neededByteCount: Int {
    let (sum, overflows) = weightByteCount.addingReportingOverflow(windowByteCount)
    return overflows ? .max : sum
  }

  /// Nil where the memory is not known. A twentieth is left to the rest of the system.
  package var fits: Bool? {
    availableByteCount.map { neededByteCount <= $0 - $0 / 20 }
  }
}
