import ArgumentParser
import Glibc
import TUI

/// The root command and the one place where the program ends.
@main
struct Cria: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cria",
    abstract: "Chat in the terminal with a language model that runs on this machine.",
    discussion: """
      Without a command it opens the full-screen chat.

      Examples:
        cria
        cria pull smollm2-135m
        git diff | cria run "Write a commit message"
      """,
    version: Version.text,
    subcommands: [
      ChatCommand.self, RunCommand.self, ModelsCommand.self, InfoCommand.self, PullCommand.self,
      RemoveCommand.self, BenchCommand.self, SynthCommand.self, TokenizeCommand.self,
      LogitsCommand.self, TranscriptsCommand.self, PathsCommand.self,
    ], defaultSubcommand: ChatCommand.self)

  static func main() {
    StandardStreams.occupy()
    signal(SIGPIPE, SIG_IGN)
    // The one way in which a damaged file cannot be answered with an error that is thrown.
    TerminalGuard.setBusErrorNote(
      "cria: the model file was cut short while it was in use; fetch or copy it again")
    do {
      var command = try parseAsRoot(
        ResumeArgument.completed(Array(CommandLine.arguments.dropFirst())))
      try command.run()
    } catch {
      finish(error)
    }
    Interrupt.finish()
  }

  /// Reports `error` and ends the program with the status that every command promises.
  private static func finish(_ error: any Error) -> Never {
    switch error {
    case is OutputClosed:
      Interrupt.die(by: SIGPIPE)
    case is Cancelled:
      Interrupt.finish()
      Glibc.exit(Failure.Status.failed.rawValue)
    default:
      break
    }
    if Interrupt.isRequested { Interrupt.finish() }
    if Failure.isWorded(error) {
      let failure = Failure(error)
      StandardStreams.note(failure.line + "\n")
      Glibc.exit(failure.status.rawValue)
    }
    // What is left comes from the argument parser: a request for help, or bad usage.
    let message = fullMessage(for: error)
    if exitCode(for: error).isSuccess {
      do {
        try StandardStreams.writeLine(message)
      } catch {
        finish(error)
      }
      Glibc.exit(0)
    }
    let lines = message.split(separator: "\n", omittingEmptySubsequences: false)
      .map { VisibleText.escaped(String($0)) }.joined(separator: "\n")
    let isError = lines.hasPrefix("Error: ")
    StandardStreams.note((isError ? "cria: " + lines.dropFirst("Error: ".count) : lines) + "\n")
    Glibc.exit(Failure.Status.usage.rawValue)
  }
}
