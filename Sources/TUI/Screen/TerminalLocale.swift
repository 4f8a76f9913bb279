import CNcurses
import Glibc

/// The character set of the process, settled once, before the first width is asked for.
package enum TerminalLocale {
  /// Whether text beyond ASCII can be drawn.
  ///
  /// The user's own locale counts if it is UTF-8; otherwise C.UTF-8 is used, which every
  /// glibc since 2.35 has built in. Where neither is there, drawing is plain ASCII. Only the
  /// character class is set: numbers keep the C locale's decimal point for every parser in
  /// the process.
  package static let isUTF8: Bool = {
    for name in ["", "C.UTF-8", "en_US.UTF-8"] where setlocale(LC_CTYPE, name) != nil {
      if let codeset = nl_langinfo(Int32(CODESET)), strcmp(codeset, "UTF-8") == 0 { return true }
    }
    _ = setlocale(LC_CTYPE, "C")
    return false
  }()
}
