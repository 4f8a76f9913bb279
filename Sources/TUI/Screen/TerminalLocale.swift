import CNcurses
import Glibc

/// The character set of the process, settled once, before the first width is asked for.
package enum TerminalLocale {
  /// Whether text beyond ASCII can be drawn.
  ///
  /// The user's own locale counts if it is UTF-8. The C locale says nothing of the terminal,
  /// and is replaced by C.UTF-8, which every glibc since 2.35 has built in. One that names
  /// another character set is believed: drawing is plain ASCII then. Only the character class
  /// is set: numbers keep the C locale's decimal point for every parser in the process.
  package static let isUTF8: Bool = {
    for name in ["", "C.UTF-8", "en_US.UTF-8"] where setlocale(LC_CTYPE, name) != nil {
      guard let codeset = nl_langinfo(Int32(CODESET)) else { continue }
      if strcmp(codeset, "UTF-8") == 0 { return true }
      if strcmp(codeset, "ANSI_X3.4-1968") != 0 { return false }
    }
    return false
  }()
}
