/// How much there is to read and to multiply, whatever way it is done: with the limits of
/// `MachineLimits`, the rates that cannot be passed.
extension LlamaModel {
  /// Bytes of weights that one more token with its logits has to read: every matrix and vector
  /// once, of the embeddings one row. Keys and values come on top
  /// (`Hyperparameters.cacheBytesPerPosition` for each position).
  package var weightBytesPerToken: Int {
    let matrices = layers.reduce(output.byteCount) { sum, layer in
      layer.matrices.reduce(sum) { $0 + $1.byteCount }
    }
    let norms = layers.count * 2 * hyperparameters.width + outputNorm.count
    return matrices + norms * MemoryLayout<Float>.size + tokenEmbedding.rowBytes
  }

  /// Multiply-accumulates with weights that a prompt of `tokenCount` tokens takes where the
  /// last alone needs logits. Those of attention are not among them: they are not products of
  /// bytes.
  package func weightMACCount(promptTokens tokenCount: Int) -> Int {
    let layerMACs = layers.reduce(0) { sum, layer in
      layer.matrices.reduce(sum) { $0 + $1.width * $1.rowCount }
    }
    return tokenCount * layerMACs + output.width * output.rowCount
  }
}

extension LlamaModel.Layer {
  fileprivate var matrices: [Matrix] {
    [query, key, value, attentionOutput, gate, up, down]
  }
}

extension Matrix {
  fileprivate var byteCount: Int { rowBytes * rowCount }
}
