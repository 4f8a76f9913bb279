import TUI
import Testing

@Suite struct SmallWidgetTests {
  private func statusBar() -> StatusBar {
    StatusBar([
      StatusBar.Segment(
        "SmolLM2-135M-Instruct Q4_1", shorter: ["SmolLM2-135M", "SmolLM2"], priority: 5),
      StatusBar.Segment("ChatML", priority: 1),
      StatusBar.Segment(
        [
          [StatusBar.Span("context ")] + Meter.spans(fraction: 0.5, columns: 6, glyphs: .unicode)
            + [StatusBar.Span(" 1024/2048")],
          [StatusBar.Span("1024/2048")],
        ], priority: 4),
      StatusBar.Segment("31.4 tok/s", shorter: ["31 t/s"], priority: 6, side: .right),
    ])
  }

  @Test(
    arguments: [
      (
        90,
        " SmolLM2-135M-Instruct Q4_1  ChatML  context ███░░░ 1024/2048                  31.4 tok/s"
      ),
      (72, " SmolLM2-135M-Instruct Q4_1  context ███░░░ 1024/2048        31.4 tok/s"),
      (60, " SmolLM2-135M-Instruct Q4_1  1024/2048           31.4 tok/s"),
      (40, " SmolLM2-135M-Instruct Q4_1  31.4 tok/s"),
      (30, " SmolLM2-135M      31.4 tok/s"), (20, "         31.4 tok/s"),
      (12, " 31.4 tok/s"), (8, " 31 t/s"), (4, " 31"), (2, "31"), (1, "3"),
    ] as [(Int, String)])
  func theStatusBarGivesUpTheLeastImportant(_ columns: Int, _ line: String) {
    var drawn = surface(columns, 1)
    statusBar().draw(into: &drawn, rect: rect(columns, 1), theme: .terminal)
    expect(drawn, line)
  }

  @Test(
    arguments: [
      (0.0, "░░░░░░░░░░"), (0.001, "█░░░░░░░░░"), (0.5, "█████░░░░░"), (0.999, "█████████░"),
      (1.0, "██████████"), (7.0, "██████████"), (-1.0, "░░░░░░░░░░"), (.nan, "░░░░░░░░░░"),
    ] as [(Double, String)])
  func metersAreFullOnlyWhenFull(_ fraction: Double, _ bar: String) {
    let spans = Meter.spans(fraction: fraction, columns: 10, glyphs: .unicode)
    #expect(spans.map(\.text).joined() == bar)
  }

  @Test func graphsScaleToTheLargest() {
    #expect(Meter.graph([0, 1, 2, 7], columns: 8, glyphs: .unicode) == "▁▂▃█")
    #expect(Meter.graph([9, 9, 0, 7], columns: 2, glyphs: .unicode) == "▁█")
    #expect(Meter.graph([0, .nan], columns: 9, glyphs: .ascii) == "__")
  }

  @Test func confirmStartsAtTheAnswerThatChangesNothing() {
    var confirm = Confirm(
      title: "Delete", message: "Delete this?", acceptLabel: "Delete", refuseLabel: "Keep")
    #expect(confirm.handle("<Enter>") == .refused)
    #expect(confirm.handle("<Left>") == .handled)
    #expect(confirm.handle("<Enter>") == .accepted)
    #expect(confirm.handle("y") == .accepted)
    #expect(confirm.handle("<Esc>") == .refused)
    #expect(confirm.handle("x") == .ignored)
    var drawn = surface(40, 7)
    confirm.draw(into: &drawn, rect: rect(40, 7), theme: .terminal)
    expect(
      drawn,
      """

          ╭─ Delete ─────────────────────╮
          │ Delete this?                 │
          │                              │
          │              Delete    Keep  │
          ╰──────────────────────────────╯
      """)
  }

  @Test func promptEditsOneLine() {
    var prompt = Prompt(title: "Rename", text: "old", hint: "Enter renames")
    for _ in 0..<3 { #expect(prompt.handle("<Backspace>") == .handled) }
    prompt.paste("new\nname")
    #expect(prompt.handle("<Enter>") == .submitted("new name"))
    #expect(prompt.handle("<Esc>") == .cancelled)
    var drawn = surface(24, 4)
    prompt.draw(into: &drawn, rect: rect(24, 4), theme: .terminal)
    expect(
      drawn,
      """
      ╭─ Rename ─────────────╮
      │ new name             │
      │ Enter renames        │
      ╰──────────────────────╯
      """)
    #expect(drawn.cursor == Point(column: 10, row: 1))
    prompt.paste(String(repeating: "x", count: 30))
    prompt.draw(into: &drawn, rect: rect(24, 4), theme: .terminal)
    #expect(drawn.lines[1] == "│ xxxxxxxxxxxxxxxxxxx  │")
    #expect(drawn.cursor == Point(column: 21, row: 1))
  }

  @Test func pagesScrollAndTellHowFar() throws {
    var page = TextPage(title: "Help", text: (1...20).map(String.init).joined(separator: "\n"))
    page.resize(to: Size(columns: 20, rows: 6))
    #expect(page.handle("<Up>") == .handled)
    #expect(page.handle("<Down>") == .handled)
    var drawn = surface(20, 6)
    page.draw(into: &drawn, rect: rect(20, 6), theme: .terminal)
    expect(
      drawn,
      """
      ╭─ Help ───────────╮
      │ 2                │
      │ 3                │
      │ 4                │
      │ 5                │
      ╰──────────── 25% ─╯
      """)
    #expect(page.handle("G") == .handled)
    drawn = surface(20, 6)
    page.draw(into: &drawn, rect: rect(20, 6), theme: .terminal)
    #expect(drawn.lines[4] == "│ 20               │")
    #expect(drawn.lines[5].contains("100%"))
    #expect(page.handle("q") == .closed)
    #expect(page.handle("<F7>") == .ignored)
  }

  @Test func noticesAndTooSmall() {
    var drawn = surface(14, 2)
    Notice("The file is gone", kind: .error).draw(into: &drawn, rect: rect(14, 2), theme: .terminal)
    expect(drawn, " The file is …")
    #expect(drawn[3, 0]?.style.foreground == .indexed(1))
    TooSmall.draw("too small: needs 20×6", into: &drawn, theme: .terminal)
    expect(drawn, "too small:\nneeds 20×6")
    #expect(TooSmall.applies(to: Size(columns: 19, rows: 6)))
    #expect(TooSmall.applies(to: Size(columns: 20, rows: 5)))
    #expect(!TooSmall.applies(to: Size(columns: 20, rows: 6)))
  }

  @Test(arguments: [0, 1, 2, 5, 9, 20])
  func everyWidgetHoldsTogetherOnAnySize(_ columns: Int) {
    for rows in [0, 1, 2, 3, 6] {
      let all = rect(columns, rows)
      var drawn = surface(columns, rows)
      Menu(
        title: "Models",
        items: [Menu.Item(id: "a", title: "世界 model", columns: ["x"], detail: "d")],
        hint: "hint", emptyText: "none"
      ).draw(into: &drawn, rect: all, theme: .terminal)
      Confirm(title: "t", message: "a longer message", acceptLabel: "yes", refuseLabel: "no")
        .draw(into: &drawn, rect: all, theme: .terminal)
      Prompt(title: "t", text: "text", hint: "h").draw(into: &drawn, rect: all, theme: .terminal)
      var page = TextPage(title: "t", text: "a\nb\nc", hint: "h")
      page.resize(to: drawn.size)
      page.draw(into: &drawn, rect: all, theme: .terminal)
      statusBar().draw(into: &drawn, rect: all, theme: .terminal)
      Notice("text").draw(into: &drawn, rect: all, theme: .terminal)
      var editor = TextEditor("some 世界 text")
      editor.resize(columns: columns, maximumRows: rows)
      editor.draw(into: &drawn, rect: all, theme: .terminal, placeholder: "ask")
      if let cursor = drawn.cursor { #expect(all.contains(cursor)) }
      TooSmall.draw("too small", into: &drawn, theme: .terminal)
      #expect(drawn.lines.count == rows)
    }
  }
}
