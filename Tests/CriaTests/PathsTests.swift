import Testing
import cria

@Suite struct PathsTests {
  @Test func defaultsAreUnderHome() throws {
    let paths = try Paths(environment: ["HOME": "/home/ana"], accountHome: nil)
    #expect(paths.configFile == "/home/ana/.config/cria/config.toml")
    #expect(paths.models == "/home/ana/.local/share/cria/models")
    #expect(paths.transcripts == "/home/ana/.local/share/cria/transcripts")
    #expect(paths.log == "/home/ana/.local/state/cria/cria.log")
    #expect(paths.cache == "/home/ana/.cache/cria")
  }

  @Test func variablesMoveTheFolders() throws {
    let paths = try Paths(
      environment: [
        "HOME": "/home/ana", "XDG_CONFIG_HOME": "/c", "XDG_DATA_HOME": "/d/",
        "XDG_STATE_HOME": "/s", "XDG_CACHE_HOME": "/k",
      ], accountHome: nil)
    #expect(paths.config == "/c/cria")
    #expect(paths.data == "/d/cria")
    #expect(paths.state == "/s/cria")
    #expect(paths.cache == "/k/cria")
  }

  @Test(arguments: ["", "relative/folder", "~/x"])
  func aRelativeOrEmptyVariableCountsAsUnset(value: String) throws {
    let paths = try Paths(
      environment: ["HOME": "/home/ana", "XDG_DATA_HOME": value], accountHome: nil)
    #expect(paths.data == "/home/ana/.local/share/cria")
  }

  @Test(arguments: [nil, "", "relative"] as [String?])
  func theAccountStandsInForHome(home: String?) throws {
    var environment: [String: String] = [:]
    environment["HOME"] = home
    #expect(try Paths(environment: environment, accountHome: "/u/bo").cache == "/u/bo/.cache/cria")
  }

  @Test func noHomeAtAllIsAnErrorThatSaysWhatToSet() {
    let failure = #expect(throws: Failure.self) {
      try Paths(environment: [:], accountHome: nil)
    }
    #expect(failure?.line.contains("HOME") == true)
  }

  @Test func noHomeIsNeededWhereTheVariablesSayAll() throws {
    let paths = try Paths(
      environment: [
        "XDG_CONFIG_HOME": "/c", "XDG_DATA_HOME": "/d", "XDG_STATE_HOME": "/s",
        "XDG_CACHE_HOME": "/k",
      ], accountHome: nil)
    #expect(paths.state == "/s/cria")
  }
}
