/// What a model file is, from its header alone. Strings come from the file: untrusted.
package struct ModelDescription: Sendable {
  /// `general.name`.
  package let name: String?
  package let architecture: String?
  /// The block type that most of the weights have.
  package let quantization: String
  /// Values in all tensors.
  package let parameterCount: Int
  package let byteCount: Int
  package let ggufVersion: Int
  /// Nil where the architecture is not implemented or the header is not usable.
  package let hyperparameters: Hyperparameters?
  /// The Jinja template that the model was tuned with: text to look at, never to run.
  package let chatTemplate: String?
  /// How many tensors, and how many bytes of them, have each type; most bytes first.
  package let typeShares: [(typeName: String, tensorCount: Int, byteCount: Int)]

  /// - Throws: `malformed` for keys of the wrong type.
  package init(file: GGUFFile) throws(KernelError) {
    name = try file.metadata.string("general.name")
    architecture = try file.metadata.string("general.architecture")
    chatTemplate = try file.metadata.string("tokenizer.chat_template")
    byteCount = file.file.byteCount
    ggufVersion = Int(file.version)
    hyperparameters = try? Hyperparameters(metadata: file.metadata)
    var shares: [String: (tensors: Int, bytes: Int, weights: Int)] = [:]
    for tensor in file.tensors {
      var share = shares[tensor.typeName] ?? (0, 0, 0)
      share.tensors += 1
      share.bytes += tensor.byteCount
      // The type of a file is the type of its layers' matrices.
      if tensor.name.hasPrefix("blk."), tensor.shape.count > 1 { share.weights += tensor.byteCount }
      shares[tensor.typeName] = share
    }
    // Tensors of types that nobody knows the size of may claim any shape.
    parameterCount = file.tensors.reduce(0) { sum, tensor in
      let (total, overflows) = sum.addingReportingOverflow(tensor.valueCount)
      return overflows ? .max : total
    }
    quantization =
      shares.max { ($0.value.weights, $0.value.bytes) < ($1.value.weights, $1.value.bytes) }?.key
      ?? "vocabulary only"
    typeShares = shares.map { ($0.key, $0.value.tensors, $0.value.bytes) }
      .sorted { ($0.2, $1.0) > ($1.2, $0.0) }
  }
}
