extension Menu {
  struct Layout {
    var frame: Rect
    var filter: Rect
    var list: Rect
    var detail: Rect
    var hint: Rect
  }

  /// Where the menu's parts lie when it has this block; what does not fit is left out, the
  /// list last of all.
  func layout(in rect: Rect) -> Layout {
    let frame = rect
    var inner = frame.columns >= 10 && frame.rows >= 5 ? frame.inset(columns: 2, rows: 1) : frame
    let none = Rect(column: inner.column, row: inner.row, columns: 0, rows: 0)
    var (filterRect, detail, hintRect) = (none, none, none)
    if isFilterable && inner.rows >= 3 { (filterRect, inner) = inner.splitTop(1) }
    if !hint.isEmpty && inner.rows >= 4 { (inner, hintRect) = inner.splitBottom(1) }
    if items.contains(where: { !$0.detail.isEmpty }) && inner.rows >= 5 {
      (inner, detail) = inner.splitBottom(2)
      detail = detail.splitTop(1).rest
    }
    return Layout(
      frame: frame, filter: filterRect, list: inner, detail: detail, hint: hintRect)
  }

  /// The size that shows everything, for a program that centres the menu on the screen.
  package var idealSize: Size {
    let rows =
      items.count + 2 + (isFilterable ? 1 : 0) + (hint.isEmpty ? 0 : 1)
      + (items.contains { !$0.detail.isEmpty } ? 2 : 0)
    let widths = columnWidths(available: .max)
    let detail = items.map { DisplayWidth.columns(of: $0.detail) }.max() ?? 0
    let wide = max(
      widths.title + 2 + widths.columns.reduce(0) { $0 + $1 + 2 },
      DisplayWidth.columns(of: hint), min(detail, 76), DisplayWidth.columns(of: title) + 4, 24)
    return Size(columns: wide + 4, rows: max(rows, 6))
  }

  /// The first row in view: the selection is kept in it, in the middle of a long list.
  func firstRow(height: Int) -> Int {
    guard shown.count > height, height > 0 else { return 0 }
    return min(max(0, selection - height / 2), shown.count - height)
  }

  /// Draws the menu over what is there.
  package func draw(into surface: inout Surface, rect: Rect, theme: Theme) {
    let parts = layout(in: rect)
    surface.fill(rect, style: theme[.menu].over(theme.ground))
    if parts.list.column > rect.column {
      surface.box(
        rect, style: theme[.menuBorder], title: title,
        titleStyle: theme[.title].over(theme[.menuBorder]))
    }
    surface.cursor = nil
    if !parts.filter.isEmpty {
      let pointer = "\(surface.glyphs.pointer) "
      surface.put(pointer, at: parts.filter.origin, style: theme[.menuDetail])
      var field = parts.filter
      field.column += 2
      field.columns = max(0, field.columns - 2)
      filter.draw(into: &surface, rect: field, style: theme[.menu])
    }
    drawList(into: &surface, rect: parts.list, theme: theme)
    if !parts.detail.isEmpty, let selected {
      surface.putTruncated(
        selected.detail, at: parts.detail.origin, style: theme[.menuDetail],
        columns: parts.detail.columns)
    }
    if !parts.hint.isEmpty {
      surface.putTruncated(
        hint, at: parts.hint.origin, style: theme[.menuDetail], columns: parts.hint.columns)
    }
  }

  private func drawList(into surface: inout Surface, rect: Rect, theme: Theme) {
    if shown.isEmpty {
      surface.putTruncated(
        emptyText, at: rect.origin, style: theme[.menuDetail], columns: rect.columns)
      return
    }
    let start = firstRow(height: rect.rows)
    let widths = columnWidths(available: rect.columns - 2)
    surface.clipped(to: rect) { surface in
      for (offset, match) in shown.dropFirst(start).prefix(rect.rows).enumerated() {
        let line = Rect(
          column: rect.column, row: rect.row + offset, columns: rect.columns, rows: 1)
        let isSelected = start + offset == selection
        draw(match, isSelected: isSelected, widths, into: &surface, line: line, theme: theme)
      }
      let last = rect.endColumn - 1
      if start > 0 {
        surface.put(
          String(surface.glyphs.arrowUp), at: Point(column: last, row: rect.row),
          style: theme[.menuDetail])
      }
      if start + rect.rows < shown.count {
        surface.put(
          String(surface.glyphs.arrowDown), at: Point(column: last, row: rect.endRow - 1),
          style: theme[.menuDetail])
      }
    }
  }

  private func draw(
    _ match: Match, isSelected: Bool, _ widths: (title: Int, columns: [Int]),
    into surface: inout Surface, line: Rect, theme: Theme
  ) {
    let item = items[match.item]
    var style = theme[.menu]
    if item.isDim { style = theme[.menuDetail].over(style) }
    if isSelected {
      style = theme[.menuSelected]
      surface.fill(line, style: style)
    }
    let mark = item.isCurrent ? surface.glyphs.check : isSelected ? surface.glyphs.pointer : " "
    surface.put(String(mark), at: line.origin, style: style)
    var column = line.column + 2
    surface.putTruncated(
      item.title, at: Point(column: column, row: line.row), style: style, columns: widths.title)
    for place in match.places {
      let before = DisplayWidth.columns(of: String(item.title.prefix(place)))
      let letter = String(item.title.dropFirst(place).prefix(1))
      let wide = DisplayWidth.columns(of: letter)
      guard before + wide < widths.title || before + wide == widths.title else { break }
      surface.paint(
        Rect(column: column + before, row: line.row, columns: wide, rows: 1),
        style: theme[.menuMatch])
    }
    column += widths.title + 2
    for (text, wide) in zip(item.columns, widths.columns) {
      surface.putTruncated(
        text, at: Point(column: column, row: line.row),
        style: isSelected ? style : theme[.menuDetail].over(style), columns: wide)
      column += wide + 2
    }
  }

  /// The title's width and those of the columns that there is room for.
  private func columnWidths(available: Int) -> (title: Int, columns: [Int]) {
    let titles = items.map { DisplayWidth.columns(of: $0.title) }.max() ?? 0
    var columns: [Int] = []
    for item in items {
      for (place, text) in item.columns.enumerated() {
        if place == columns.count { columns.append(0) }
        columns[place] = max(columns[place], DisplayWidth.columns(of: text))
      }
    }
    if available == .max { return (titles, columns) }
    // A title keeps at least 16 columns before a column takes any.
    let kept = min(titles, max(16, available * 2 / 5))
    var left = available - kept
    var fitting: [Int] = []
    for wide in columns {
      guard left >= wide + 2 else { break }
      left -= wide + 2
      fitting.append(wide)
    }
    return (min(titles, max(0, kept + left)), fitting)
  }
}
