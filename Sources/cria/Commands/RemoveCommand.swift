import ArgumentParser
import Glibc

struct RemoveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rm",
    abstract: "Remove a model from the models folder.",
    discussion: """
      Takes a name as cria models shows it, or its beginning; never a file elsewhere.

      Example:
        cria rm smollm2
      """)

  @Argument(help: "The model's name.")
  var name: String

  func run() throws {
    let paths = try Paths.current()
    let file = try ModelCatalog(folder: paths.models).resolve(name)
    guard FileSystem.parent(of: file.path) == paths.models else {
      throw Failure(
        "the file is not in the models folder", at: file.path, remedy: "remove it with rm",
        status: .usage)
    }
    guard unlink(file.path) == 0 else { throw Failure(SystemError("remove", file.path)) }
    StandardStreams.note(
      "Removed \(VisibleText.escaped(file.name)) (\(Readable.byteCount(file.byteCount)))\n")
  }
}
