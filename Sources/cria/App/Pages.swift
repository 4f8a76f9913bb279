import Chat
import Kernel
import TUI

/// The help, made from the tables that the keys and commands themselves come from.
enum HelpPage {
  static func page(_ bindings: KeyBindings) -> TextPage {
    TextPage(
      title: "Help", text: text(bindings), hint: "Up, Down, PageDown scroll \u{B7} Esc closes")
  }

  static func text(_ bindings: KeyBindings) -> String {
    var lines = [
      "Type a message and press Enter. The model runs on this machine; nothing leaves it.",
      "Every conversation saves itself.", "", "Writing", "",
      row("Enter", "Send"), row("Alt-Enter Ctrl-J", "New line"),
      row("Up Down", "On the first or last line: what was sent before"),
      row("Ctrl-E Ctrl-F", "On an empty line: edit the last message, find"),
      row("Ctrl-A -E -B -F", "Move as in Emacs; Alt-B and Alt-F by words"),
      row("Ctrl-U -K -W Alt-D", "Cut to the start, the end, a word; Ctrl-Y pastes it"),
      row("Ctrl-_ Alt-_", "Undo, redo"), row("Alt-E", "Open a collapsed paste"),
      row("Ctrl-D", "On an empty line: quit"), "", "Keys", "",
    ]
    func add(_ keys: [Key: AppCommand], _ command: AppCommand) {
      let names = keys.map(\.key.readable).sorted().joined(separator: " ")
      if !names.isEmpty { lines.append(row(names, command.title)) }
    }
    for command in AppCommand.allCases {
      add(bindings.commands.filter { $0.value == command }, command)
    }
    lines += ["", "In the conversation (Tab goes there and back)", ""]
    lines += [row("j k", "Scroll by lines"), row("J K", "Move the focus from message to message")]
    for command in AppCommand.allCases {
      add(bindings.conversationCommands.filter { $0.value == command }, command)
    }
    lines += ["", "Commands", ""]
    for command in SlashCommand.all {
      lines.append(row("/\(command.name) \(command.argument)", command.meaning))
    }
    return lines.joined(separator: "\n")
  }

  private static func row(_ key: String, _ meaning: String) -> String {
    let width = 20
    let padding = String(repeating: " ", count: max(1, width - key.count))
    return "  \(key)\(padding)\(meaning)"
  }
}

/// The numbers of the last reply and of the model.
enum StatisticsPage {
  static func page(_ state: AppState) -> TextPage {
    TextPage(title: "Statistics", text: text(state), hint: "Esc closes")
  }

  static func text(_ state: AppState) -> String {
    var lines: [String] = []
    if let summary = state.model.summary {
      let size = Readable.byteCount(summary.description.byteCount)
      lines += [
        "Model       \(summary.displayName)",
        "            \(summary.description.quantization), \(size), "
          + "\(Readable.parameterCount(summary.description.parameterCount)) parameters",
        "Window      \(Readable.grouped(summary.contextLength)) tokens",
        "Threads     \(summary.threadCount), vectors \(summary.vectors)",
        "Loaded in   \(Readable.seconds(summary.loadSeconds))",
      ]
    }
    lines.append("Format      \(state.format.current.title)")
    lines += state.sampling.lines.enumerated().map {
      ($0.offset == 0 ? "Sampling    " : "            ") + $0.element
    }
    if let last = state.lastStatistics {
      lines += ["", "Last reply"]
      lines.append(
        "  prompt        \(last.promptTokenCount) tokens, \(last.reusedTokenCount) reused")
      lines.append("  reply         \(last.generatedTokenCount) tokens")
      if let first = last.firstTokenSeconds {
        lines.append("  first token   after \(Readable.seconds(first))")
      }
      if let rate = last.prefillTokensPerSecond {
        lines.append("  prefill       \(Readable.oneDecimal(rate)) tokens/s")
      }
      if let rate = last.decodeTokensPerSecond {
        lines.append("  decode        \(Readable.oneDecimal(rate)) tokens/s")
      }
      if let drafts = last.readableDrafts { lines.append("  drafts        \(drafts)") }
    }
    return lines.joined(separator: "\n")
  }
}
