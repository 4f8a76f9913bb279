/// The conversations that ship with the program, for a look at what it keeps.
package enum SampleTranscripts {
  private static let byteLimit = 1 << 22
  private static let suffix = ".jsonl"

  /// The samples' ids, sorted.
  package static var ids: [String] {
    Set(Paths.shipped("transcripts").flatMap { (try? FileSystem.names(in: $0)) ?? [] })
      .filter { $0.hasSuffix(suffix) }.map { String($0.dropLast(suffix.count)) }.sorted()
  }

  /// Copies the sample called `id` into the folder of the user's own transcripts, so that it
  /// can be gone on with. Does nothing for another id, and where the user's copy is there.
  package static func provide(_ id: String, in folder: String) throws(Failure) {
    guard ids.contains(id) else { return }
    let target = folder + "/" + id + suffix
    guard FileSystem.status(target) == nil else { return }
    for shipped in Paths.shipped("transcripts") {
      guard let bytes = try? FileSystem.read(shipped + "/" + id + suffix, limit: byteLimit) else {
        continue
      }
      do {
        try FileSystem.createFolders(folder)
        try FileSystem.replace(target, with: bytes)
      } catch {
        throw Failure(error)
      }
      return
    }
  }
}
