import Synchronization

/// One place on a surface: what is drawn there, how, and how many columns it takes.
///
/// 16 bytes, no references: surfaces are filled, copied and compared at memory speed.
package struct Cell: Hashable, Sendable {
  /// A scalar, or above the scalars a cluster's number in `ClusterTable`.
  var glyph: UInt32
  package var style: Style
  /// 1 or 2 columns; 0 for the right half of a wide glyph.
  package var columns: UInt8

  init(glyph: UInt32, style: Style, columns: UInt8) {
    self.glyph = glyph
    self.style = style
    self.columns = columns
  }

  static func blank(_ style: Style) -> Cell { Cell(glyph: 0x20, style: style, columns: 1) }

  /// Whether this is the right half of the wide glyph to its left.
  package var isContinuation: Bool { columns == 0 }

  /// The scalars to draw, base first; empty for a continuation.
  package var scalars: [UInt32] {
    if isContinuation { return [] }
    return glyph < ClusterTable.firstNumber ? [glyph] : ClusterTable.scalars(of: glyph)
  }
}

/// Numbers for bases with marks, which do not fit the four bytes of a cell's glyph.
///
/// One table for the process, so that cells of different surfaces can be compared by number.
/// It only grows, and only up to a bound that hostile text cannot push: what comes after is
/// drawn without its marks.
enum ClusterTable {
  static let firstNumber: UInt32 = 0x11_0000
  private static let capacity = 1 << 16

  private struct State {
    var numbers: [[UInt32]: UInt32] = [:]
    var clusters: [[UInt32]] = []
  }

  private static let state = Mutex(State())

  static func number(for scalars: [UInt32]) -> UInt32 {
    state.withLock { state in
      if let known = state.numbers[scalars] { return known }
      guard state.clusters.count < capacity else { return scalars[0] }
      let number = firstNumber + UInt32(state.clusters.count)
      state.clusters.append(scalars)
      state.numbers[scalars] = number
      return number
    }
  }

  static func scalars(of number: UInt32) -> [UInt32] {
    state.withLock { $0.clusters[Int(number - firstNumber)] }
  }
}
