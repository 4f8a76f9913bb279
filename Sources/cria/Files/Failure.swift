/// What a person is told when something fails: one line of what, where, and what to do.
///
/// The only error that reaches `main`; every other one is worded here (see `Failure+Wording`).
package struct Failure: Error, Sendable, Equatable {
  /// The exit statuses of every command.
  package enum Status: Int32, Sendable {
    /// It was asked correctly and did not work out.
    case failed = 1
    /// The command line asks for what cannot be.
    case usage = 2
  }

  /// What is wrong, as a phrase without a full stop.
  package var what: String
  /// The file, with the line, key or offset where there is one.
  package var place: String
  /// What to do about it.
  package var remedy: String
  package var status: Status

  package init(
    _ what: String, at place: String = "", remedy: String = "", status: Status = .failed
  ) {
    self.what = what
    self.place = place
    self.remedy = remedy
    self.status = status
  }

  /// The three parts joined, safe to print; without the program's name.
  package var text: String {
    [what, place, remedy].filter { !$0.isEmpty }.map(VisibleText.escaped).joined(separator: "; ")
  }

  /// The whole line for standard error.
  package var line: String { "cria: " + text }
}

/// The user asked to stop; nothing is reported, and the program ends by the signal.
package struct Cancelled: Error, Sendable {
  package init() {}
}

/// Nobody reads standard output any more; nothing is reported.
package struct OutputClosed: Error, Sendable {
  package init() {}
}
