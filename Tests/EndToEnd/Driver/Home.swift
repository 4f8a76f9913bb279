import Glibc
import cria

/// An empty home folder for one test, and commands run in it.
///
/// Nothing of the person's who runs the tests is read or changed: the XDG variables are unset,
/// and HOME is a new folder that goes with the value.
final class Home: Sendable {
  let path: String

  init() {
    var template = Array("/tmp/cria-e2e-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { fatalError("no folder for tests in /tmp") }
    path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  deinit { FileSystem.removeTree(path) }

  var data: String { path + "/.local/share/cria" }
  var models: String { data + "/models" }
  var transcripts: String { data + "/transcripts" }
  var config: String { path + "/.config/cria" }
  var state: String { path + "/.local/state/cria" }

  /// What every program of the test gets to see, and nothing else.
  var environment: [String: String] {
    var environment = [
      "HOME": path, "LC_ALL": "C.UTF-8", "PATH": Environment.value("PATH") ?? "/usr/bin:/bin",
      "SHELL": "/bin/bash", "TMPDIR": path,
    ]
    // Where the toolchain's libraries or pip's index are set up by the environment, keep that.
    for (name, value) in Environment.all
    where name == "LD_LIBRARY_PATH" || name.hasPrefix("PIP_") || name.hasPrefix("SSL_") {
      environment[name] = value
    }
    return environment
  }

  /// Puts `text` at `name` below the home folder.
  func add(_ name: String, _ text: String) throws {
    let file = path + "/" + name
    try FileSystem.createFolders(FileSystem.parent(of: file))
    try FileSystem.replace(file, with: text.utf8)
  }

  /// Links the real model that `make test-data` fetched into the models folder, as `name`.
  func addModel(as name: String = KnownModel.smolLM2.fileName) throws {
    try FileSystem.createFolders(models)
    guard symlink(try Built.model(), models + "/" + name) == 0 else {
      throw SystemError("link the model to", models)
    }
  }

  /// How a command ended and what it wrote.
  struct Result: Sendable {
    var status: Int32
    var bytes: [UInt8]
    var error: String

    var output: String { String(decoding: bytes, as: UTF8.self) }
  }

  /// Runs a shell line in the home folder to its end; `cria` in it is the built program.
  ///
  /// Other variables, or changed ones, come with `environment`. A line that takes longer than
  /// `seconds` is ended and fails with `Cancelled`.
  func shell(
    _ line: String, environment: [String: String] = [:], within seconds: Double = 60
  ) throws -> Result {
    let program = try Built.program()
    let output = path + "/.output-\(UInt64.random(in: 0...(.max)))"
    let error = output + ".error"
    defer {
      unlink(output)
      unlink(error)
    }
    let script = """
      cria() { command \(Shell.quoted(program)) "$@"; }
      cd \(Shell.quoted(path))
      { \(line)
      } >\(Shell.quoted(output)) 2>\(Shell.quoted(error))
      """
    let end = Stopwatch.seconds() + seconds
    let outcome = try Subprocess.run(
      ["bash", "--norc", "--noprofile", "-c", script],
      environment: self.environment.merging(environment) { $1 },
      proceed: { Stopwatch.seconds() < end })
    return Result(
      status: outcome.status,
      bytes: try FileSystem.read(output, limit: 1 << 28),
      error: String(decoding: try FileSystem.read(error, limit: 1 << 24), as: UTF8.self))
  }
}

enum Shell {
  /// `text` as one word of a shell line.
  static func quoted(_ text: String) -> String {
    var result = "'"
    for character in text { result += character == "'" ? "'\\''" : String(character) }
    return result + "'"
  }
}
