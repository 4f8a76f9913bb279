/// A list to choose from: a title, rows with columns, a filter that is typed, a selection.
package struct Menu: Hashable, Sendable {
  package struct Item: Hashable, Sendable {
    /// The program's own name for the item.
    package var id: String
    /// What the filter looks at, drawn first.
    package var title: String
    /// Drawn right of the title in columns, the last ones dropped where there is no room.
    package var columns: [String]
    /// Shown below the list while the item is selected.
    package var detail: String
    /// Drawn before the title: the one in use.
    package var isCurrent: Bool
    /// Drawn dim; it can still be selected, since the detail says why.
    package var isDim: Bool

    package init(
      id: String, title: String, columns: [String] = [], detail: String = "",
      isCurrent: Bool = false, isDim: Bool = false
    ) {
      self.id = id
      self.title = title
      self.columns = columns
      self.detail = detail
      self.isCurrent = isCurrent
      self.isDim = isDim
    }
  }

  /// What came of a key.
  package enum Outcome: Hashable, Sendable {
    case handled
    /// The key means nothing to a menu.
    case ignored
    /// Enter on an item.
    case chosen(String)
    /// A key of `actions`, with the item selected, if there is one.
    case action(String, item: String?)
    case cancelled
  }

  package var title: String
  package private(set) var items: [Item]
  /// Shown when nothing passes the filter or there is nothing at all.
  package var emptyText: String
  /// The bottom line: what the keys do.
  package var hint: String
  /// Keys of the program's own, each with a name.
  package var actions: [Key: String]
  /// Whether letters filter; without it they are keys like others, and j and k move.
  package var isFilterable: Bool
  package private(set) var filter = LineEdit()

  /// The items that pass the filter, best first, as places in `items`.
  private(set) var shown: [Match] = []
  private(set) var selection = 0
  private(set) var first = 0
  private var pageRows = 10

  struct Match: Hashable, Sendable {
    var item: Int
    var places: [Int]
  }

  package init(
    title: String, items: [Item], hint: String = "", emptyText: String = "",
    actions: [Key: String] = [:], isFilterable: Bool = true
  ) {
    self.title = title
    self.items = items
    self.hint = hint
    self.emptyText = emptyText
    self.actions = actions
    self.isFilterable = isFilterable
    refilter()
    if let current = shown.firstIndex(where: { items[$0.item].isCurrent }) { selection = current }
  }

  package var selected: Item? {
    shown.indices.contains(selection) ? items[shown[selection].item] : nil
  }

  /// Replaces the items; the selection stays on the same id if it is still there.
  package mutating func setItems(_ new: [Item]) {
    let id = selected?.id
    let place = selection
    items = new
    refilter()
    if let id, let place = shown.firstIndex(where: { items[$0.item].id == id }) {
      selection = place
    } else {
      selection = min(place, max(0, shown.count - 1))
    }
  }

  /// Selects an item by its id, if the filter shows it.
  package mutating func select(id: String) {
    if let place = shown.firstIndex(where: { items[$0.item].id == id }) { selection = place }
  }

  package mutating func handle(_ key: Key) -> Outcome {
    if let name = actions[key] { return .action(name, item: selected?.id) }
    switch key {
    case "<Up>", "<C-p>", "<S-Tab>": move(by: -1, wraps: true)
    case "<Down>", "<C-n>", "<Tab>": move(by: 1, wraps: true)
    case "k" where !isFilterable: move(by: -1, wraps: true)
    case "j" where !isFilterable: move(by: 1, wraps: true)
    case "<PageUp>": move(by: -pageRows, wraps: false)
    case "<PageDown>": move(by: pageRows, wraps: false)
    case "<Home>", "<C-Home>": selection = 0
    case "<End>", "<C-End>": selection = max(0, shown.count - 1)
    case "<Enter>": return selected.map { .chosen($0.id) } ?? .handled
    case "<Esc>", "<C-c>", "<C-g>":
      if key.code == .escape, !filter.isEmpty {
        filter.text = ""
        refilter()
        return .handled
      }
      return .cancelled
    default:
      guard isFilterable else { return .ignored }
      let before = filter.text
      let outcome = filter.handle(key)
      if filter.text != before { refilter() }
      return outcome == .handled ? .handled : .ignored
    }
    return .handled
  }

  /// A paste goes into the filter.
  package mutating func paste(_ text: String) {
    guard isFilterable else { return }
    filter.paste(text)
    refilter()
  }

  /// The wheel moves; a click on a row selects it, and chooses it when it was selected.
  package mutating func handle(_ mouse: Event.Mouse, in rect: Rect) -> Outcome {
    switch mouse.action {
    case .wheelUp: move(by: -1, wraps: false)
    case .wheelDown: move(by: 1, wraps: false)
    case .press:
      let list = layout(in: rect).list
      guard list.contains(mouse.position) else { return .ignored }
      let row = firstRow(height: list.rows) + mouse.position.row - list.row
      guard shown.indices.contains(row) else { return .handled }
      if row == selection, let selected { return .chosen(selected.id) }
      selection = row
    case .release, .drag: return .ignored
    }
    return .handled
  }

  private mutating func move(by count: Int, wraps: Bool) {
    guard !shown.isEmpty else { return }
    let next = selection + count
    if shown.indices.contains(next) || !wraps {
      selection = min(max(0, next), shown.count - 1)
    } else {
      selection = next < 0 ? shown.count - 1 : 0
    }
  }

  private mutating func refilter() {
    let query = filter.text
    selection = 0
    guard !query.isEmpty else {
      shown = items.indices.map { Match(item: $0, places: []) }
      return
    }
    var found: [(score: Int, match: Match)] = []
    for (place, item) in items.enumerated() {
      if let (score, places) = FuzzyMatch.match(query, in: item.title) {
        found.append((score, Match(item: place, places: places)))
      } else if item.columns.contains(where: { FuzzyMatch.match(query, in: $0) != nil }) {
        found.append((-100, Match(item: place, places: [])))
      }
    }
    // The standard sort keeps no order among equals; the place in the list decides there.
    found.sort { ($1.score, $0.match.item) < ($0.score, $1.match.item) }
    shown = found.map(\.match)
  }
}
