import FoundationEssentials

/// The objects that `cria run --json` prints, as the design lays them down.
struct JSON: Decodable {
  struct Timings: Decodable {
    var loadSeconds: Double
    var firstTokenSeconds: Double?
    var prefillTokensPerSecond: Double?
    var decodeTokensPerSecond: Double?
  }

  struct Drafting: Decodable {
    var proposed: Int
    var accepted: Int
  }

  var text: String
  var tokens: [Int]
  var promptTokens: Int
  var reusedTokens: Int
  var stop: String
  var model: String
  var drafting: Drafting
  var timings: Timings

  /// Reads exactly one object on one line.
  static func parse(_ text: String) throws -> JSON {
    try JSONDecoder().decode(JSON.self, from: Data(text.utf8))
  }
}

/// The object that `cria bench --json` prints.
struct BenchJSON: Decodable {
  struct Rates: Decodable {
    var tokens: Int
    var mean: Double
    var median: Double
    var deviation: Double
  }

  struct Limits: Decodable {
    var readBytesPerSecond: Double
    var int8MACsPerSecond: Double
  }

  struct Work: Decodable {
    var weightBytesPerToken: Double
    var cacheBytesPerToken: Double
    var promptMACsPerToken: Double
  }

  struct Shares: Decodable {
    var prefill: Double?
    var decode: Double?
    var decodeWithCache: Double?
  }

  var model: String
  var threads: Int
  var prefill: Rates
  var decode: Rates
  var limits: Limits
  var work: Work
  var shares: Shares

  static func parse(_ text: String) throws -> BenchJSON {
    try JSONDecoder().decode(BenchJSON.self, from: Data(text.utf8))
  }
}
