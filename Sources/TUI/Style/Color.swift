/// A colour as a theme names it, before it is fitted to the terminal's abilities.
package struct Color: Hashable, Sendable {
  // The kind in the top byte, the index or the three components below it.
  private let bits: UInt32

  private init(bits: UInt32) { self.bits = bits }

  /// Whatever colour is already under the text.
  package static let inherit = Color(bits: 0)

  /// The terminal's own foreground or background.
  package static let terminalDefault = Color(bits: 1 << 24)

  /// An entry of the terminal's palette of 256; 0 to 15 are the ones its user chose.
  package static func indexed(_ index: UInt8) -> Color { Color(bits: 2 << 24 | UInt32(index)) }

  /// A colour by its sRGB components.
  package static func rgb(_ red: UInt8, _ green: UInt8, _ blue: UInt8) -> Color {
    Color(bits: 3 << 24 | UInt32(red) << 16 | UInt32(green) << 8 | UInt32(blue))
  }

  /// The same colour in a form to switch over.
  package enum Kind: Hashable, Sendable {
    case inherit
    case terminalDefault
    case indexed(UInt8)
    case rgb(red: UInt8, green: UInt8, blue: UInt8)
  }

  package var kind: Kind {
    switch bits >> 24 {
    case 0: .inherit
    case 1: .terminalDefault
    case 2: .indexed(UInt8(truncatingIfNeeded: bits))
    default:
      .rgb(
        red: UInt8(truncatingIfNeeded: bits >> 16), green: UInt8(truncatingIfNeeded: bits >> 8),
        blue: UInt8(truncatingIfNeeded: bits))
    }
  }
}
