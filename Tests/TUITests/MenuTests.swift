import TUI
import Testing

@Suite struct MenuTests {
  private let items = [
    Menu.Item(
      id: "a", title: "smollm2-135m", columns: ["Q4_1", "98 MB"], detail: "/models/smollm2.gguf"),
    Menu.Item(id: "b", title: "alpaca-7b", columns: ["Q4_0", "4.2 GB"], isCurrent: true),
    Menu.Item(
      id: "c", title: "alpaca-13b", columns: ["Q4_0", "8.1 GB"], detail: "does not fit", isDim: true
    ),
  ]

  private func menu() -> Menu {
    Menu(
      title: "Models", items: items, hint: "Enter chooses", emptyText: "no model",
      actions: ["<C-d>": "delete", "<Del>": "delete"])
  }

  @discardableResult
  private func type(_ keys: String, _ menu: inout Menu) throws -> Menu.Outcome {
    var outcome = Menu.Outcome.ignored
    for key in try Key.sequence(keys) { outcome = menu.handle(key) }
    return outcome
  }

  @Test func showsColumnsTheSelectionAndItsDetail() throws {
    var menu = menu()
    #expect(menu.selected?.id == "b")
    #expect(try type("<Down>", &menu) == .handled)
    var drawn = surface(40, 10)
    menu.draw(into: &drawn, rect: rect(40, 10), theme: .terminal)
    expect(
      drawn,
      """
      ╭─ Models ─────────────────────────────╮
      │ ▸                                    │
      │   smollm2-135m  Q4_1  98 MB          │
      │ ✓ alpaca-7b     Q4_0  4.2 GB         │
      │ ▸ alpaca-13b    Q4_0  8.1 GB         │
      │                                      │
      │                                      │
      │ does not fit                         │
      │ Enter chooses                        │
      ╰──────────────────────────────────────╯
      """)
    #expect(drawn[10, 4]?.style.attributes == [.reverse, .bold])
    #expect(drawn.cursor == Point(column: 4, row: 1))
  }

  @Test func dropsColumnsWhereThereIsNoRoom() {
    var drawn = surface(26, 6)
    menu().draw(into: &drawn, rect: rect(26, 6), theme: .terminal)
    expect(
      drawn,
      """
      ╭─ Models ───────────────╮
      │ ▸                      │
      │   smollm2-135m  Q4_1   │
      │ ✓ alpaca-7b     Q4_0   │
      │   alpaca-13b    Q4_0   │
      ╰────────────────────────╯
      """)
  }

  @Test func filtersByLettersInOrder() throws {
    var menu = menu()
    try type("al", &menu)
    #expect(menu.selected?.id == "b")
    try type("13", &menu)
    #expect(menu.selected?.id == "c")
    #expect(try type("<Enter>", &menu) == .chosen("c"))
    try type("zzz", &menu)
    #expect(menu.selected == nil)
    #expect(try type("<Enter>", &menu) == .handled)
    var drawn = surface(40, 8)
    menu.draw(into: &drawn, rect: rect(40, 8), theme: .terminal)
    #expect(drawn.lines[2] == "│ no model                             │")
    #expect(try type("<Esc>", &menu) == .handled)
    #expect(menu.selected != nil)
    #expect(try type("<Esc>", &menu) == .cancelled)
  }

  @Test func movingWrapsAndActionsNameTheItem() throws {
    var menu = menu()
    try type("<Down><Down>", &menu)
    #expect(menu.selected?.id == "a")
    try type("<Up>", &menu)
    #expect(menu.selected?.id == "c")
    #expect(try type("<C-d>", &menu) == .action("delete", item: "c"))
    menu.setItems(Array(items.dropLast()))
    #expect(menu.selected?.id == "b")
    menu.setItems([])
    #expect(menu.selected == nil)
    #expect(try type("<Up><Down><PageDown><End>", &menu) == .handled)
    #expect(try type("<F9>", &menu) == .ignored)
  }

  @Test func longListsKeepTheSelectionInView() throws {
    var menu = Menu(
      title: "Many", items: (0..<100).map { Menu.Item(id: "\($0)", title: "item \($0)") })
    try type("<End>", &menu)
    var drawn = surface(30, 8)
    menu.draw(into: &drawn, rect: rect(30, 8), theme: .terminal)
    #expect(drawn.lines[6].contains("▸ item 99"))
    try type("<Home>", &menu)
    drawn = surface(30, 8)
    menu.draw(into: &drawn, rect: rect(30, 8), theme: .terminal)
    #expect(drawn.lines[2].contains("▸ item 0"))
    #expect(drawn.lines[6].contains("↓"))
  }

  @Test func clicksSelectAndThenChoose() {
    var menu = menu()
    let area = rect(40, 10)
    #expect(menu.handle(Event.Mouse(.press, at: Point(column: 8, row: 4)), in: area) == .handled)
    #expect(menu.selected?.id == "c")
    #expect(
      menu.handle(Event.Mouse(.press, at: Point(column: 8, row: 4)), in: area) == .chosen("c"))
    #expect(menu.handle(Event.Mouse(.press, at: Point(column: 0, row: 0)), in: area) == .ignored)
    #expect(menu.handle(Event.Mouse(.wheelUp, at: Point(column: 0, row: 0)), in: area) == .handled)
    #expect(menu.selected?.id == "b")
  }

  @Test(
    arguments: [
      ("", "anything", true), ("ap", "alpaca", true), ("APC", "alpaca", true),
      ("pa7", "alpaca-7b", true),
      ("la", "alpaca", true), ("cp", "alpaca", false), ("xx", "x", false), ("é", "café", true),
      ("new chat", "New chat", true),
    ] as [(String, String, Bool)])
  func fuzzyMatchesLettersInOrder(_ query: String, _ text: String, _ matches: Bool) {
    #expect((FuzzyMatch.match(query, in: text) != nil) == matches)
  }

  @Test(
    arguments: [
      ("th", "theme", "paths"), ("nc", "new-chat", "bounce"), ("mod", "model", "my old data"),
      ("st", "stats", "transcripts"),
    ])
  func fuzzyPrefersStartsAndNeighbours(_ query: String, _ better: String, _ worse: String) throws {
    let first = try #require(FuzzyMatch.match(query, in: better))
    let second = try #require(FuzzyMatch.match(query, in: worse))
    #expect(first.score > second.score)
  }
}
