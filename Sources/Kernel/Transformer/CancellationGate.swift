import Synchronization

/// Lets one worker look at a cancel flag and all of them see the same answer.
///
/// Worker 0 looks before a barrier, everybody reads after it, so all leave a forward pass at
/// the same place.
final class CancellationGate: Sendable {
  private let closed = Atomic<Bool>(false)
  private let isCancelled: @Sendable () -> Bool

  init(_ isCancelled: @escaping @Sendable () -> Bool) { self.isCancelled = isCancelled }

  func look() {
    if isCancelled() { closed.store(true, ordering: .releasing) }
  }

  var isClosed: Bool { closed.load(ordering: .acquiring) }
}
