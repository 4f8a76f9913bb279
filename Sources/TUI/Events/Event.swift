/// Something that happened at the terminal.
package enum Event: Hashable, Sendable {
  case key(Key)
  /// Text pasted in brackets: line feeds and tabs are kept, other control characters are gone.
  case paste(String)
  case mouse(Mouse)
  /// The terminal has a new size; the screen already knows.
  case resize(Size)
  /// The process was stopped and goes on; the whole screen is to be drawn again.
  case resume
  /// Something outside asks to suspend (`kill -TSTP`); answer with `Screen.suspend`.
  case suspend
  /// The program is to end now, saving what it has: a signal, or the terminal is gone.
  case terminate(Termination)

  /// Why the program is to end.
  package enum Termination: Hashable, Sendable {
    /// SIGTERM, SIGINT or SIGHUP by number.
    case signal(Int32)
    /// Standard input ended or failed: the terminal is gone.
    case hangUp
  }

  package struct Mouse: Hashable, Sendable {
    package enum Action: Hashable, Sendable {
      case press, release, drag, wheelUp, wheelDown
    }

    package var action: Action
    package var position: Point

    package init(_ action: Action, at position: Point) {
      self.action = action
      self.position = position
    }
  }
}
