import Glibc

/// The user's own editor on a text: `$VISUAL`, `$EDITOR`, else `vi`.
enum ExternalEditor {
  /// Runs the editor in this terminal and returns what it saved, without the last line feed.
  ///
  /// Call it while the terminal is the shell's (`Screen.runOutside`). The file it edits is
  /// readable by the user alone and is removed afterwards.
  static func edit(_ text: String) throws(Failure) -> String {
    let folder = Environment.value("TMPDIR").flatMap { $0.hasPrefix("/") ? $0 : nil } ?? "/tmp"
    var template = Array("\(folder)/cria-XXXXXX.md".utf8CString)
    let descriptor = mkstemps(&template, 3)
    let path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    guard descriptor >= 0 else { throw Failure(SystemError("create", path)) }
    defer { unlink(path) }
    do throws(SystemError) {
      defer { close(descriptor) }
      try FileSystem.write((text + (text.isEmpty ? "" : "\n")).utf8, to: descriptor, path: path)
    } catch {
      throw Failure(error)
    }
    let command = Environment.value("VISUAL") ?? Environment.value("EDITOR") ?? "vi"
    let status = run(command, path)
    guard status == 0 else {
      throw Failure(
        "the editor '\(command)' ended with status \(status)",
        remedy: "the text is as it was; set EDITOR to another one")
    }
    do throws(SystemError) {
      let bytes = try FileSystem.read(path, limit: 16 << 20)
      let edited = String(decoding: bytes, as: UTF8.self)
      return edited.hasSuffix("\n") ? String(edited.dropLast()) : edited
    } catch {
      throw Failure(error)
    }
  }

  /// The exit status; 127 where it could not be started.
  private static func run(_ command: String, _ path: String) -> Int32 {
    // The shell takes the command apart, since people put options into EDITOR.
    let words = ["/bin/sh", "-c", "exec \(command) \"$1\"", "sh", path]
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // The editor handles signals as it is used to.
    var none = sigset_t()
    var all = sigset_t()
    sigemptyset(&none)
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETSIGDEF))
    var child = pid_t()
    guard posix_spawn(&child, "/bin/sh", nil, &attributes, &arguments, environ) == 0 else {
      return 127
    }
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0 {
      if errno != EINTR { return 127 }
    }
    return status & 0x7f == 0 ? status >> 8 & 0xff : 128 + (status & 0x7f)
  }
}
