import FoundationEssentials

/// Logits of consecutive positions.
struct Logits {
  /// (position, vocabulary)
  var values: [Float]
  var vocabularySize: Int

  var positionCount: Int { values.count / vocabularySize }

  init(values: [Float], vocabularySize: Int) {
    precondition(values.count % vocabularySize == 0, "logits are whole rows")
    self.values = values
    self.vocabularySize = vocabularySize
  }

  /// Reads a file of raw little-endian float32, (position, vocabulary).
  init(file path: String, vocabularySize: Int) throws {
    let data = try Data(contentsOf: URL(filePath: path), options: .mappedIfSafe)
    let count = data.count / MemoryLayout<Float>.stride
    guard data.count % (vocabularySize * MemoryLayout<Float>.stride) == 0 else {
      throw Ragged(path: path, byteCount: data.count, vocabularySize: vocabularySize)
    }
    let values = [Float](unsafeUninitializedCapacity: count) { buffer, initializedCount in
      initializedCount = data.copyBytes(to: buffer) / MemoryLayout<Float>.stride
    }
    self.init(values: values, vocabularySize: vocabularySize)
  }

  struct Ragged: Error {
    var path: String
    var byteCount: Int
    var vocabularySize: Int
  }

  func row(_ position: Int) -> ArraySlice<Float> {
    values[position * vocabularySize..<(position + 1) * vocabularySize]
  }
}
