import Glibc
import cria

/// A real terminal: a tmux server of its own with one window and a plain shell in it.
///
/// Reads like what a person does: `try await terminal.type("hi<Enter>").shows("Hello")`.
/// Waiting is by looking at the screen until it shows what is expected, never by time alone;
/// what does not come within the limit fails with a copy of the screen.
final class Terminal: Sendable {
  struct Unexpected: Error, CustomStringConvertible {
    let description: String
  }

  let home: Home
  private let socket: String

  /// Opens a terminal of the given size with a shell whose prompt is `$ `; `cria` is the
  /// program under test.
  init(columns: Int = 80, rows: Int = 24, home: Home, environment: [String: String] = [:]) throws {
    self.home = home
    socket = "cria-e2e-\(getpid())-\(UInt32.random(in: 0...(.max)))"
    let program = try Built.program()
    var variables = home.environment.merging(environment) { $1 }
    variables["TERM"] = nil
    let settings = """
      set -g status off
      set -s escape-time 0
      set -g default-terminal tmux-256color
      set -g remain-on-exit off
      set -g history-limit 2000
      """
    try home.add(".tmux.conf", settings)
    // The prompt is plain, and nothing of the shell's own moves the screen.
    try home.add(
      ".e2erc",
      """
      PS1='$ '
      unset HISTFILE PROMPT_COMMAND
      bind 'set enable-bracketed-paste off'
      cria() { command \(Shell.quoted(program)) "$@"; }
      cd \(Shell.quoted(home.path))

      """)
    let shell = "bash --noprofile --rcfile \(Shell.quoted(home.path + "/.e2erc")) -i"
    let outcome = try Subprocess.run(
      [
        "tmux", "-L", socket, "-f", home.path + "/.tmux.conf", "-u", "new-session", "-d",
        "-s", "main", "-x", "\(columns)", "-y", "\(rows)", shell,
      ], environment: variables, proceed: { true })
    guard outcome.status == 0 else {
      throw Unexpected(description: "tmux does not start: \(outcome.output)")
    }
  }

  deinit {
    if let pid = try? panePid() { kill(-pid, SIGHUP) }
    _ = try? tmux(["kill-server"])
  }

  // MARK: - Doing

  /// Types keys as `Keys` reads them.
  @discardableResult
  func type(_ notation: String) throws -> Terminal {
    for press in Keys.parse(notation) {
      switch press {
      case .named(let name): try tmux(["send-keys", "-t", "main", name])
      case .text(let text):
        // A semicolon at the end of an argument would end tmux's command.
        let safe = text.hasSuffix(";") ? String(text.dropLast()) + "\\;" : text
        try tmux(["send-keys", "-t", "main", "-l", "--", safe])
      }
    }
    return self
  }

  /// Pastes `text` as a terminal does: bracketed where the program asked for it.
  @discardableResult
  func paste(_ text: String) throws -> Terminal {
    try home.add(".paste", text)
    try tmux(["load-buffer", home.path + "/.paste"])
    try tmux(["paste-buffer", "-p", "-r", "-t", "main"])
    return self
  }

  @discardableResult
  func resize(columns: Int, rows: Int) throws -> Terminal {
    try tmux(["resize-window", "-t", "main", "-x", "\(columns)", "-y", "\(rows)"])
    return self
  }

  /// Sends `number` to the program that the shell runs.
  @discardableResult
  func signal(_ number: Int32) throws -> Terminal {
    let pid = try programPid()
    guard kill(pid, number) == 0 else { throw SystemError("signal", "\(pid)") }
    return self
  }

  // MARK: - Looking

  /// The screen's rows, right spaces trimmed.
  func rows() throws -> [String] {
    var rows = try tmux(["capture-pane", "-p", "-t", "main"])
      .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    if rows.last == "" { rows.removeLast() }
    return rows
  }

  /// The screen as one text.
  func screen() throws -> String { try rows().joined(separator: "\n") }

  /// The screen with the escape sequences of its colours and attributes.
  func colouredScreen() throws -> String { try tmux(["capture-pane", "-p", "-e", "-t", "main"]) }

  /// The cursor's column and row, from 0.
  func cursor() throws -> (column: Int, row: Int) {
    let text = try tmux(["display-message", "-p", "-t", "main", "#{cursor_x} #{cursor_y}"])
    let numbers = text.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
    guard numbers.count == 2 else { throw Unexpected(description: "no cursor: \(text)") }
    return (numbers[0], numbers[1])
  }

  /// The window's title, which programs set with an escape sequence.
  func title() throws -> String {
    String(try tmux(["display-message", "-p", "-t", "main", "#{pane_title}"]).dropLast())
  }

  /// What the program has switched on: the cursor, the mouse, the keypad, the other screen.
  func modes() throws -> String {
    let text = try tmux([
      "display-message", "-p", "-t", "main",
      "cursor #{cursor_flag} mouse #{mouse_any_flag} keypad #{keypad_cursor_flag}",
    ])
    return String(text.dropLast())
  }

  /// Waits until the screen shows `text`.
  @discardableResult
  func shows(_ text: String, within seconds: Double = 20) async throws -> Terminal {
    try await wait(for: "shows \"\(text)\"", within: seconds) { $0.contains(text) }
  }

  /// Waits until the screen shows `text` no more.
  @discardableResult
  func hides(_ text: String, within seconds: Double = 20) async throws -> Terminal {
    try await wait(for: "hides \"\(text)\"", within: seconds) { !$0.contains(text) }
  }

  /// Waits until `condition` holds for the screen's text, and returns that text's terminal.
  @discardableResult
  func wait(
    for what: String, within seconds: Double = 20, until condition: (String) -> Bool
  ) async throws -> Terminal {
    let end = Stopwatch.seconds() + seconds
    var last = ""
    while true {
      last = try screen()
      if condition(last) { return self }
      guard Stopwatch.seconds() < end else { break }
      try await Task.sleep(for: .milliseconds(20))
    }
    throw Unexpected(
      description: "after \(seconds) s the terminal never \(what); it is:\n\(framed(last))")
  }

  /// Waits until the screen stays the same for `seconds`.
  @discardableResult
  func settles(for seconds: Double = 0.3, within limit: Double = 20) async throws -> Terminal {
    var last = ""
    var since = Stopwatch.seconds()
    return try await wait(for: "settles", within: limit) { screen in
      if screen != last { (last, since) = (screen, Stopwatch.seconds()) }
      return Stopwatch.seconds() - since >= seconds
    }
  }

  /// Waits for the shell's prompt on the last line with text.
  @discardableResult
  func showsPrompt(within seconds: Double = 20) async throws -> Terminal {
    try await wait(for: "shows the shell's prompt", within: seconds) { screen in
      screen.split(separator: "\n").last?.hasPrefix("$") == true
    }
  }

  /// The terminal's settings as `stty -a` prints them, without its size. The shell has to be
  /// at its prompt.
  func settings() async throws -> String {
    let file = home.path + "/.stty"
    unlink(file)
    try type("stty -a >.stty.new; mv .stty.new .stty<Enter>")
    let end = Stopwatch.seconds() + 10
    while FileSystem.status(file) == nil {
      guard Stopwatch.seconds() < end else {
        throw Unexpected(description: "stty did not answer:\n\(framed(try screen()))")
      }
      try await Task.sleep(for: .milliseconds(20))
    }
    let text = String(decoding: try FileSystem.read(file, limit: 65536), as: UTF8.self)
    return text.split(separator: ";").filter { !$0.contains("rows") && !$0.contains("columns") }
      .joined(separator: ";")
  }

  /// The number of the program that the shell runs.
  func programPid() throws -> pid_t {
    let shell = try panePid()
    let children = String(
      decoding: try FileSystem.read("/proc/\(shell)/task/\(shell)/children", limit: 4096),
      as: UTF8.self)
    guard let pid = children.split(separator: " ").compactMap({ pid_t($0) }).last else {
      throw Unexpected(description: "the shell runs nothing:\n\(framed(try screen()))")
    }
    return pid
  }

  // MARK: - tmux

  private func panePid() throws -> pid_t {
    let text = try tmux(["display-message", "-p", "-t", "main", "#{pane_pid}"])
    guard let pid = pid_t(text.filter(\.isNumber)) else {
      throw Unexpected(description: "tmux has no pane: \(text)")
    }
    return pid
  }

  @discardableResult
  private func tmux(_ arguments: [String]) throws -> String {
    let outcome = try Subprocess.run(
      ["tmux", "-L", socket, "-u"] + arguments, environment: home.environment,
      proceed: { true })
    guard outcome.status == 0 else {
      throw Unexpected(description: "tmux \(arguments): \(outcome.output)")
    }
    return outcome.output
  }

  private func framed(_ screen: String) -> String {
    screen.split(separator: "\n", omittingEmptySubsequences: false).map { "  |" + $0 }
      .joined(separator: "\n")
  }
}
