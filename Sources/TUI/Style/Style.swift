/// Foreground, background and attributes of text.
///
/// A colour left at `.inherit` shows what is already on the surface, so that one style for
/// dim text serves on every background.
package struct Style: Hashable, Sendable {
  /// What a terminal can do to letters besides colour.
  package struct Attributes: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let bold = Attributes(rawValue: 1)
    package static let dim = Attributes(rawValue: 2)
    package static let italic = Attributes(rawValue: 4)
    package static let underline = Attributes(rawValue: 8)
    package static let reverse = Attributes(rawValue: 16)
  }

  package var foreground: Color
  package var background: Color
  package var attributes: Attributes

  package init(
    foreground: Color = .inherit, background: Color = .inherit, attributes: Attributes = []
  ) {
    self.foreground = foreground
    self.background = background
    self.attributes = attributes
  }

  /// The terminal's own colours and no attributes: what an empty surface is filled with.
  package static let terminal = Style(foreground: .terminalDefault, background: .terminalDefault)

  /// This style laid over another: its colours where it has them, the attributes of both.
  package func over(_ below: Style) -> Style {
    Style(
      foreground: foreground == .inherit ? below.foreground : foreground,
      background: background == .inherit ? below.background : background,
      attributes: attributes.union(below.attributes))
  }

  /// The same style with more attributes.
  package func adding(_ more: Attributes) -> Style {
    Style(
      foreground: foreground, background: background, attributes: attributes.union(more))
  }
}
