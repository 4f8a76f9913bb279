/// Why a reply ended. Values that this version does not know are kept as they are read.
package struct StopReason: RawRepresentable, Sendable, Hashable, Codable {
  package var rawValue: String

  package init(rawValue: String) { self.rawValue = rawValue }

  /// The model ended its turn.
  package static let eos = StopReason(rawValue: "eos")
  /// One of the format's stop strings came.
  package static let stop = StopReason(rawValue: "stop")
  /// The limit of tokens, or the window, was reached.
  package static let limit = StopReason(rawValue: "limit")
  /// The user stopped it.
  package static let cancelled = StopReason(rawValue: "cancelled")
  /// The program ended in the middle; the text is what had reached the disk.
  package static let interrupted = StopReason(rawValue: "interrupted")
  /// The engine failed.
  package static let error = StopReason(rawValue: "error")

  /// The model came to its own end, so that there is nothing to go on with.
  package var isComplete: Bool { self == .eos || self == .stop }
}
