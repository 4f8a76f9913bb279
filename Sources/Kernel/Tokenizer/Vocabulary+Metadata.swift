extension Vocabulary {
  /// Reads and checks what a file says under `tokenizer.ggml.*`.
  ///
  /// - Throws: `missing` without a model or tokens; `unsupportedTokenizer`, naming what is
  ///   supported; `malformed` for values of another type than expected and for what
  ///   `init(_:place:)` refuses.
  package init(metadata: GGUFMetadata) throws(KernelError) {
    var parts = Parts()
    guard let name = try metadata.string(Key.model) else {
      throw metadata.failure(Key.model, "the file has no vocabulary", code: .missing)
    }
    guard let model = Model(rawValue: name) else {
      throw metadata.failure(
        Key.model,
        "the model is \(name.printable), supported are "
          + Model.allCases.map(\.rawValue).joined(separator: ", "),
        code: .unsupportedTokenizer)
    }
    parts.model = model
    if model == .byteLevel {
      let name = try metadata.string(Key.split)
      guard let split = WordSplit(fileName: name) else {
        throw metadata.failure(
          Key.split,
          "the split is \(name?.printable ?? ""), supported are "
            + WordSplit.allCases.map(\.rawValue).joined(separator: ", "),
          code: .unsupportedTokenizer)
      }
      parts.split = split
      parts.merges = try metadata.pieces(Key.merges, longest: 2 * Self.longestPieceByteCount + 1)
    } else {
      parts.scores = try metadata.array(Key.scores)?.floats()
    }
    guard let pieces = try metadata.pieces(Key.tokens, longest: Self.longestPieceByteCount) else {
      throw metadata.failure(Key.tokens, "the file has no tokens", code: .missing)
    }
    parts.pieces = pieces
    parts.types = try metadata.array(Key.types)?.ints()
    parts.bos = try metadata.tokenNumber(Key.bos)
    parts.eos = try metadata.tokenNumber(Key.eos)
    parts.eot = try metadata.tokenNumber(Key.eot)
    parts.eom = try metadata.tokenNumber(Key.eom)
    parts.unknown = try metadata.tokenNumber(Key.unknown)
    parts.addsBOS = try metadata.bool(Key.addsBOS)
    parts.addsEOS = try metadata.bool(Key.addsEOS)
    parts.addsSpacePrefix = try metadata.bool(Key.addsSpacePrefix)
    try self.init(parts, place: metadata.file.name)
  }

  /// The keys' names in a file.
  enum Key {
    static let model = "tokenizer.ggml.model"
    static let split = "tokenizer.ggml.pre"
    static let tokens = "tokenizer.ggml.tokens"
    static let scores = "tokenizer.ggml.scores"
    static let types = "tokenizer.ggml.token_type"
    static let merges = "tokenizer.ggml.merges"
    static let bos = "tokenizer.ggml.bos_token_id"
    static let eos = "tokenizer.ggml.eos_token_id"
    static let eot = "tokenizer.ggml.eot_token_id"
    static let eom = "tokenizer.ggml.eom_token_id"
    static let unknown = "tokenizer.ggml.unknown_token_id"
    static let addsBOS = "tokenizer.ggml.add_bos_token"
    static let addsEOS = "tokenizer.ggml.add_eos_token"
    static let addsSpacePrefix = "tokenizer.ggml.add_space_prefix"
  }
}

extension GGUFMetadata {
  /// The strings of an array, nil when absent.
  ///
  /// The lengths are checked before anything is copied.
  fileprivate func pieces(_ key: String, longest: Int) throws(KernelError) -> PieceList? {
    guard let array = try array(key) else { return nil }
    guard array.byteRange.count <= PieceList.byteCapacity else {
      throw failure(key, "the strings take \(array.byteRange.count) bytes, expected under 2 GiB")
    }
    var pieces = PieceList()
    pieces.reserveCapacity(array.count, byteCount: array.byteRange.count)
    try array.forEachString { (index, bytes) throws(KernelError) in
      guard bytes.count <= longest else {
        throw failure(
          key, "string \(index) has \(bytes.count) bytes, expected at most \(longest)")
      }
      pieces.append(bytes)
    }
    return pieces
  }

  /// A token's number. Unsigned 64-bit numbers beyond `Int` are outside any vocabulary too.
  fileprivate func tokenNumber(_ key: String) throws(KernelError) -> Int? {
    if case .uint64(let value)? = self[key] { return Int(clamping: value) }
    return try int(key)
  }
}
