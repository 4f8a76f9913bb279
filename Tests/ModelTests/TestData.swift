import FoundationEssentials
import Glibc

/// Where the tests on a real model find their files.
///
/// `Benchmarks/reference/prepare.sh` makes the large ones in the user's cache folder; the small
/// ones are in the repository beside it.
enum TestData {
  /// What the folder does not hold, said so that the reader knows what to do.
  struct Missing: Error, CustomStringConvertible {
    var path: String
    var description: String { "\(path) is missing: run `make test-data`" }
  }

  /// `$XDG_CACHE_HOME/cria-tests`, or the same in `~/.cache`, as in prepare.sh.
  static let folder: String = {
    let variable = { (name: String) in getenv(name).map { String(cString: $0) } ?? "" }
    let cache = variable("XDG_CACHE_HOME")
    return (cache.isEmpty ? variable("HOME") + "/.cache" : cache) + "/cria-tests"
  }()

  /// The path of a file that prepare.sh makes.
  static func made(_ name: String) throws -> String { try existing(folder + "/" + name) }

  /// The path of a file in Benchmarks/reference.
  static func kept(_ name: String, file: String = #filePath) throws -> String {
    let root = file.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
    return try existing(root.joined(separator: "/") + "/Benchmarks/reference/" + name)
  }

  /// Decodes a JSON file in Benchmarks/reference.
  static func decoded<Value: Decodable>(_ type: Value.Type, from name: String) throws -> Value {
    let data = try Data(contentsOf: URL(filePath: try kept(name)))
    return try JSONDecoder().decode(type, from: data)
  }

  /// The default model, Q4_1.
  static func model() throws -> String { try made("smollm2-135m-instruct-q4_1.gguf") }

  private static func existing(_ path: String) throws -> String {
    guard access(path, R_OK) == 0 else { throw Missing(path: path) }
    return path
  }
}

/// The English text as token ids of the default model, made by the `tokenizers` package.
struct EnglishText: Decodable {
  var ids: [Int32]

  static func load() throws -> EnglishText { try TestData.decoded(Self.self, from: "english.json") }
}

/// llama.cpp's own distance from the reference on the same model and text.
struct PeerFigures: Decodable {
  var positions: Int
  var meanKL: Double
  var sameTop: Double

  static func load() throws -> PeerFigures { try TestData.decoded(Self.self, from: "peer.json") }
}
