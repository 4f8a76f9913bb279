import CNcurses

/// Hands out ncurses colour pairs for styles, as they come up.
struct ColorPairs {
  let depth: ColorDepth
  private let pairCount: Int32
  private let hasDefault: Bool
  private var numbers: [FittedPair: Int32] = [:]
  private var next: Int32 = 1

  private struct FittedPair: Hashable {
    var foreground: Int
    var background: Int
  }

  init(noColor: String?) {
    if has_colors() { start_color() }
    hasDefault = has_colors() && use_default_colors() == OK
    depth = ColorDepth(
      colorCount: has_colors() ? Int(cria_color_count()) : 0,
      isDirect: tigetflag("RGB") > 0 || tigetnum("RGB") > 0, noColor: noColor)
    pairCount = has_colors() ? cria_pair_count() : 0
  }

  /// The pair and the attributes that draw a style.
  mutating func attributes(for style: Style) -> (attributes: attr_t, pair: Int32) {
    var attributes: attr_t = 0
    if style.attributes.contains(.bold) { attributes |= cria_attr_bold() }
    if style.attributes.contains(.dim) { attributes |= cria_attr_dim() }
    if style.attributes.contains(.italic) { attributes |= cria_attr_italic() }
    if style.attributes.contains(.underline) { attributes |= cria_attr_underline() }
    if style.attributes.contains(.reverse) { attributes |= cria_attr_reverse() }
    guard depth != .none else { return (attributes, 0) }
    let foreground = style.foreground.fitted(to: depth)
    let background = style.background.fitted(to: depth)
    if foreground.needsBold { attributes |= cria_attr_bold() }
    let wanted = FittedPair(
      foreground: foreground.number < 0 && !hasDefault ? 7 : foreground.number,
      background: background.number < 0 && !hasDefault ? 0 : background.number)
    if wanted.foreground < 0 && wanted.background < 0 { return (attributes, 0) }
    if let known = numbers[wanted] { return (attributes, known) }
    guard next < pairCount,
      init_extended_pair(next, Int32(wanted.foreground), Int32(wanted.background)) == OK
    else { return (attributes, 0) }
    numbers[wanted] = next
    next += 1
    return (attributes, next - 1)
  }
}
