import CNcurses
import CTerminal
import Glibc

extension Screen {
  /// Stops the process as Ctrl-Z does in a shell, and comes back when it is continued.
  package func suspend() {
    guard isOpen else { return }
    leave()
    cria_guard_stop()
    // The continue signal was noted too; coming back here is the same thing.
    let others = TerminalGuard.takePending().subtracting([.resume, .stop])
    enter()
    if !others.isEmpty { TerminalGuard.note(others) }
    if adoptSize() { queued.append(.resize(size)) }
    queued.append(.resume)
  }

  /// Runs `body` with the terminal as the shell had it, for a program that takes it over.
  ///
  /// Ctrl-C in that program is not taken for one in this.
  package func runOutside<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
    guard isOpen else { return try body() }
    leave()
    defer {
      let others = TerminalGuard.takePending().subtracting([.interrupt, .stop, .resume])
      enter()
      if !others.isEmpty { TerminalGuard.note(others) }
      if adoptSize() { queued.append(.resize(size)) }
      queued.append(.resume)
    }
    return try body()
  }

  func leave() {
    Screen.write(Screen.modesOff)
    curs_set(1)
    endwin()
    TerminalGuard.setActive(false)
  }

  func enter() {
    TerminalGuard.setActive(true)
    // Drawing after endwin brings back the modes, the alternate screen and the keypad.
    reset_prog_mode()
    redraw()
    wrefresh(cria_stdscr())
    keypad(inputPad, true)
    Screen.write(Screen.pasteOn)
    if wantsMouse { setMouse(true) }
    redraw()
  }
}
