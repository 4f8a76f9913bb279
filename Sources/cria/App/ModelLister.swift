import Kernel

/// Reads the headers of the models folder for the menu. Waits for the disk.
enum ModelLister {
  /// - Parameters:
  ///   - context: the window that would be set up; nil for the model's own.
  ///   - current: the path of the model in use, which may be anywhere.
  static func list(
    _ catalog: ModelCatalog, context: Int?, current: String?
  ) throws(Failure) -> [ModelListing] {
    var files = try catalog.list()
    if let current, !files.contains(where: { $0.path == current }),
      let file = try? catalog.resolve(current)
    {
      files.insert(file, at: 0)
    }
    return files.map { listing(of: $0, context: context) }
  }

  private static func listing(of file: ModelFile, context: Int?) -> ModelListing {
    var listing = ModelListing(path: file.path, name: file.name, byteCount: file.byteCount)
    do {
      let description = try ModelDescription(file: GGUFFile(path: file.path))
      let memory = ModelMemory(description, contextLength: context)
      listing.quantization = description.quantization
      listing.parameterCount = description.parameterCount
      listing.contextLength = description.hyperparameters?.contextLength
      listing.memoryByteCount = memory.neededByteCount
      listing.fitsInMemory = memory.fits
      if description.hyperparameters == nil {
        let architecture = description.architecture ?? "not said"
        listing.problem = "cannot be used: the architecture is \(architecture)"
      }
    } catch {
      listing.problem = Failure(error).text
    }
    return listing
  }
}
