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

  /// A list with as many pieces, each made from one of this list and no longer than that.
  ///
  /// - Parameter transform: writes what the piece with the index and bytes becomes and returns
  ///   its length.
  func mapPieces(
    _ transform: (
      _ index: Int, _ piece: UnsafeBufferPointer<UInt8>, _ output: UnsafeMutablePointer<UInt8>
    ) -> Int
  ) -> PieceList {
    var result = PieceList()
    result.offsets.reserveCapacity(count + 1)
    result.bytes = [UInt8](unsafeUninitializedCapacity: byteCount) { output, outputCount in
      guard let start = output.baseAddress else { return }
      bytes.withUnsafeBufferPointer { bytes in
        for index in 0..<count {
          let piece = UnsafeBufferPointer(
            rebasing: bytes[Int(offsets[index])..<Int(offsets[index + 1])])
          outputCount += transform(index, piece, start + outputCount)
          result.offsets.append(Int32(outputCount))
        }
      }
    }
    return result
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
