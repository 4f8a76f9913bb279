import cria

/// The things that were built or fetched before the tests run.
enum Built {
  struct Missing: Error, CustomStringConvertible {
    let description: String
  }

  /// The program under test: `CRIA_BINARY`, or the one that was built with these tests.
  static func program() throws -> String {
    if let named = Environment.value("CRIA_BINARY") { return named }
    let beside = Environment.executable.map { FileSystem.parent(of: $0) + "/cria" }
    for path in [beside, root + "/.build/release/cria", root + "/.build/debug/cria"] {
      if let path, FileSystem.status(path)?.isRegular == true { return path }
    }
    throw Missing(description: "no built cria beside the tests or in \(root)/.build: make build")
  }

  /// The default model's file, in the folder that Benchmarks/reference/prepare.sh fills.
  static func model() throws -> String {
    var cache = Environment.value("XDG_CACHE_HOME") ?? ""
    if cache.isEmpty { cache = (Environment.value("HOME") ?? "") + "/.cache" }
    let path = cache + "/cria-tests/smollm2-135m-instruct-q4_1.gguf"
    guard FileSystem.status(path)?.byteCount == KnownModel.smolLM2.byteCount else {
      throw Missing(description: "no model at \(path): make test-data")
    }
    return path
  }

  /// The package's folder.
  static let root: String = {
    // …/Tests/EndToEnd/Driver/Built.swift
    var folder = #filePath
    for _ in 0..<4 { folder = FileSystem.parent(of: folder) }
    return folder
  }()
}
