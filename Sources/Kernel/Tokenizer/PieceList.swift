/// Byte strings laid end to end in one array, so that 150,000 of them are two allocations.
package struct PieceList: Sendable {
  private(set) var bytes: [UInt8] = []
  /// Piece `i` is `bytes[offsets[i]..<offsets[i + 1]]`.
  private(set) var offsets: [Int32] = [0]

  /// An empty list.
  package init() {}

  /// The UTF-8 bytes of each text.
  package init(_ texts: some Sequence<String>) {
    for text in texts { append(Array(text.utf8)) }
  }

  /// Makes room for that many pieces.
  package mutating func reserveCapacity(_ count: Int, byteCount: Int) {
    offsets.reserveCapacity(count + 1)
    bytes.reserveCapacity(byteCount)
  }

  /// Appends a piece. All pieces together must stay under 2 GiB (`byteCapacity`).
  package mutating func append(_ piece: some Collection<UInt8>) {
    bytes.append(contentsOf: piece)
    offsets.append(Int32(bytes.count))
  }

  /// The most bytes a list can hold.
  package static let byteCapacity = Int(Int32.max)

  package var count: Int { offsets.count - 1 }
  package var byteCount: Int { bytes.count }

  /// The bytes of a piece.
  package subscript(index: Int) -> ArraySlice<UInt8> {
    bytes[Int(offsets[index])..<Int(offsets[index + 1])]
  }

  /// The length of the longest piece, 0 for an empty list.
  var longestByteCount: Int {
    var longest: Int32 = 0
    for index in 0..<count { longest = max(longest, offsets[index + 1] - offsets[index]) }
    return Int(longest)
  }
}
