/// One row of facts that gives up the less important ones as it gets narrower.
package struct StatusBar: Hashable, Sendable {
  /// A piece of text in one role, drawn over the bar's own style.
  package struct Span: Hashable, Sendable {
    package var text: String
    package var role: Role

    package init(_ text: String, role: Role = .status) {
      self.text = text
      self.role = role
    }
  }

  package enum Side: Hashable, Sendable { case left, right }

  package struct Segment: Hashable, Sendable {
    /// The forms it can take, the longest first. When the shortest does not fit either, the
    /// segment is dropped.
    package var forms: [[Span]]
    /// Higher stays longer.
    package var priority: Int
    package var side: Side

    package init(_ forms: [[Span]], priority: Int, side: Side = .left) {
      self.forms = forms
      self.priority = priority
      self.side = side
    }

    /// A segment of plain text, with shorter forms.
    package init(
      _ text: String, shorter: [String] = [], role: Role = .status, priority: Int,
      side: Side = .left
    ) {
      self.init(
        ([text] + shorter).map { [Span($0, role: role)] }, priority: priority, side: side)
    }
  }

  package var segments: [Segment]
  /// Columns between segments.
  package var gap: Int

  package init(_ segments: [Segment], gap: Int = 2) {
    self.segments = segments
    self.gap = gap
  }

  /// The form each segment takes at a width, or nil where it is dropped: the least important
  /// one is shortened step by step and then dropped, before the next one gives up anything.
  package func forms(columns: Int) -> [Int?] {
    let widths = segments.map { $0.forms.map(StatusBar.columns) }
    var chosen: [Int?] = segments.map { $0.forms.isEmpty ? nil : 0 }
    func total() -> Int {
      var sum = 0
      var count = 0
      for (place, form) in chosen.enumerated() {
        guard let form, widths[place][form] > 0 else { continue }
        sum += widths[place][form]
        count += 1
      }
      return sum + max(0, count - 1) * gap
    }
    while total() > columns {
      let candidates = chosen.indices.filter { chosen[$0] != nil }
      // Of two that are as important, the one further right goes first.
      guard
        let least = candidates.min(by: {
          (segments[$0].priority, -$0) < (segments[$1].priority, -$1)
        }), let form = chosen[least]
      else { break }
      if candidates.count == 1, form + 1 == widths[least].count { break }
      chosen[least] = form + 1 < widths[least].count ? form + 1 : nil
    }
    return chosen
  }

  package func draw(into surface: inout Surface, rect: Rect, theme: Theme) {
    guard !rect.isEmpty else { return }
    let row = rect.splitTop(1).top
    surface.fill(row, style: theme[.status].over(theme.ground))
    let inner = row.columns > 2 ? row.inset(columns: 1, rows: 0) : row
    let chosen = forms(columns: inner.columns)
    surface.clipped(to: inner) { surface in
      var left = inner.column
      var right = inner.endColumn
      for (segment, form) in zip(segments, chosen) where segment.side == .left {
        guard let form else { continue }
        let used = put(segment.forms[form], at: left, row: row.row, &surface, theme)
        if used > 0 { left += used + gap }
      }
      for (segment, form) in zip(segments, chosen).reversed() where segment.side == .right {
        guard let form else { continue }
        let columns = StatusBar.columns(segment.forms[form])
        guard columns > 0 else { continue }
        let start = max(inner.column, right - columns)
        _ = put(segment.forms[form], at: start, row: row.row, &surface, theme)
        right -= columns + gap
      }
    }
  }

  private func put(
    _ spans: [Span], at column: Int, row: Int, _ surface: inout Surface, _ theme: Theme
  ) -> Int {
    var used = 0
    for span in spans {
      let style = span.role == .status ? Style() : theme[span.role]
      used += surface.put(span.text, at: Point(column: column + used, row: row), style: style)
    }
    return used
  }

  private static func columns(_ spans: [Span]) -> Int {
    spans.reduce(0) { $0 + DisplayWidth.columns(of: $1.text) }
  }
}
