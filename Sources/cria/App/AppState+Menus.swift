import Chat
import TUI

/// Menus: what they offer and what choosing does.
extension AppState {
  mutating func takeMenu(_ kind: MenuKind, _ outcome: Menu.Outcome) -> [AppEffect] {
    switch outcome {
    case .handled, .ignored:
      // Themes show themselves while one goes through them.
      if case .themes = kind, case .menu(_, let menu) = overlay, let id = menu.selected?.id,
        id != themeName
      {
        return [.loadTheme(id)]
      }
      return []
    case .cancelled:
      overlay = nil
      if case .themes(let before) = kind, before != themeName { return [.loadTheme(before)] }
      return []
    case .chosen(let id):
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
      guard id != conversation.id else { return [] }
      guard reply == nil else {
        tell("A reply is on its way: Esc stops it, then open another conversation")
        return []
      }
      return [.openTranscript(id: id)]
    case .themes: return [.loadTheme(id), .keepTheme(id)]
    case .formats: return choose(PromptFormat.named(id))
    case .palette: return AppCommand(rawValue: id).map { perform($0) } ?? []
    }
  }

  private mutating func act(_ name: String, on item: String?, in kind: MenuKind) -> [AppEffect] {
    switch (kind, name) {
    case (.models, "fetch"):
      overlay = nil
      return startDownload()
    case (.transcripts, "new"):
      overlay = nil
      return startNew()
    case (.transcripts, "rename"):
      guard let item, case .menu(_, let menu) = overlay else { return [] }
      overlay = .prompt(
        Prompt(title: "Rename", text: menu.selected?.title ?? "", hint: "Enter renames"),
        .renameTranscript(item))
    case (.transcripts, "delete"):
      guard let item, case .menu(_, let menu) = overlay else { return [] }
      toDelete = ConversationToDelete(id: item, title: menu.selected?.title ?? item)
      confirmDeletion()
    default: break
    }
    return []
  }

  mutating func confirmDeletion() {
    guard let toDelete else { return }
    overlay = .confirm(
      Confirm(
        title: "Delete", message: "Delete '\(toDelete.title)'? It goes to the trash folder.",
        acceptLabel: "Delete", refuseLabel: "Keep"), then: .deleteTranscript)
  }

  mutating func choose(_ chosen: PromptFormat?) -> [AppEffect] {
    guard reply == nil else {
      tell("A reply is on its way: Esc stops it, then change the format")
      return []
    }
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

  mutating func showThemes(_ names: [String]) {
    let items = names.map { Menu.Item(id: $0, title: $0, isCurrent: $0 == themeName) }
    overlay = .menu(
      .themes(before: themeName),
      Menu(title: "Theme", items: items, hint: "Enter keeps it \u{B7} Esc goes back"))
  }

  mutating func showPalette() {
    let items = AppCommand.allCases.filter { $0 != .palette && $0 != .interrupt }.map { command in
      Menu.Item(
        id: command.rawValue, title: command.title,
        columns: [bindings.keys(of: command).joined(separator: " ")])
    }
    overlay = .menu(
      .palette, Menu(title: "Commands", items: items, hint: "Enter runs it \u{B7} Esc closes"))
  }
}
