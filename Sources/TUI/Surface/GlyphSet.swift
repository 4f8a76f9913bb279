/// The signs that widgets draw with, in Unicode or in plain ASCII.
package struct GlyphSet: Hashable, Sendable {
  package var horizontal: Character
  package var vertical: Character
  package var topLeft: Character
  package var topRight: Character
  package var bottomLeft: Character
  package var bottomRight: Character
  /// The mark of a selected row, and of the message that has the focus.
  package var pointer: Character
  package var bar: Character
  package var meterFull: Character
  package var meterEmpty: Character
  package var ellipsis: Character
  package var arrowUp: Character
  package var arrowDown: Character
  package var bullet: Character
  package var check: Character
  /// Eighth steps from nearly nothing to full, for small graphs.
  package var graph: [Character]
  /// The turning sign of something under way.
  package var spinner: [Character]

  package static let unicode = GlyphSet(
    horizontal: "─", vertical: "│", topLeft: "╭", topRight: "╮", bottomLeft: "╰",
    bottomRight: "╯", pointer: "▸", bar: "▌", meterFull: "█", meterEmpty: "░", ellipsis: "…",
    arrowUp: "↑", arrowDown: "↓", bullet: "•", check: "✓",
    graph: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
    spinner: ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"])

  package static let ascii = GlyphSet(
    horizontal: "-", vertical: "|", topLeft: "+", topRight: "+", bottomLeft: "+",
    bottomRight: "+", pointer: ">", bar: "|", meterFull: "#", meterEmpty: ".", ellipsis: "~",
    arrowUp: "^", arrowDown: "v", bullet: "*", check: "x",
    graph: ["_", ".", "-", "=", "+", "o", "O", "#"], spinner: ["|", "/", "-", "\\"])

  /// What the process's locale can show.
  package static var current: GlyphSet { TerminalLocale.isUTF8 ? .unicode : .ascii }
}
