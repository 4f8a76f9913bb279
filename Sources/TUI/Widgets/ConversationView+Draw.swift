extension ConversationView {
  /// Draws the entries in view.
  ///
  /// `hint` goes to the right end of the last row, over the text: where the program says how
  /// many new lines there are below.
  package func draw(into surface: inout Surface, rect: Rect, theme: Theme, hint: String = "") {
    surface.clipped(to: rect) { surface in
      var place = top
      var row = rect.row
      while row < rect.endRow, entries.indices.contains(place.entry) {
        let layout = layout(of: place.entry)
        let count = rowCount(place.entry, layout)
        while place.row < count && row < rect.endRow {
          draw(place, layout, into: &surface, rect: rect, row: row, theme: theme)
          place.row += 1
          row += 1
        }
        place = Place(entry: place.entry + 1, row: 0)
      }
      if !hint.isEmpty && rect.rows > 0 {
        surface.putRight(
          " \(hint) ", endColumn: rect.endColumn, row: rect.endRow - 1,
          style: theme[.notice].adding(.reverse))
      }
    }
  }

  private func draw(
    _ place: Place, _ layout: TextLayout, into surface: inout Surface, rect: Rect, row: Int,
    theme: Theme
  ) {
    let entry = entries[place.entry]
    if entry.kind == .separator {
      if place.row == 0 { drawSeparator(entry, into: &surface, rect: rect, row: row, theme: theme) }
      return
    }
    let outside = entry.isOutside ? theme[.messageOutside] : Style()
    let column = rect.column + margin
    var line = place.row
    let isLast = place.row == rowCount(place.entry, layout) - 1
    if focus == place.entry && !isLast {
      surface.put(
        String(surface.glyphs.bar), at: Point(column: rect.column, row: row),
        style: theme[.messageFocus])
    }
    if isLast { return }
    if !entry.label.isEmpty {
      if line == 0 {
        let style = outside.over(theme[entry.role.dot("label")])
        let used = surface.putTruncated(
          entry.label, at: Point(column: column, row: row), style: style, columns: textWidth)
        let room = textWidth - used - 2
        if !entry.aside.isEmpty, DisplayWidth.columns(of: entry.aside) <= room {
          surface.put(
            entry.aside, at: Point(column: column + used + 2, row: row), style: theme[.dim])
        }
        return
      }
      line -= 1
    }
    guard line < layout.lineCount else {
      surface.putTruncated(
        entry.note, at: Point(column: column, row: row), style: theme[.messageNote],
        columns: textWidth)
      return
    }
    let drawn = layout.lines[line]
    let style =
      drawn.isCode
      ? outside.over(theme[.messageCode].over(theme[entry.role]))
      : outside.over(theme[entry.role])
    TextScanner.withUTF8(entry.text) { bytes in
      drawText(
        bytes, drawn, of: entry, at: Point(column: column + drawn.indent, row: row), style: style,
        into: &surface, theme: theme)
    }
  }

  /// Draws a line in pieces, cut where the spans over it start and end.
  private func drawText(
    _ bytes: UnsafeBufferPointer<UInt8>, _ line: TextLayout.Line, of entry: ConversationEntry,
    at point: Point, style: Style, into surface: inout Surface, theme: Theme
  ) {
    // The text may have been changed by a program that did not go through this view.
    let end = min(line.end, bytes.count)
    var start = min(line.start, end)
    var used = 0
    func put(upTo stop: Int, _ style: Style) {
      guard stop > start else { return }
      let piece = UnsafeBufferPointer(rebasing: bytes[start..<stop])
      used += surface.put(
        utf8: piece, at: Point(column: point.column + used, row: point.row), style: style,
        maximumColumns: max(0, textWidth - line.indent - used))
      start = stop
    }
    if !entry.spans.isEmpty {
      var low = 0
      var high = entry.spans.count
      while low < high {
        let middle = (low + high) / 2
        if entry.spans[middle].range.upperBound <= start { low = middle + 1 } else { high = middle }
      }
      for span in entry.spans[low...] {
        if span.range.lowerBound >= end { break }
        put(upTo: min(span.range.lowerBound, end), style)
        put(upTo: min(span.range.upperBound, end), theme[span.role].over(style))
      }
    }
    put(upTo: end, style)
  }

  private func drawSeparator(
    _ entry: ConversationEntry, into surface: inout Surface, rect: Rect, row: Int, theme: Theme
  ) {
    let style = theme[entry.role]
    surface.horizontalLine(
      at: Point(column: rect.column + margin, row: row), columns: textWidth, style: style)
    let columns = min(DisplayWidth.columns(of: entry.label) + 2, textWidth)
    let start = rect.column + margin + (textWidth - columns) / 2
    surface.putTruncated(
      " \(entry.label) ", at: Point(column: start, row: row), style: style, columns: columns)
  }
}
