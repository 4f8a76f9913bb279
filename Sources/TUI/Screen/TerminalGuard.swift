import CTerminal
import Synchronization

/// Puts the terminal back on every way out, and turns signals into events.
///
/// Faults (SEGV, BUS, ILL, TRAP, ABRT, FPE, QUIT) put the terminal back and then take their
/// default course, but for the BUS of a mapped file that was cut short (`setBusErrorNote`).
/// Requests (TERM, INT, HUP, WINCH, TSTP, CONT) only wake the event loop; a
/// second TERM, INT or HUP that finds the first not yet seen ends the process.
package enum TerminalGuard {
  private static let pipe = Mutex<WakePipe?>(nil)

  /// Blocks the noted signals in the calling thread, and so in the threads it starts. To be
  /// called before the first thread is started; opening the screen unblocks them again.
  package static func blockSignals() { cria_guard_block(1) }

  /// The opposite of `blockSignals`, for the thread that draws.
  package static func unblockSignals() { cria_guard_block(0) }

  /// The line for standard error when a mapped file is cut short under its reader, which then
  /// ends the process with status 1. From now on, whether there is a screen or not.
  package static func setBusErrorNote(_ line: String) {
    var line = line
    line.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) {
        cria_guard_set_bus_note($0.baseAddress, $0.count)
      }
    }
  }

  /// Where noted signals write their byte. The pipe is kept alive.
  static func wake(_ newPipe: WakePipe) {
    pipe.withLock { pipe in
      cria_guard_set_wake(newPipe.writeDescriptor)
      pipe = newPipe
    }
  }

  static func install(descriptor: Int32) -> Bool { cria_guard_install(descriptor) == 0 }

  static func setReset(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { raw in
      raw.withMemoryRebound(to: CChar.self) { cria_guard_set_reset($0.baseAddress, $0.count) }
    }
  }

  static func setActive(_ isActive: Bool) { cria_guard_set_active(isActive ? 1 : 0) }

  struct Pending: OptionSet {
    let rawValue: UInt32
    static let resize = Pending(rawValue: UInt32(CRIA_PENDING_WINCH))
    static let terminate = Pending(rawValue: UInt32(CRIA_PENDING_TERM))
    static let interrupt = Pending(rawValue: UInt32(CRIA_PENDING_INT))
    static let hangUp = Pending(rawValue: UInt32(CRIA_PENDING_HUP))
    static let stop = Pending(rawValue: UInt32(CRIA_PENDING_TSTP))
    static let resume = Pending(rawValue: UInt32(CRIA_PENDING_CONT))
  }

  static func takePending() -> Pending { Pending(rawValue: cria_guard_take_pending()) }

  static func note(_ pending: Pending) { cria_guard_note(pending.rawValue) }
}
