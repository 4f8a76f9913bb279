import Glibc

/// A transcript in the trash: what undoing a deletion takes.
package struct TrashedTranscript: Sendable, Equatable {
  package var id: String
  /// Its file in the trash.
  package var path: String
}

extension TranscriptStore {
  /// Moves a transcript to the trash. One that is being written is left alone: close its
  /// writer first.
  ///
  /// - Throws: `.locked`, `.transcriptMissing`, or what the system says.
  package func delete(_ id: String) throws(ChatError) -> TrashedTranscript {
    let source = try path(of: id)
    // Held until the file has moved, so that nobody starts writing in between.
    let file = try TranscriptFile(path: source, isNew: false, operations: operations)
    let trash = "\(folder)/.trash"
    try Folder.create(trash)
    let target = Self.freePath(in: trash, id: id)
    try Self.move(file.path, to: target)
    return TrashedTranscript(id: id, path: target)
  }

  /// Puts a deleted transcript back. Returns its id, which has a number after it when the
  /// old one was taken meanwhile.
  package func restore(_ trashed: TrashedTranscript) throws(ChatError) -> String {
    // Checks the id, which may come from outside.
    _ = try path(of: trashed.id)
    let target = Self.freePath(in: folder, id: trashed.id)
    try Self.move(trashed.path, to: target)
    let name = target.dropFirst(folder.count + 1)
    return String(name.dropLast(Self.fileExtension.count + 1))
  }

  private static func freePath(in folder: String, id: String) -> String {
    var path = "\(folder)/\(id).\(fileExtension)"
    var number = 2
    while Folder.exists(path) {
      path = "\(folder)/\(id)-\(number).\(fileExtension)"
      number += 1
    }
    return path
  }

  private static func move(_ source: String, to target: String) throws(ChatError) {
    if Glibc.rename(source, target) != 0 { throw .system(errno, at: source, "moving the file") }
  }
}
