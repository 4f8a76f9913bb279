/// What went wrong in the terminal toolkit: a code to decide by, the place, what was found.
///
/// The wording a person sees is made at the edge, from these parts.
package struct TUIError: Error, Hashable, Sendable {
  package enum Code: String, Sendable {
    /// Standard input or output is no terminal.
    case noTerminal
    /// `TERM` is empty or names nothing in terminfo.
    case unknownTerminal
    /// The terminal cannot place the cursor or clear (a dumb or a printing terminal).
    case incapableTerminal
    /// The system refused a pipe, memory or a mode of the terminal.
    case system
    /// No theme of that name in any folder.
    case themeMissing
    /// A theme's file cannot be read.
    case themeUnreadable
    /// A theme's file is not TOML, or a value in it is not what a theme may say.
    case themeInvalid
    /// Themes inherit each other in a circle, or too deeply.
    case themeCycle
    /// A key's notation cannot be read.
    case badKey
  }

  package var code: Code
  /// The terminal's name, or the file (with `line`), or the text of a key.
  package var place: String
  /// The line in the file, from 1; nil where there is none.
  package var line: Int?
  /// The key in the file, such as `styles."ui.text".fg`; nil where there is none.
  package var key: String?
  /// What was found and what was expected, as a phrase without a full stop.
  package var detail: String

  package init(
    _ code: Code, at place: String, line: Int? = nil, key: String? = nil, _ detail: String
  ) {
    self.code = code
    self.place = place
    self.line = line
    self.key = key
    self.detail = detail
  }
}
