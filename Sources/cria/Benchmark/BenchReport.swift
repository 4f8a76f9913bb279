import Kernel

/// What `cria bench` prints.
struct BenchReport {
  let name: String
  let summary: ModelSummary
  let depth: Int
  let work: TokenWork
  let limits: MachineLimits
  /// Bytes of the file that the read rate was measured on.
  let readByteCount: Int
  /// Nil where it was not measured.
  let prefill: Rates?
  let prompt: Int
  /// Nil where it was not measured.
  let decode: Rates?
  let generate: Int

  private var shares: LimitShares {
    LimitShares(
      work: work, limits: limits, prefill: prefill?.mean ?? 0, decode: decode?.mean ?? 0)
  }

  /// One object on one line.
  var json: String {
    func share(_ value: Double, of rates: Rates?) -> String {
      rates == nil ? "null" : JSONText.number(value)
    }
    return JSONText.object([
      ("model", JSONText.string(name)),
      ("threads", String(summary.threadCount)),
      ("prefill", (prefill ?? Rates()).json(tokenCount: prompt)),
      ("decode", (decode ?? Rates()).json(tokenCount: generate)),
      (
        "limits",
        JSONText.object([
          ("readBytesPerSecond", JSONText.number(limits.readBytesPerSecond)),
          ("int8MACsPerSecond", JSONText.number(limits.int8MACsPerSecond)),
        ])
      ),
      (
        "work",
        JSONText.object([
          ("weightBytesPerToken", JSONText.number(work.weightBytes)),
          ("cacheBytesPerToken", JSONText.number(work.cacheBytes)),
          ("promptMACsPerToken", JSONText.number(work.promptMACs)),
        ])
      ),
      (
        "shares",
        JSONText.object([
          ("prefill", share(shares.prefill, of: prefill)),
          ("decode", share(shares.decode, of: decode)),
          ("decodeWithCache", share(shares.decodeWithCache, of: decode)),
        ])
      ),
      ("vectors", JSONText.string(summary.vectors)),
    ])
  }

  /// A table in Markdown, and what the shares are shares of.
  var table: [String] {
    let suffix = depth > 0 ? " @ d\(depth)" : ""
    let common = [
      VisibleText.escaped(name), Readable.byteCount(summary.description.byteCount),
      Readable.parameterCount(summary.description.parameterCount), summary.vectors,
      "\(summary.threadCount)",
    ]
    var rows = [["model", "size", "params", "vectors", "threads", "test", "t/s", "of limit"]]
    if let prefill {
      rows.append(
        common + ["pp\(prompt)\(suffix)", prefill.text, Readable.percent(shares.prefill)])
    }
    if let decode {
      rows.append(
        common + ["tg\(generate)\(suffix)", decode.text, Readable.percent(shares.decode)])
    }
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    var lines = rows.map { row in
      let cells = zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
      return "| " + cells.joined(separator: " | ") + " |"
    }
    lines.insert(
      "| " + widths.map { String(repeating: "-", count: $0) }.joined(separator: " | ") + " |",
      at: 1)
    return lines + [""] + notes
  }

  /// What the shares are shares of.
  private var notes: [String] {
    var notes: [String] = []
    if prefill != nil {
      notes.append(
        "pp: of \(Self.billions(limits.int8MACsPerSecond)) 8-bit GMAC/s; "
          + "a token takes \(Self.billions(work.promptMACs)) GMAC with weights")
    }
    if decode != nil {
      notes.append(
        "tg: of \(Self.billions(limits.readBytesPerSecond)) GB/s, read from "
          + "\(Readable.byteCount(readByteCount)) of the file; a token reads "
          + "\(Readable.byteCount(Int(work.weightBytes))) of weights; "
          + "\(Readable.percent(shares.decodeWithCache)) with "
          + "\(Readable.byteCount(Int(work.cacheBytes))) of keys and values")
    }
    return notes
  }

  /// `41.2` for 41.2e9.
  private static func billions(_ value: Double) -> String {
    value >= 1e9 ? Readable.oneDecimal(value / 1e9) : "\((value / 1e6).rounded() / 1e3)"
  }
}
