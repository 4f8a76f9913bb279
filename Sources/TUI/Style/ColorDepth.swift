/// How many colours the terminal shows; colours are fitted to it when they are drawn.
package enum ColorDepth: Int, Comparable, Sendable {
  case none = 0
  case eight = 8
  case sixteen = 16
  case palette = 256
  case trueColor = 0x100_0000

  package static func < (left: ColorDepth, right: ColorDepth) -> Bool {
    left.rawValue < right.rawValue
  }

  /// The depth for a number of colours from terminfo; `isDirect` where its `RGB` flag is set.
  ///
  /// `noColor` is the environment's `NO_COLOR`, which counts when it is not empty.
  package init(colorCount: Int, isDirect: Bool, noColor: String?) {
    if let noColor, !noColor.isEmpty {
      self = .none
    } else if isDirect && colorCount >= ColorDepth.trueColor.rawValue {
      self = .trueColor
    } else if colorCount >= 256 {
      self = .palette
    } else if colorCount >= 16 {
      self = .sixteen
    } else if colorCount >= 8 {
      self = .eight
    } else {
      self = .none
    }
  }
}

/// A colour number of the terminal, and whether bold must stand for its brightness.
package struct FittedColor: Hashable, Sendable {
  /// -1 is the terminal's own; with `ColorDepth.trueColor` the number is 0xRRGGBB.
  package var number: Int
  package var needsBold: Bool

  package static let terminalDefault = FittedColor(number: -1, needsBold: false)

  package init(number: Int, needsBold: Bool = false) {
    self.number = number
    self.needsBold = needsBold
  }
}

extension Color {
  /// The nearest colour that a terminal of this depth can show.
  package func fitted(to depth: ColorDepth) -> FittedColor {
    switch (kind, depth) {
    case (.inherit, _), (.terminalDefault, _), (_, .none):
      return .terminalDefault
    case (.indexed(let index), .trueColor):
      // In direct mode small numbers still name the palette's first eight; the others are
      // given by what xterm shows for them.
      if index < 8 { return FittedColor(number: Int(index)) }
      let (red, green, blue) = Palette.components(of: Int(index))
      return FittedColor(number: red << 16 | green << 8 | blue)
    case (.indexed(let index), .palette):
      return FittedColor(number: Int(index))
    case (.indexed(let index), .sixteen) where index < 16:
      return FittedColor(number: Int(index))
    case (.indexed(let index), .eight) where index < 16:
      return FittedColor(number: Int(index & 7), needsBold: index >= 8)
    case (.indexed(let index), _):
      return Palette.basic(Palette.components(of: Int(index)), depth)
    case (.rgb(let red, let green, let blue), .trueColor):
      return FittedColor(number: Int(red) << 16 | Int(green) << 8 | Int(blue))
    case (.rgb(let red, let green, let blue), .palette):
      return FittedColor(number: Palette.nearest(Int(red), Int(green), Int(blue), in: 16..<256))
    case (.rgb(let red, let green, let blue), _):
      return Palette.basic((Int(red), Int(green), Int(blue)), depth)
    }
  }
}

/// The colours that xterm and most others show for the palette's numbers.
enum Palette {
  static func components(of index: Int) -> (Int, Int, Int) {
    if index >= 232 {
      let level = 8 + 10 * (index - 232)
      return (level, level, level)
    }
    if index >= 16 {
      func level(_ step: Int) -> Int { step == 0 ? 0 : 55 + 40 * step }
      let cube = index - 16
      return (level(cube / 36), level(cube / 6 % 6), level(cube % 6))
    }
    if index == 7 { return (229, 229, 229) }
    if index == 8 { return (127, 127, 127) }
    let level = index >= 8 ? 255 : 205
    return (index & 1 != 0 ? level : 0, index & 2 != 0 ? level : 0, index & 4 != 0 ? level : 0)
  }

  /// The palette's number nearest to a colour, by a distance that weighs the components
  /// roughly as the eye does.
  static func nearest(_ red: Int, _ green: Int, _ blue: Int, in range: Range<Int>) -> Int {
    var best = range.lowerBound
    var bestDistance = Int.max
    for index in range {
      let candidate = components(of: index)
      let meanRed = (red + candidate.0) / 2
      let (dr, dg, db) = (red - candidate.0, green - candidate.1, blue - candidate.2)
      let distance =
        (512 + meanRed) * dr * dr / 256 + 4 * dg * dg + (767 - meanRed) * db * db / 256
      if distance < bestDistance {
        best = index
        bestDistance = distance
      }
    }
    return best
  }

  static func basic(_ color: (Int, Int, Int), _ depth: ColorDepth) -> FittedColor {
    let index = nearest(color.0, color.1, color.2, in: 0..<16)
    if depth == .sixteen { return FittedColor(number: index) }
    return FittedColor(number: index & 7, needsBold: index >= 8)
  }
}
