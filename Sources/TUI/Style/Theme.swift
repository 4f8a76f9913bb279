/// How every role looks.
package struct Theme: Hashable, Sendable {
  /// Which ground a theme is made for.
  package enum Appearance: String, Sendable {
    case dark, light
    /// Whatever the terminal has.
    case terminal
  }

  package var name: String
  package var appearance: Appearance
  package private(set) var styles: [String: Style]

  package init(name: String, appearance: Appearance, styles: [String: Style]) {
    self.name = name
    self.appearance = appearance
    self.styles = styles
  }

  /// The style of a role: its own, or that of the nearest role above it, or none.
  package subscript(role: Role) -> Style {
    if let style = styles[role.name] { return style }
    var name = Substring(role.name)
    while let dot = name.lastIndex(of: ".") {
      name = name[..<dot]
      if let style = styles[String(name)] { return style }
    }
    return Style()
  }

  /// What the whole screen is filled with before anything is drawn.
  package var ground: Style { self[.text].over(self[.background].over(.terminal)) }

  /// This theme with another's styles where it has them, under the other's name.
  package func overlaid(with other: Theme) -> Theme {
    Theme(
      name: other.name, appearance: other.appearance,
      styles: styles.merging(other.styles) { _, new in new })
  }

  /// The theme to draw with on a terminal of this depth: without colours, a theme made to do
  /// without, since one that tells things apart by colour alone would show no selection.
  package func suited(to depth: ColorDepth) -> Theme { depth == .none ? .colourless : self }
}
