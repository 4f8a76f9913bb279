import Glibc

/// A model file in the models folder, or one that the user named by path.
package struct ModelFile: Sendable, Equatable {
  package let path: String
  package let byteCount: Int
  /// Seconds since 1970.
  package let modified: Int

  /// The file's name without its folder and `.gguf`: foreign text.
  package var name: String {
    let name = FileSystem.name(of: path)
    return name.lowercased().hasSuffix(".gguf") ? String(name.dropLast(5)) : name
  }
}

/// The models folder: what is in it, and which file a user means by a name.
package struct ModelCatalog: Sendable {
  package let folder: String

  package init(folder: String) {
    self.folder = folder
  }

  /// The `.gguf` files of the folder by name; a folder that does not exist is empty.
  package func list() throws(Failure) -> [ModelFile] {
    let names: [String]
    do {
      names = try FileSystem.names(in: folder)
    } catch  where error.number == ENOENT {
      return []
    } catch {
      throw Failure(error)
    }
    return names.filter { $0.lowercased().hasSuffix(".gguf") && !$0.hasPrefix(".") }
      .compactMap { file(folder + "/" + $0) }
      .sorted { ($0.name.lowercased(), $0.name) < ($1.name.lowercased(), $1.name) }
  }

  /// The file that `request` means: a path, a file name in the folder, or the beginning of one,
  /// letter case aside.
  ///
  /// Fails where nothing matches, and where several do, with their names.
  package func resolve(_ request: String) throws(Failure) -> ModelFile {
    if request.contains("/") {
      if let file = file(request) { return file }
      let isFolder = FileSystem.status(request)?.isFolder == true
      throw Failure(
        isFolder ? "it is a folder, not a model file" : "no such model file", at: request,
        remedy: "give a .gguf file, or a name that cria models shows")
    }
    let files = try list()
    let wanted = request.lowercased()
    let wantedFile = wanted.hasSuffix(".gguf") ? wanted : wanted + ".gguf"
    if let exact = files.first(where: { FileSystem.name(of: $0.path) == request }) { return exact }
    let equal = files.filter { FileSystem.name(of: $0.path).lowercased() == wantedFile }
    let matching = equal.isEmpty ? files.filter { $0.name.lowercased().hasPrefix(wanted) } : equal
    if matching.count == 1, let file = matching.first { return file }
    if matching.count > 1 {
      let names = matching.map(\.name).joined(separator: ", ")
      throw Failure(
        "\(request) could be several models", at: names, remedy: "give more of the name")
    }
    // A file name in the current folder, as shells complete it.
    if let file = file(request) { return file }
    if let known = KnownModel.all.first(where: { $0.name == wanted }) {
      throw Failure("\(request) is not here yet", remedy: "fetch it: cria pull \(known.name)")
    }
    throw Failure(
      "no model called \(request)", at: folder,
      remedy: files.isEmpty
        ? "fetch one: cria pull \(KnownModel.smolLM2.name)" : "see cria models for what is here")
  }

  /// The model to use where the user names none: the configured one, else the last used if it
  /// is still there, else the default model, else the first of the folder; nil where the folder
  /// is empty.
  package func preferred(configured: String?, lastUsed: String?) throws(Failure) -> ModelFile? {
    if let configured { return try resolve(configured) }
    if let lastUsed, let file = file(lastUsed) { return file }
    let files = try list()
    let standard = KnownModel.smolLM2.fileName
    return files.first { FileSystem.name(of: $0.path) == standard } ?? files.first
  }

  private func file(_ path: String) -> ModelFile? {
    guard let path = FileSystem.absolute(path), let status = FileSystem.status(path),
      status.isRegular
    else { return nil }
    return ModelFile(path: path, byteCount: status.byteCount, modified: status.modified)
  }
}

/// The path of the model that was loaded last, kept in the state folder.
package enum LastModel {
  private static let byteLimit = 8192

  /// The noted path, or nil; a note that cannot be read counts as none.
  package static func read(_ paths: Paths) -> String? {
    guard let bytes = try? FileSystem.read(paths.lastModel, limit: byteLimit),
      let text = String(validating: bytes, as: UTF8.self)
    else { return nil }
    let path = text.hasSuffix("\n") ? String(text.dropLast()) : text
    return path.hasPrefix("/") ? path : nil
  }

  /// Notes `path`, made absolute. Links stay as they are: the file is known by the name that it
  /// has in the models folder. Failing to is not worth a word to the user.
  package static func write(_ path: String, _ paths: Paths) {
    guard let absolute = FileSystem.absolute(path) else { return }
    try? FileSystem.createFolders(paths.state)
    try? FileSystem.replace(paths.lastModel, with: (absolute + "\n").utf8)
  }
}
