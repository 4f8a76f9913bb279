import Glibc
import Testing
import cria

@Suite struct ModelCatalogTests {
  let folder = TemporaryFolder()
  var catalog: ModelCatalog { ModelCatalog(folder: folder.path) }

  func fill() throws {
    for name in [
      "llama-7b.Q4_0.gguf", "llama-13b.Q4_0.gguf", "Alpaca.gguf", "Alpaca-native.GGUF",
      "notes.txt", ".hidden.gguf",
    ] {
      try folder.add(name, byteCount: 10)
    }
    try FileSystem.createFolders(folder.path + "/folder.gguf")
  }

  @Test func listsModelFilesByName() throws {
    try fill()
    #expect(
      try catalog.list().map(\.name)
        == ["Alpaca", "Alpaca-native", "llama-13b.Q4_0", "llama-7b.Q4_0"])
    #expect(try catalog.list().map(\.byteCount) == [10, 10, 10, 10])
  }

  @Test func aMissingFolderIsEmpty() throws {
    #expect(try ModelCatalog(folder: folder.path + "/none").list().isEmpty)
  }

  /// A request and the file it means.
  static let meant = [
    ("llama-7b.Q4_0.gguf", "llama-7b.Q4_0.gguf"),
    ("llama-7b.Q4_0", "llama-7b.Q4_0.gguf"),
    ("LLAMA-7", "llama-7b.Q4_0.gguf"),
    ("alpaca", "Alpaca.gguf"),
    ("alpaca-n", "Alpaca-native.GGUF"),
  ]

  @Test(arguments: meant)
  func aNameOrItsBeginningFindsTheFile(request: String, file: String) throws {
    try fill()
    #expect(try catalog.resolve(request).path == folder.path + "/" + file)
  }

  @Test func aPathFindsAFileElsewhere() throws {
    let other = TemporaryFolder()
    try other.add("x.bin", byteCount: 3)
    #expect(try catalog.resolve(other.path + "/x.bin").byteCount == 3)
  }

  @Test func anAmbiguousNameListsTheCandidates() throws {
    try fill()
    let failure = #expect(throws: Failure.self) { try catalog.resolve("llama") }
    #expect(failure?.line.contains("llama-13b.Q4_0, llama-7b.Q4_0") == true)
  }

  @Test func nothingThereNamesWhatToFetch() {
    let failure = #expect(throws: Failure.self) { try catalog.resolve("some") }
    #expect(failure?.line.contains("cria pull smollm2-135m") == true)
  }

  @Test func aFolderIsNoModel() {
    let failure = #expect(throws: Failure.self) { try catalog.resolve(folder.path) }
    #expect(failure?.what.contains("folder") == true)
  }

  @Test func thePreferredModelIsConfiguredThenLastUsedThenDefault() throws {
    #expect(try catalog.preferred(configured: nil, lastUsed: nil) == nil)
    try fill()
    func name(_ configured: String?, _ lastUsed: String?) throws -> String? {
      try catalog.preferred(configured: configured, lastUsed: lastUsed)?.name
    }
    let last = folder.path + "/llama-13b.Q4_0.gguf"
    #expect(try name(nil, nil) == "Alpaca")
    #expect(try name(nil, last) == "llama-13b.Q4_0")
    #expect(try name(nil, folder.path + "/gone.gguf") == "Alpaca")
    #expect(try name("llama-7b", last) == "llama-7b.Q4_0")
    try folder.add(KnownModel.smolLM2.fileName, byteCount: 1)
    #expect(try name(nil, nil) == "SmolLM2-135M-Instruct.Q4_1")
  }

  @Test func theLastModelIsKept() throws {
    let paths = try Paths(environment: ["HOME": folder.path], accountHome: nil)
    #expect(LastModel.read(paths) == nil)
    let path = folder.path + "/m/odd name\u{E9}.gguf"
    LastModel.write(path, paths)
    #expect(LastModel.read(paths) == path)
  }

  @Test func aLinkedModelKeepsTheNameItHasInTheFolder() throws {
    let other = TemporaryFolder()
    try other.add("blob", byteCount: 4)
    #expect(symlink(other.path + "/blob", folder.path + "/linked.gguf") == 0)
    let paths = try Paths(environment: ["HOME": folder.path], accountHome: nil)
    LastModel.write(try catalog.resolve("linked").path, paths)
    let last = LastModel.read(paths)
    #expect(last == folder.path + "/linked.gguf")
    #expect(try catalog.list().map(\.path) == [last])
    #expect(try catalog.preferred(configured: nil, lastUsed: last)?.name == "linked")
  }

  @Test func aPathFromTheCurrentFolderBecomesAbsolute() throws {
    let current = try #require(FileSystem.absolute("x.gguf"))
    #expect(current.hasPrefix("/") && current.hasSuffix("/x.gguf"))
    #expect(FileSystem.absolute("./x.gguf") == current)
    #expect(FileSystem.absolute("/a/../x.gguf") == "/a/../x.gguf")
  }
}
