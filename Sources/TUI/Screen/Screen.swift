import CNcurses
import Glibc

/// The terminal, drawn on by surfaces and read as events. One thread only.
package final class Screen {
  /// The size of the terminal as of the last event.
  package internal(set) var size: Size
  /// How many colours are used; see `Theme.suited(to:)`.
  package var colorDepth: ColorDepth { pairs.depth }
  /// The descriptor that becomes readable when someone types.
  package let inputDescriptor: Int32 = STDIN_FILENO

  var pairs: ColorPairs
  var shown: Surface?
  var isOpen = true
  var wantsMouse = false
  var decoder: InputDecoder
  var emptyReadCount = 0
  var queued: [Event] = []
  // A pad, since reading from a window also refreshes it.
  let inputPad: UnsafeMutablePointer<WINDOW>
  let isSynchronized: Bool
  let isInTmux: Bool

  /// Takes over the terminal of standard input and output.
  ///
  /// Throws `noTerminal`, `unknownTerminal`, `incapableTerminal` or `system`; then nothing was
  /// written and no mode was changed. Unblocks the noted signals in the calling thread.
  package init() throws(TUIError) {
    let name = getenv("TERM").map { String(cString: $0) } ?? ""
    guard isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1 else {
      throw TUIError(.noTerminal, at: name, "standard input and output must be a terminal")
    }
    _ = TerminalLocale.isUTF8
    var status: Int32 = 0
    guard !name.isEmpty, setupterm(nil, STDOUT_FILENO, &status) == OK else {
      throw TUIError(.unknownTerminal, at: name, "terminfo has no entry for it")
    }
    guard cria_terminfo_string("cup") != nil, cria_terminfo_string("clear") != nil else {
      throw TUIError(.incapableTerminal, at: name, "it cannot place the cursor or clear")
    }
    // Before newterm, which leaves signals alone that already have a handler.
    guard TerminalGuard.install(descriptor: STDIN_FILENO) else {
      throw TUIError(.system, at: "tcgetattr", String(cString: strerror(errno)))
    }
    TerminalGuard.setReset(Screen.resetBytes())
    guard cria_newterm() != nil, let pad = newpad(1, 1) else {
      throw TUIError(.incapableTerminal, at: name, "ncurses cannot drive it")
    }
    TerminalGuard.setActive(true)
    _ = TerminalGuard.install(descriptor: STDIN_FILENO)
    raw()
    noecho()
    nonl()
    set_escdelay(25)
    typeahead(-1)
    keypad(pad, true)
    nodelay(pad, true)
    meta(pad, true)
    leaveok(cria_stdscr(), false)
    pairs = ColorPairs(noColor: getenv("NO_COLOR").map { String(cString: $0) })
    decoder = InputDecoder(keys: KeyTable().keys)
    inputPad = pad
    let known = ["xterm-kitty", "xterm-ghostty", "alacritty", "foot", "wezterm", "contour"]
    isSynchronized =
      cria_terminfo_string("Sync") != nil || known.contains { name.hasPrefix($0) }
    isInTmux = getenv("TMUX").map { $0.pointee != 0 } ?? false
    size = Size(columns: Int(cria_columns()), rows: Int(cria_lines()))
    Screen.write(Screen.pasteOn)
    adoptSize()
    TerminalGuard.unblockSignals()
  }

  deinit { close() }

  /// Gives the terminal back as it was. Any number of times.
  package func close() {
    guard isOpen else { return }
    isOpen = false
    leave()
  }

  /// Catches the wheel and clicks, or leaves them to the terminal's own selection.
  package func setMouse(_ isCaptured: Bool) {
    wantsMouse = isCaptured
    if isOpen { Screen.write(isCaptured ? MouseReport.on : MouseReport.off) }
  }

  /// Asks the terminal to put a text into its clipboard. False when it is too long for that;
  /// whether the terminal did it cannot be known.
  package func copy(_ text: String) -> Bool {
    guard isOpen, let request = Clipboard.request(for: text, inTmux: isInTmux) else {
      return false
    }
    Screen.write(request)
    return true
  }

  static let pasteOn = Array("\u{1B}[?2004h".utf8)
  /// Brackets around pastes and every mouse mode off.
  static let modesOff = Array("\u{1B}[?2004l".utf8) + MouseReport.off

  /// What puts this terminal back when ncurses no longer can: paste brackets, mouse, keypad,
  /// cursor, attributes, alternate screen.
  private static func resetBytes() -> [UInt8] {
    var bytes = modesOff
    for name in ["rmkx", "cnorm", "sgr0", "op", "rmcup"] {
      guard let value = cria_terminfo_string(name) else { continue }
      // Delays in angle brackets are for ncurses' own output routine.
      bytes += Array(String(cString: value).prefix { $0 != "$" }.utf8)
    }
    return bytes
  }

  /// Writes bytes that ncurses knows nothing of; its own buffer is always empty between draws.
  static func write(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if errno != EINTR {
        return
      }
    }
  }
}
