import Glibc
import Synchronization

/// Ctrl-C and its kin as a flag that long work reads between steps.
///
/// For the commands outside the full screen, where the terminal still turns keys into signals.
package enum Interrupt {
  private static let received = Atomic<Int32>(0)

  /// True once a signal has asked the program to stop.
  package static var isRequested: Bool { received.load(ordering: .relaxed) != 0 }

  /// True once the program has been asked to end, and not only to stop what it is doing.
  package static var isFinal: Bool {
    let number = received.load(ordering: .relaxed)
    return number != 0 && number != SIGINT
  }

  /// Notes SIGINT, SIGTERM and SIGHUP from now on. The second one ends the program at once,
  /// in case the first is not heeded. Called again, it forgets what came before.
  package static func install() {
    received.store(0, ordering: .relaxed)
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { number in
      Interrupt.received.store(number, ordering: .relaxed)
    }
    action.sa_flags = Int32(bitPattern: UInt32(SA_RESETHAND))
    for number in [SIGINT, SIGTERM, SIGHUP] { sigaction(number, &action, nil) }
  }

  /// Ends the program by the signal that was noted, so that a shell's loop stops too.
  /// Call it when everything is cleaned up; it returns where nothing was noted.
  package static func finish() {
    let number = received.load(ordering: .relaxed)
    if number != 0 { die(by: number) }
  }

  /// Ends the program as `number` would have without a handler.
  package static func die(by number: Int32) -> Never {
    signal(number, SIG_DFL)
    raise(number)
    _exit(128 + number)
  }
}
