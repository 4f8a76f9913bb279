import Glibc

/// One line on standard error that is drawn over itself; nothing where that is no terminal.
package struct ProgressLine: ~Copyable {
  private let isShown: Bool
  private var last = ""

  package init() {
    isShown = StandardStreams.errorIsTerminal && Environment.value("TERM") != "dumb"
  }

  /// Shows `text`, cut to the terminal's width; the same text again costs nothing.
  package mutating func show(_ text: String) {
    guard isShown, text != last else { return }
    last = text
    var size = winsize()
    let width = ioctl(2, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 1 ? Int(size.ws_col) : 80
    StandardStreams.note("\r" + VisibleText.escaped(String(text.prefix(width - 1))) + "\u{1B}[K")
  }

  /// Takes the line away.
  package mutating func clear() {
    guard isShown, !last.isEmpty else { return }
    last = ""
    StandardStreams.note("\r\u{1B}[K")
  }
}
