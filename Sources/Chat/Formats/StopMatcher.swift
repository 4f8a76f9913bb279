/// Looks for stop strings in text that streams in, and holds text back while it may be the
/// beginning of one, so that no part of a stop string is ever shown.
///
/// What comes out does not depend on how the text was cut into pieces: the stop string that
/// is whole first ends the text, and of those that end at the same place the longest.
package struct StopMatcher: Sendable {
  /// What one piece of text led to.
  package struct Result: Sendable, Equatable {
    /// Safe to show: text before the stop, or before what may become one.
    package var text: String
    /// The stop string that was found; all text after it is swallowed.
    package var stop: String?

    package init(text: String, stop: String?) {
      self.text = text
      self.stop = stop
    }
  }

  private let stops: [[UInt8]]
  private var held: [UInt8] = []
  private var hit: String?

  /// Empty stop strings are ignored.
  package init(stops: [String]) {
    self.stops = stops.filter { !$0.isEmpty }.map { Array($0.utf8) }
  }

  /// Takes the next piece. O((held + piece) · stop strings' length).
  package mutating func feed(_ piece: String) -> Result {
    if let hit { return Result(text: "", stop: hit) }
    held += Array(piece.utf8)
    if let (start, stop) = firstStop() {
      let text = String(decoding: held[..<start], as: UTF8.self)
      held = []
      hit = String(decoding: stop, as: UTF8.self)
      return Result(text: text, stop: hit)
    }
    let safeCount = held.count - possibleStopLength()
    let text = String(decoding: held[..<safeCount], as: UTF8.self)
    held.removeFirst(safeCount)
    return Result(text: text, stop: nil)
  }

  /// Gives out what was held back: no more text will come.
  package mutating func finish() -> String {
    defer { held = [] }
    return String(decoding: held, as: UTF8.self)
  }

  private func firstStop() -> (start: Int, stop: [UInt8])? {
    for end in 0..<held.count {
      let matches = stops.filter { held[...end].suffix($0.count).elementsEqual($0) }
      if let stop = matches.max(by: { $0.count < $1.count }) {
        return (end + 1 - stop.count, stop)
      }
    }
    return nil
  }

  /// Length of the longest end of the held text that some stop string begins with.
  private func possibleStopLength() -> Int {
    let longest = stops.map { min($0.count - 1, held.count) }.max() ?? 0
    for length in stride(from: longest, to: 0, by: -1) {
      let end = held.suffix(length)
      if stops.contains(where: { $0.count > length && $0.starts(with: end) }) { return length }
    }
    return 0
  }
}
