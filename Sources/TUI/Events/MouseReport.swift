/// Reads what terminals send for the mouse, in the forms of xterm's control sequences document.
///
/// ncurses reads these too, but only in the form that the terminal's entry names, and tmux's
/// names one that ends at column 223 and knows no dragging.
enum MouseReport {
  /// What asks for reports: presses and wheel, dragging, in SGR form.
  static let on = Array("\u{1B}[?1000h\u{1B}[?1002h\u{1B}[?1006h".utf8)
  static let off = Array("\u{1B}[?1006l\u{1B}[?1002l\u{1B}[?1000l".utf8)

  /// `ESC [ < button ; column ; row M`, or `m` for a release. Nil for what is no such report
  /// and for buttons that mean nothing here.
  static func sgr(_ bytes: [UInt8], final: UInt32) -> Event.Mouse? {
    guard bytes.first == 0x3C, final == 0x4D || final == 0x6D else { return nil }
    let numbers = bytes.dropFirst().split(separator: 0x3B, omittingEmptySubsequences: false)
      .map { Int(String(decoding: $0, as: UTF8.self)) }
    guard numbers.count == 3, let button = numbers[0], let column = numbers[1],
      let row = numbers[2]
    else { return nil }
    return mouse(button, column: column, row: row, isRelease: final == 0x6D)
  }

  /// The three characters after `ESC [ M`, each 32 more than its value.
  static func x10(_ values: [UInt32]) -> Event.Mouse? {
    guard values.count == 3, values.allSatisfy({ (32...255).contains($0) }) else { return nil }
    let button = Int(values[0]) - 32
    return mouse(
      button & ~3 | (button & 3 == 3 ? 0 : button & 3), column: Int(values[1]) - 32,
      row: Int(values[2]) - 32, isRelease: button & 3 == 3 && button & 64 == 0)
  }

  private static func mouse(_ button: Int, column: Int, row: Int, isRelease: Bool) -> Event.Mouse? {
    guard (1...10_000).contains(column), (1...10_000).contains(row) else { return nil }
    let place = Point(column: column - 1, row: row - 1)
    // Shift, alt and control are 4, 8 and 16; motion is 32; the wheel is 64.
    switch (button & 64 != 0, button & 3) {
    case (true, 0): return Event.Mouse(.wheelUp, at: place)
    case (true, 1): return Event.Mouse(.wheelDown, at: place)
    case (false, 0):
      return Event.Mouse(
        isRelease ? .release : button & 32 != 0 ? .drag : .press, at: place)
    default: return nil
    }
  }
}
