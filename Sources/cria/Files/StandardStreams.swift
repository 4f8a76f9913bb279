import Glibc

/// Standard input, output and error as the commands use them: results to output, everything
/// else to error.
package enum StandardStreams {
  /// Gives the numbers 0 to 2 to something harmless where the caller closed them, so that no
  /// file opened later gets them and is written into. A closed input reads as empty; writing to
  /// a closed output fails as it should.
  package static func occupy() {
    while true {
      let file = open("/dev/null", O_RDONLY)
      if file < 0 { return }
      if file > 2 {
        close(file)
        return
      }
    }
  }

  package static var inputIsTerminal: Bool { isatty(0) == 1 }
  package static var outputIsTerminal: Bool { isatty(1) == 1 }
  package static var errorIsTerminal: Bool { isatty(2) == 1 }

  /// Writes a result. Throws `OutputClosed` when the reader has gone, else `Failure`.
  package static func write(_ text: String) throws {
    do {
      try FileSystem.write(text.utf8, to: 1, path: "standard output")
    } catch  where error.number == EPIPE {
      throw OutputClosed()
    } catch {
      throw Failure(error)
    }
  }

  /// Writes a result and a line end.
  package static func writeLine(_ text: String) throws { try write(text + "\n") }

  /// Writes progress, statistics or complaints; that nobody can read them is no error.
  package static func note(_ text: String) {
    try? FileSystem.write(text.utf8, to: 2, path: "standard error")
  }
}
