import CNcurses
import Glibc

extension Screen {
  /// Whether events wait that no descriptor tells of.
  package var hasInput: Bool { !queued.isEmpty }

  /// Reads whatever is there, without waiting: signals first, then keys, pastes, the mouse.
  ///
  /// `hungUp` is what `poll` said of the terminal.
  package func readEvents(hungUp: Bool = false) -> [Event] {
    var events = queued
    queued = []
    let pending = TerminalGuard.takePending()
    if pending.contains(.resume) {
      enter()
      events.append(.resume)
    }
    if pending.contains(.resize) || pending.contains(.resume), adoptSize() {
      events.append(.resize(size))
    }
    let tokens = readTokens()
    events += decoder.decode(tokens)
    if pending.contains(.stop) { events.append(.suspend) }
    if pending.contains(.terminate) { events.append(.terminate(.signal(SIGTERM))) }
    if pending.contains(.interrupt) { events.append(.terminate(.signal(SIGINT))) }
    if pending.contains(.hangUp) { events.append(.terminate(.signal(SIGHUP))) }
    if tokens.isEmpty && (hungUp || isAtEnd()) {
      // A read can come back empty for a signal; only a terminal that stays so is gone.
      emptyReadCount += 1
      if hungUp || emptyReadCount >= 3 { events.append(.terminate(.hangUp)) }
    } else {
      emptyReadCount = 0
    }
    return events
  }

  private func readTokens() -> [InputDecoder.Token] {
    var tokens: [InputDecoder.Token] = []
    var value: wint_t = 0
    while true {
      let status = wget_wch(inputPad, &value)
      if status == ERR { return tokens }
      if status != KEY_CODE_YES {
        tokens.append(.scalar(value))
      } else if Int32(bitPattern: value) != KEY_RESIZE {
        tokens.append(.code(Int32(bitPattern: value)))
      }
    }
  }

  /// Whether standard input is readable and yet has nothing: its end.
  private func isAtEnd() -> Bool {
    var descriptor = pollfd(fd: inputDescriptor, events: Int16(POLLIN), revents: 0)
    return poll(&descriptor, 1, 0) == 1
  }

  /// Takes over the terminal's size. True when it is another than before.
  @discardableResult
  func adoptSize() -> Bool {
    var (rows, columns): (Int32, Int32) = (0, 0)
    guard cria_window_size(STDOUT_FILENO, &rows, &columns) == 1 else { return false }
    let new = Size(columns: Int(columns), rows: Int(rows))
    if cria_lines() != rows || cria_columns() != columns { resizeterm(rows, columns) }
    guard new != size else { return false }
    size = new
    redraw()
    return true
  }
}
