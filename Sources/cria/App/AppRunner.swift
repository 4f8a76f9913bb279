import Chat
import Dispatch
import FoundationEssentials
import Glibc
import Kernel
import Logging
import Synchronization
import TUI

/// The loop: waits for the terminal and for results, updates the state, draws, does effects.
///
/// Belongs to the thread that owns the screen, which never waits for the engine or the disk.
final class AppRunner {
  /// At most so many frames a second are drawn for what streams in; a key is drawn at once.
  private static let secondsPerFrame = 1.0 / 30

  private var state: AppState
  private let screen: Screen
  private let loop: EventLoop<AppAction>
  private let mailbox: Mailbox<AppAction>
  private let engine: Engine
  private let replies: ReplyMaker
  private let keeper: TranscriptKeeper
  private let catalog: ModelCatalog
  private let themes: ThemeStore
  private let paths: Paths
  private let files = DispatchQueue(label: "files")
  /// Takes minutes, while which the others go on.
  private let downloads = DispatchQueue(label: "downloads")
  private let downloadCancel = DownloadCancel()
  private let log = Logger(label: "app")
  private var isRunning = true

  /// Takes over the terminal.
  init(state: AppState, paths: Paths, themes: ThemeStore) throws {
    self.state = state
    self.paths = paths
    self.themes = themes
    mailbox = try Mailbox<AppAction>()
    screen = try Screen()
    loop = EventLoop(screen: screen, mailbox: mailbox)
    engine = try Engine()
    let post: @Sendable (AppAction) -> Void = { [mailbox] in mailbox.post($0) }
    replies = ReplyMaker(engine: engine, post: post)
    keeper = TranscriptKeeper(
      store: TranscriptStore(folder: paths.transcripts), lastSessionPath: paths.lastSession,
      post: post)
    catalog = ModelCatalog(folder: paths.models)
  }

  /// Runs until the person quits. `effects` are done after the first frame is on the screen.
  ///
  /// - Throws: what kept the conversation from the disk at the very end.
  func run(_ effects: [AppEffect]) throws(Failure) {
    state.size = screen.size
    let themeName = state.theme.name
    state.theme = state.theme.suited(to: screen.colorDepth)
    state.theme.name = themeName
    screen.setMouse(state.isMouseCaptured)
    touchClock()
    apply(.event(.resize(screen.size)))
    screen.draw(state.view())
    for effect in effects { perform(effect) }
    loopUntilQuit()
    engine.close()
    let unsaved = keeper.close()
    screen.close()
    // What was asked for last, such as an export, and the end of a cancelled download.
    files.sync {}
    downloads.sync {}
    if let unsaved { throw unsaved }
  }

  private func loopUntilQuit() {
    var drawnAt = Clock.seconds()
    var isDrawn = true
    var tickAt = 0.0
    while isRunning {
      let now = Clock.seconds()
      let untilFrame = isDrawn ? nil : max(0, drawnAt + Self.secondsPerFrame - now)
      let untilTick = state.needsTicks ? max(0, tickAt - now) : nil
      let batch = loop.next(timeoutSeconds: [untilFrame, untilTick].compactMap { $0 }.min())
      touchClock()
      for event in batch.events { apply(.event(event)) }
      for message in batch.messages { apply(message) }
      if state.needsTicks, state.now >= tickAt {
        apply(.tick)
        tickAt = state.now + 0.125
        isDrawn = false
      }
      if !batch.messages.isEmpty { isDrawn = false }
      let isDue = state.now - drawnAt >= Self.secondsPerFrame
      if isRunning, !batch.events.isEmpty || (!isDrawn && isDue) {
        screen.draw(state.view())
        drawnAt = state.now
        isDrawn = true
      }
    }
  }

  private func touchClock() {
    state.now = Clock.seconds()
    state.date = Date().timeIntervalSince1970
  }

  private func apply(_ action: AppAction) {
    for effect in state.update(action) { perform(effect) }
  }

  // MARK: - Effects

  private func perform(_ effect: AppEffect) {
    switch effect {
    case .loadModel(let path): loadModel(path)
    case .rememberModel(let path): files.async { [paths] in LastModel.write(path, paths) }
    case .listModels(let current):
      inBackground { [catalog, context = state.wantedContext] () throws(Failure) in
        do throws(Failure) {
          return .modelsListed(try ModelLister.list(catalog, context: context, current: current))
        } catch {
          return .listFailed(error)
        }
      }
    case .findModel(let name):
      inBackground { [catalog] () throws(Failure) in
        .modelFound(path: try catalog.resolve(name).path)
      }
    case .reply(let request): replies.start(request)
    case .cancelReply: replies.cancel(number: state.replyNumber)
    case .measureWindow(let request): replies.measure(request)
    case .persist(let operation, let id): keeper.perform(operation, of: id)
    case .startTranscript(let conversation): keeper.start(conversation)
    case .saveCopy(let conversation): keeper.saveCopy(conversation)
    case .openTranscript(let id): keeper.open(id: id)
    case .listTranscripts: keeper.list()
    case .deleteTranscript(let id, let title): keeper.delete(id: id, title: title)
    case .renameTranscript(let id, let title): keeper.rename(id: id, title: title)
    case .listThemes:
      inBackground { [themes] () throws(Failure) in .themesListed(themes.names) }
    case .loadTheme(let name, let keeps): loadTheme(name, keeps: keeps)
    case .download: download()
    case .cancelDownload: downloadCancel.isCancelled.store(true, ordering: .releasing)
    case .tell(let failure): apply(.failed(failure))
    case .copy(let text): copy(text)
    case .captureMouse(let isCaptured): screen.setMouse(isCaptured)
    case .edit(let text): edit(text)
    case .remember(let text): remember(text)
    case .export(let conversation, let path): export(conversation, path)
    case .redraw: screen.redraw()
    case .suspend: screen.suspend()
    case .quit: isRunning = false
    }
  }

  private func loadModel(_ path: String) {
    log.info("loading \(VisibleText.escaped(path))")
    replies.load(
      LoadRequest(
        path: path, contextLength: state.wantedContext, threadCount: state.wantedThreads))
  }

  private func loadTheme(_ name: String, keeps: Bool) {
    inBackground { [themes, depth = screen.colorDepth, paths] () throws(Failure) in
      do throws(TUIError) {
        var theme = try themes.load(name).suited(to: depth)
        theme.name = name
        if keeps {
          try? FileSystem.createFolders(FileSystem.parent(of: paths.lastTheme))
          try? FileSystem.replace(paths.lastTheme, with: (name + "\n").utf8)
        }
        return .themeLoaded(theme)
      } catch {
        throw Failure(error)
      }
    }
  }

  private func download() {
    downloadCancel.isCancelled.store(false, ordering: .releasing)
    downloads.async { [mailbox, downloadCancel, folder = paths.models] in
      do {
        let path = try ModelDownload.run(
          KnownModel.smolLM2, into: folder,
          progress: { mailbox.post(.downloadProgress($0)) },
          isCancelled: { downloadCancel.isCancelled.load(ordering: .acquiring) })
        mailbox.post(.downloadFinished(path: path))
      } catch is Cancelled {
        mailbox.post(.downloadFailed(nil))
      } catch {
        mailbox.post(.downloadFailed(Failure(error)))
      }
    }
  }

  /// Asks the terminal, and the tool that is there: each reaches where the other does not.
  private func copy(_ text: String) {
    let isAsked = screen.copy(text)
    let count = Readable.grouped(text.count)
    inBackground { () throws(Failure) in
      if let tool = NativeClipboard.copy(text) {
        return .told("Copied \(count) characters by \(tool)")
      }
      guard isAsked else {
        throw Failure(
          "the text is too long for the terminal's clipboard", remedy: "use /export FILE")
      }
      return .told("Asked the terminal to copy \(count) characters")
    }
  }

  private func edit(_ text: String) {
    do throws(Failure) {
      let edited = try screen.runOutside { () throws(Failure) in try ExternalEditor.edit(text) }
      apply(.edited(edited))
    } catch {
      apply(.failed(error))
    }
  }

  private func remember(_ text: String) {
    files.async { [path = paths.history] in
      try? FileSystem.createFolders(FileSystem.parent(of: path))
      let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
      guard descriptor >= 0 else { return }
      defer { close(descriptor) }
      try? FileSystem.write((InputHistory.line(for: text) + "\n").utf8, to: descriptor, path: path)
    }
  }

  private func export(_ conversation: Conversation, _ path: String) {
    inBackground { () throws(Failure) in
      let path = Environment.expanded(path)
      let text = try TranscriptExport.text(conversation, path: path)
      do throws(SystemError) {
        guard FileSystem.status(path) == nil else {
          throw SystemError("create", path, number: EEXIST)
        }
        try FileSystem.replace(path, with: text.utf8)
      } catch {
        throw Failure(error)
      }
      return .told("Exported to \(VisibleText.escaped(path))")
    }
  }

  private func inBackground(_ body: @escaping @Sendable () throws(Failure) -> AppAction) {
    files.async { [mailbox] in
      do throws(Failure) {
        mailbox.post(try body())
      } catch {
        mailbox.post(.failed(error))
      }
    }
  }
}

/// Lets the screen's thread stop a download that another one waits for.
private final class DownloadCancel: Sendable {
  let isCancelled = Atomic<Bool>(false)
}
