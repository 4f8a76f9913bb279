import Chat
import Kernel
import TUI

extension AppState {
  /// The whole screen. Pure: the same state gives the same surface.
  package func view() -> Surface {
    var surface = Surface(size: size, style: theme.ground)
    if TooSmall.applies(to: size) {
      TooSmall.draw("cria needs 20 columns and 6 rows", into: &surface, theme: theme)
      return surface
    }
    let frame = Frame(self)
    drawTitle(frame.title, &surface)
    if conversationView.entries.isEmpty {
      drawWelcome(frame.conversation, &surface)
    } else {
      let new = conversationView.newLineCount
      let arrow = surface.glyphs.arrowDown
      let hint =
        conversationView.isAtEnd
        ? ""
        : new > 0 ? "\(arrow) \(new) new \(new == 1 ? "line" : "lines")" : "\(arrow) more below"
      conversationView.draw(into: &surface, rect: frame.conversation, theme: theme, hint: hint)
    }
    drawRule(frame.rule, &surface)
    drawNotice(frame, &surface)
    drawInput(frame, &surface)
    StatusLine(self, glyphs: surface.glyphs).bar
      .draw(into: &surface, rect: frame.status, theme: theme)
    drawOverlay(frame, &surface)
    return surface
  }

  private func drawTitle(_ rect: Rect, _ surface: inout Surface) {
    guard !rect.isEmpty else { return }
    let title = conversation.title.isEmpty ? "new conversation" : conversation.title
    let right = bindings.keys(of: .help).first.map { "\($0) help" } ?? ""
    surface.putTruncated(
      " cria", at: rect.origin, style: theme[.title], columns: rect.columns)
    surface.putTruncated(
      title, at: Point(column: rect.column + 7, row: rect.row), style: theme[.dim],
      columns: max(0, rect.columns - 10 - right.count))
    surface.putRight(right, endColumn: rect.endColumn - 1, row: rect.row, style: theme[.dim])
  }

  private func drawWelcome(_ rect: Rect, _ surface: inout Surface) {
    var lines = ["Talk with a language model that runs in this program, on this machine.", ""]
    switch model {
    case .ready(let summary): lines.append("\(summary.displayName) is ready: type and press Enter.")
    case .loading: lines.append("The model is loading; you can type already.")
    case .absent: lines.append("There is no model yet: Ctrl-O shows what can be had.")
    case .failed: lines.append("The model could not be loaded: Ctrl-O chooses another.")
    }
    lines += ["", "Ctrl-P all commands   Ctrl-O models   Ctrl-T conversations   F1 help"]
    let text = TextPageLines.wrap(lines, columns: max(1, rect.columns - 4))
    let top = rect.row + max(0, (rect.rows - text.count) / 2)
    for (offset, line) in text.enumerated() where top + offset < rect.endRow {
      let column = rect.column + max(1, (rect.columns - DisplayWidth.columns(of: line)) / 2)
      surface.putTruncated(
        line, at: Point(column: column, row: top + offset), style: theme[.dim],
        columns: rect.columns - 1)
    }
  }

  /// What was told last, on the rule and, if it is long, on some rows above it.
  private func drawNotice(_ frame: Frame, _ surface: inout Surface) {
    guard let notice = notice?.notice, !frame.rule.isEmpty else { return }
    let lines = TextPageLines.wrap([notice.text], columns: max(1, frame.rule.columns - 2))
    let rows = min(lines.count, max(1, size.rows / 3), frame.conversation.rows + 1)
    for row in 0..<rows {
      // The last row ends with an ellipsis if there is more.
      let text = row == rows - 1 ? lines[row...].joined(separator: " ") : lines[row]
      let rect = Rect(
        column: frame.rule.column, row: frame.rule.row - rows + 1 + row,
        columns: frame.rule.columns, rows: 1)
      Notice(text, kind: notice.kind).draw(into: &surface, rect: rect, theme: theme)
    }
  }

  /// The line between conversation and input, with what is out of the ordinary.
  private func drawRule(_ rect: Rect, _ surface: inout Surface) {
    guard !rect.isEmpty else { return }
    surface.horizontalLine(at: rect.origin, columns: rect.columns, style: theme[.border])
    if case .readOnly = transcript {
      surface.put(
        " read only ", at: Point(column: rect.column + 2, row: rect.row), style: theme[.error])
    } else if case .failed = transcript {
      surface.put(
        " not saved ", at: Point(column: rect.column + 2, row: rect.row), style: theme[.error])
    } else if edited != nil {
      surface.put(
        " editing ", at: Point(column: rect.column + 2, row: rect.row), style: theme[.notice])
    }
  }

  private func drawInput(_ frame: Frame, _ surface: inout Surface) {
    surface.fill(frame.input, style: theme[.input].over(theme.ground))
    surface.put(
      String(surface.glyphs.pointer), at: frame.input.origin,
      style: focus == .input ? theme[.title] : theme[.dim])
    editor.draw(
      into: &surface, rect: frame.inputText, theme: theme,
      placeholder: "Type a message, or / for commands", isFocused: focus == .input && overlay == nil
    )
  }

  private func drawOverlay(_ frame: Frame, _ surface: inout Surface) {
    switch overlay {
    case .menu(_, let menu):
      menu.draw(into: &surface, rect: frame.overlay(menu.idealSize), theme: theme)
    case .confirm(let confirm, _):
      confirm.draw(into: &surface, rect: frame.screen, theme: theme)
    case .prompt(let prompt, _):
      prompt.draw(into: &surface, rect: frame.screen, theme: theme)
    case .page(let page):
      page.draw(into: &surface, rect: frame.page, theme: theme)
    case nil: break
    }
  }
}

/// A few lines of the program's own text, wrapped by words for a centred block.
enum TextPageLines {
  static func wrap(_ lines: [String], columns: Int) -> [String] {
    lines.flatMap { line -> [String] in
      var wrapped = [""]
      for word in line.split(separator: " ", omittingEmptySubsequences: false) {
        let last = wrapped[wrapped.count - 1]
        if last.isEmpty {
          wrapped[wrapped.count - 1] = String(word)
        } else if DisplayWidth.columns(of: last) + 1 + DisplayWidth.columns(of: word) <= columns {
          wrapped[wrapped.count - 1] = last + " " + word
        } else {
          wrapped.append(String(word))
        }
      }
      return wrapped
    }
  }
}
