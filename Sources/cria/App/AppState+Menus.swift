import Chat
import TUI

/// Menus: what they offer and what choosing does.
extension AppState {
  /// Opens a menu whose items have to be read first. It takes keys at once, so that nothing
  /// typed ahead goes elsewhere.
  mutating func openMenu(_ kind: MenuKind) -> [AppEffect] {
    let close = "Esc closes"
    let fetch = "Ctrl-F fetches \(KnownModel.smolLM2.name)"
    var menu: Menu
    let effect: AppEffect
    switch kind {
    case .models:
      menu = Menu(
        title: "Models", items: [], hint: "Enter loads \u{B7} \(fetch) \u{B7} \(close)",
        actions: ["<C-f>": "fetch"])
      effect = .listModels(current: model.path)
    case .transcripts:
      menu = Menu(
        title: "Conversations", items: [],
        hint: "Enter opens \u{B7} Ctrl-N new \u{B7} Ctrl-R renames \u{B7} Ctrl-D deletes \u{B7} "
          + close,
        actions: ["<C-n>": "new", "<C-r>": "rename", "<C-d>": "delete", "<Del>": "delete"])
      effect = .listTranscripts
    case .themes:
      menu = Menu(title: "Theme", items: [], hint: "Enter keeps it \u{B7} Esc goes back")
      effect = .listThemes
    case .formats, .palette: return []
    }
    menu.emptyText = "Reading\u{2026}"
    overlay = .menu(kind, menu)
    return [effect]
  }

  /// Puts items into the menu that waits for them; nowhere if it was closed meanwhile.
  mutating func fillMenu(
    _ items: [Menu.Item], emptyText: String, where isWanted: (MenuKind) -> Bool
  ) {
    guard case .menu(let kind, var menu) = overlay, isWanted(kind) else { return }
    let isFirst = menu.items.isEmpty
    menu.emptyText = emptyText
    menu.setItems(items)
    if isFirst, let current = items.first(where: \.isCurrent) { menu.select(id: current.id) }
    overlay = .menu(kind, menu)
  }

  /// Puts a menu away that got nothing to show.
  mutating func closeEmptyMenu() {
    if case .menu(_, let menu) = overlay, menu.items.isEmpty { overlay = nil }
  }

  mutating func takeMenu(_ kind: MenuKind, _ outcome: Menu.Outcome) -> [AppEffect] {
    switch outcome {
    case .handled, .ignored:
      // Themes show themselves while one goes through them.
      if case .themes = kind, case .menu(_, let menu) = overlay, let id = menu.selected?.id,
        id != theme.name
      {
        return [.loadTheme(id, keeps: false)]
      }
      return []
    case .cancelled:
      overlay = nil
      if case .themes(let before) = kind { return [.loadTheme(before, keeps: false)] }
      return []
    case .chosen(let id):
      // A model that is known to be unusable does not take the place of one that works.
      if case .models = kind, case .menu(_, let menu) = overlay, let item = menu.selected,
        item.isDim
      {
        overlay = nil
        tell(Failure(item.detail, at: item.title, remedy: "choose another model"))
        return []
      }
      overlay = nil
      return choose(id, from: kind)
    case .action(let name, let item):
      return act(name, on: item, in: kind)
    }
  }

  private mutating func choose(_ id: String, from kind: MenuKind) -> [AppEffect] {
    switch kind {
    case .models: return load(id)
    case .transcripts:
      guard id != conversation.id, !isBusy("open another conversation") else { return [] }
      return leave(.open(id: id))
    case .themes: return [.loadTheme(id, keeps: true)]
    case .formats: return choose(PromptFormat.named(id))
    case .palette: return AppCommand(rawValue: id).map { perform($0) } ?? []
    }
  }

  private mutating func act(_ name: String, on item: String?, in kind: MenuKind) -> [AppEffect] {
    guard case .menu(_, let menu) = overlay else { return [] }
    let title = menu.selected?.title ?? ""
    switch (kind, name) {
    case (.models, "fetch"):
      overlay = nil
      return startDownload()
    case (.transcripts, "new"):
      overlay = nil
      return perform(.newChat)
    case (.transcripts, "rename"):
      guard let item else { break }
      overlay = .prompt(
        Prompt(title: "Rename", text: title, hint: "Enter renames \u{B7} empty: made by itself"),
        .renameTranscript(item))
    case (.transcripts, "delete"):
      if let item { askToDelete(item, title: title, isFromMenu: true) }
    default: break
    }
    return []
  }

  /// A nil format is the one that the model's file asks for.
  mutating func choose(_ chosen: PromptFormat?) -> [AppEffect] {
    guard !isBusy("change the format") else { return [] }
    format.chosen = chosen
    tell("Prompt format: \(format.current.title)")
    return [.measureWindow(windowRequest())]
  }

  mutating func showFormats() {
    var items = PromptFormat.all.map { format in
      Menu.Item(
        id: format.name, title: format.title, columns: [format.name],
        isCurrent: format.name == self.format.current.name)
    }
    if let detected = format.detected {
      items.insert(
        Menu.Item(
          id: "auto", title: "As the model's file asks", columns: [detected.name],
          detail: "chosen anew with every model"), at: 0)
    }
    overlay = .menu(
      .formats, Menu(title: "Prompt format", items: items, hint: "Enter chooses \u{B7} Esc closes"))
  }

  mutating func takeThemes(_ names: [String]) {
    let items = names.map { Menu.Item(id: $0, title: $0, isCurrent: $0 == theme.name) }
    fillMenu(items, emptyText: "No theme has such a name") { kind in
      if case .themes = kind { return true }
      return false
    }
  }

  mutating func showPalette() {
    let items = AppCommand.allCases.filter { $0 != .palette && $0 != .interrupt }.map { command in
      let keys = bindings.commands.filter { $0.value == command }.map(\.key.readable).sorted()
      return Menu.Item(
        id: command.rawValue, title: command.title, columns: [keys.joined(separator: " ")])
    }
    overlay = .menu(
      .palette, Menu(title: "Commands", items: items, hint: "Enter runs it \u{B7} Esc closes"))
  }
}
