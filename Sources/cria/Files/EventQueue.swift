import Glibc
import Synchronization

/// Hands values from the engine's thread to one that waits for them, in order.
///
/// `@unchecked Sendable`: the array is behind a lock, and the semaphore's address is stable and
/// its calls are thread-safe.
final class EventQueue<Element: Sendable>: @unchecked Sendable {
  private let elements = Mutex<[Element]>([])
  private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

  init() { sem_init(semaphore, 0, 0) }

  deinit {
    sem_destroy(semaphore)
    semaphore.deallocate()
  }

  func post(_ element: Element) {
    elements.withLock { $0.append(element) }
    sem_post(semaphore)
  }

  /// The next value; nil when none came within `milliseconds`, or a signal did.
  func next(waitingUpTo milliseconds: Int) -> Element? {
    var deadline = timespec()
    clock_gettime(CLOCK_REALTIME, &deadline)
    let nanoseconds = deadline.tv_nsec + milliseconds * 1_000_000
    deadline.tv_sec += nanoseconds / 1_000_000_000
    deadline.tv_nsec = nanoseconds % 1_000_000_000
    guard sem_timedwait(semaphore, &deadline) == 0 else { return nil }
    return elements.withLock { $0.isEmpty ? nil : $0.removeFirst() }
  }
}
