import Glibc
import Kernel

/// Copying by the tool that the desktop or tmux brings, which unlike a request to the terminal
/// says whether it worked.
enum NativeClipboard {
  /// The tools worth trying here, the nearest first.
  static func tools(_ environment: [String: String] = Environment.all) -> [[String]] {
    func has(_ name: String) -> Bool { environment[name].map { !$0.isEmpty } ?? false }
    var tools: [[String]] = []
    if has("WAYLAND_DISPLAY") { tools.append(["wl-copy"]) }
    if has("DISPLAY") {
      tools += [["xclip", "-selection", "clipboard"], ["xsel", "--clipboard", "--input"]]
    }
    // tmux keeps it in a buffer of its own, and with -w hands it on to its terminal.
    if has("TMUX") { tools.append(["tmux", "load-buffer", "-w", "-"]) }
    return tools
  }

  /// Hands `text` to the first tool that takes it and returns that tool's name; nil where none
  /// does. Waits for the tool.
  static func copy(_ text: String) -> String? {
    for tool in tools() {
      guard let file = tmpfile() else { return nil }
      defer { fclose(file) }
      let descriptor = fileno(file)
      guard (try? FileSystem.write(text.utf8, to: descriptor, path: tool[0])) != nil,
        lseek(descriptor, 0, SEEK_SET) == 0
      else { return nil }
      let end = Clock.seconds() + 3
      let outcome = try? Subprocess.run(tool, input: descriptor) { Clock.seconds() < end }
      if outcome?.status == 0 { return tool[0] }
    }
    return nil
  }
}
