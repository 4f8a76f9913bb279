import TUI

/// What a person can tell the program to do, by a key, the palette or a slash command.
package enum AppCommand: String, CaseIterable, Sendable {
  case newChat = "new-chat"
  case palette, models, transcripts, formats, themes, help
  case stop
  case regenerate
  case continueReply = "continue"
  case editLast = "edit-last"
  case previousBranch = "previous-branch"
  case nextBranch = "next-branch"
  case copyMessage = "copy-message"
  case copyCode = "copy-code"
  case find
  case findNext = "find-next"
  case findPrevious = "find-previous"
  case focusConversation = "focus-conversation"
  case pageUp = "page-up"
  case pageDown = "page-down"
  case top, bottom
  case externalEditor = "external-editor"
  case toggleMouse = "toggle-mouse"
  case redraw, suspend
  case deleteTranscript = "delete-transcript"
  case pullModel = "pull-model"
  case interrupt
  case quit

  /// What the palette and the help page say.
  package var title: String {
    switch self {
    case .newChat: "Start a new conversation"
    case .palette: "Show all commands"
    case .models: "Choose the model"
    case .transcripts: "Open, rename or delete a conversation"
    case .formats: "Choose the prompt format"
    case .themes: "Choose the theme"
    case .help: "Show all keys and commands"
    case .stop: "Stop the reply; what came so far is kept"
    case .regenerate: "Make the last reply again"
    case .continueReply: "Go on with a reply that was broken off"
    case .editLast: "Edit the last message"
    case .previousBranch: "Show the reply or question before this one"
    case .nextBranch: "Show the reply or question after this one"
    case .copyMessage: "Copy the message with the focus, or the last reply"
    case .copyCode: "Copy the next code block of that message"
    case .find: "Find in the conversation"
    case .findNext: "Find the next match"
    case .findPrevious: "Find the match before"
    case .focusConversation: "Move between the input and the conversation"
    case .pageUp: "Scroll up"
    case .pageDown: "Scroll down"
    case .top: "Go to the beginning"
    case .bottom: "Go to the end"
    case .externalEditor: "Write in your editor"
    case .toggleMouse: "Give the mouse to the terminal, or take it back"
    case .redraw: "Draw the screen again"
    case .suspend: "Suspend the program"
    case .deleteTranscript: "Delete this conversation"
    case .pullModel: "Fetch the default model"
    case .interrupt: "Clear the input, stop the reply, or quit"
    case .quit: "Quit"
    }
  }

  /// The keys it has unless the config says otherwise.
  var standardKeys: [Key] {
    switch self {
    case .newChat: ["<C-n>"]
    case .palette: ["<C-p>"]
    case .models: ["<C-o>"]
    case .transcripts: ["<C-t>"]
    case .help: ["<F1>"]
    case .stop: ["<Esc>"]
    case .regenerate: ["<C-r>"]
    case .continueReply: ["<A-c>"]
    case .previousBranch: ["<A-Up>"]
    case .nextBranch: ["<A-Down>"]
    case .find: ["<C-f>"]
    case .focusConversation: ["<Tab>"]
    case .pageUp: ["<PageUp>"]
    case .pageDown: ["<PageDown>"]
    case .top: ["<C-Home>"]
    case .bottom: ["<C-End>"]
    case .externalEditor: ["<C-g>"]
    case .toggleMouse: ["<F2>"]
    case .redraw: ["<C-l>"]
    case .suspend: ["<C-z>"]
    case .interrupt: ["<C-c>"]
    case .themes: ["<F3>"]
    case .formats: ["<F4>"]
    case .editLast, .copyMessage, .copyCode, .findNext, .findPrevious, .deleteTranscript,
      .pullModel, .quit:
      []
    }
  }

  /// Keys that mean this only while the conversation has the focus.
  var conversationKeys: [Key] {
    switch self {
    case .copyMessage: ["y"]
    case .copyCode: ["u"]
    case .find: ["/"]
    case .findNext: ["n"]
    case .findPrevious: ["N"]
    case .top: ["g"]
    case .bottom: ["G"]
    case .help: ["?"]
    case .editLast: ["e"]
    default: []
    }
  }
}

/// Which key does what: the standard table with the config's changes.
package struct KeyBindings: Sendable {
  package private(set) var commands: [Key: AppCommand] = [:]
  /// Commands while the conversation has the focus; looked at before `commands`.
  private(set) var conversationCommands: [Key: AppCommand] = [:]

  /// The standard keys.
  package init() {
    for command in AppCommand.allCases {
      for key in command.standardKeys { commands[key] = command }
      for key in command.conversationKeys { conversationCommands[key] = command }
    }
  }

  /// The standard keys with those of `[keys]` in the config in the place of a command's own.
  ///
  /// - Throws: a `Failure` with the line: an unknown command or key, or two commands on a key.
  package init(_ config: Config) throws(Failure) {
    self.init()
    var claimed: [Key: String] = [:]
    for (name, notations) in config.keys.sorted(by: { $0.key < $1.key }) {
      guard let command = AppCommand(rawValue: name) else {
        let names = AppCommand.allCases.map(\.rawValue).joined(separator: ", ")
        throw config.failure("no command called \(name)", key: "keys.\(name)", remedy: names)
      }
      commands = commands.filter { $0.value != command }
      for notation in notations {
        let key: Key
        do {
          key = try Key(notation: notation)
        } catch {
          throw config.failure(
            error.detail, key: "keys.\(name)", remedy: "write keys as <C-n>, <A-x>, <F5>")
        }
        if let other = claimed[key] {
          throw config.failure("\(notation) is also the key of \(other)", key: "keys.\(name)")
        }
        claimed[key] = name
        commands[key] = command
      }
    }
  }

  /// Keys of a command as people read them.
  func keys(of command: AppCommand) -> [String] {
    commands.filter { $0.value == command }.map(\.key.readable).sorted()
      + conversationCommands.filter { $0.value == command }.map(\.key.readable).sorted()
  }
}
