import Kernel

/// Reads the headers of the models folder for the menu. Waits for the disk.
enum ModelLister {
  /// - Parameter context: the window that would be set up; nil for the model's own.
  static func list(_ catalog: ModelCatalog, context: Int?) throws(Failure) -> [ModelListing] {
    try catalog.list().map { listing(of: $0, context: context) }
  }

  private static func listing(of file: ModelFile, context: Int?) -> ModelListing {
    do {
      let description = try ModelDescription(file: GGUFFile(path: file.path))
      let hyper = description.hyperparameters
      let positions = context ?? hyper.map { min($0.contextLength, LoadRequest.defaultContextLimit) }
      let cache = (hyper?.cacheBytesPerPosition ?? 0) * (positions ?? 0)
      let needed = file.byteCount + cache
      return ModelListing(
        path: file.path, name: file.name, byteCount: file.byteCount,
        quantization: description.quantization, parameterCount: description.parameterCount,
        contextLength: hyper?.contextLength, memoryByteCount: needed,
        fitsInMemory: Processor.memoryByteCount.map { needed < $0 } ?? true,
        problem: hyper == nil
          ? "cannot be used: the architecture is \(description.architecture ?? "not said")" : nil)
    } catch {
      return ModelListing(
        path: file.path, name: file.name, byteCount: file.byteCount, quantization: "?",
        parameterCount: 0, contextLength: nil, memoryByteCount: file.byteCount, fitsInMemory: true,
        problem: Failure(error).text)
    }
  }
}
