import ArgumentParser

@main
struct Cria: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "cria")
}
