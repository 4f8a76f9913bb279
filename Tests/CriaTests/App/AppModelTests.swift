import Chat
import Kernel
import TUI
import Testing
import cria

/// Choosing, loading and fetching models, and the other menus.
@Suite struct AppModelTests {
  static func listings(_ current: String) -> [ModelListing] {
    var small = ModelListing(path: current, name: "tiny", byteCount: 98_000_000)
    (small.quantization, small.parameterCount, small.contextLength) = ("Q4_1", 135_000_000, 2048)
    (small.memoryByteCount, small.fitsInMemory) = (150_000_000, true)
    var large = ModelListing(path: "/m/13B.gguf", name: "alpaca-13B", byteCount: 7_300_000_000)
    (large.quantization, large.parameterCount, large.contextLength) = ("Q4_0", 13_000_000_000, 2048)
    (large.memoryByteCount, large.fitsInMemory) = (9_000_000_000, false)
    var broken = ModelListing(path: "/m/x.gguf", name: "x\u{1B}[2J", byteCount: 12)
    broken.problem = "the file is cut short"
    return [small, large, broken]
  }

  @Test func theMenuShowsWhatAModelIsAndWhetherItFits() throws {
    var app = try AppDriver(100, 30)
    try app.type("<C-o>")
    app.send(.modelsListed(Self.listings(try AppDriver.model.path)))
    for text in ["98.0 MB", "Q4_1", "135M", "2,048 ctx", "fits", "7.3 GB", "13B", "too big"] {
      #expect(app.shows(text), "\(text)")
    }
    #expect(app.shows("unusable"))
    try app.type("<Down>")
    #expect(app.shows("takes 9.0 GB of memory with its window; this machine has less"))
    try app.type("<Down>")
    #expect(app.shows("the file is cut short"))
    // Chosen all the same it says why, and the model that works stays.
    _ = app.taken()
    try app.type("<Enter>")
    #expect(app.taken().isEmpty)
    #expect(app.shows("the file is cut short") && app.shows("choose another model"))
  }

  @Test func theConversationStaysWhenTheModelChanges() throws {
    var app = try AppDriver()
    try app.exchange("Hello", "Hi")
    try app.type("<C-o>")
    app.send(.modelsListed(Self.listings(try AppDriver.model.path)))
    _ = app.taken()
    try app.type("13B<Enter>")
    #expect(app.taken() == ["loadModel"])
    #expect(app.shows("13B.gguf") && app.shows("loading"))
    #expect(app.texts == ["Hello", "Hi"])
    app.send(.modelLoaded(try AppDriver.model))
    #expect(app.taken() == ["rememberModel", "measureWindow"])
  }

  @Test func aModelIsNotChangedUnderAReply() throws {
    var app = try AppDriver()
    try app.type("Go<Enter>")
    _ = app.taken()
    app.send(.modelFound(path: "/m/13B.gguf"))
    #expect(app.taken().isEmpty)
    #expect(app.shows("Esc stops it"))
  }

  @Test func aWaitingMessageGoesToTheModelThatComes() throws {
    var app = try AppDriver(hasModel: false)
    app.state.model = .loading(path: "/m/7B.gguf")
    try app.type("Hello<Enter>")
    app.send(.modelFound(path: "/m/13B.gguf"))
    #expect(app.taken().last == "loadModel")
    app.send(.modelLoaded(try AppDriver.model))
    #expect(app.requests.count == 1)
  }

  @Test func theFirstStartOffersTheDefaultModel() throws {
    var app = try AppDriver(hasModel: false)
    app.state.offerDownload()
    #expect(app.shows("No model yet"))
    try app.type("y")
    #expect(app.taken() == ["download"])
    app.send(
      .downloadProgress(
        DownloadProgress(stage: .downloading, doneByteCount: 42, totalByteCount: 100)))
    #expect(app.shows("fetching 42%"))
    app.send(.downloadFinished(path: "/m/SmolLM2.gguf"))
    #expect(app.taken() == ["loadModel"])
  }

  @Test func aFetchedModelDoesNotTakeThePlaceOfTheOneInUse() throws {
    var app = try AppDriver()
    app.effects += app.state.perform(.pullModel)
    app.send(.downloadFinished(path: "/m/SmolLM2.gguf"))
    #expect(app.taken() == ["download"])
    #expect(app.shows("Ctrl-O changes to it"))
  }

  @Test func controlCStopsADownload() throws {
    var app = try AppDriver(hasModel: false)
    app.effects += app.state.perform(.pullModel)
    _ = app.taken()
    try app.type("<C-c>")
    #expect(app.taken() == ["cancelDownload"])
    app.send(.downloadFailed(nil))
    #expect(!app.shows("fetching"))
  }

  @Test func themesShowThemselvesAndComeBackOnEscape() throws {
    var app = try AppDriver()
    try app.type("<F3>")
    app.send(.themesListed(["dark", "light", "terminal"]))
    _ = app.taken()
    try app.type("<Up><Esc>")
    let themes = app.effects.compactMap { effect -> String? in
      if case .loadTheme(let name, keeps: false) = effect { return name }
      return nil
    }
    #expect(themes == ["light", "terminal"])
  }

  @Test func theFormatCanBeChosenAndGivenBackToTheModel() throws {
    var app = try AppDriver()
    try app.type("<F4>alpaca<Enter>")
    #expect(app.state.format.chosen?.name.hasPrefix("alpaca") == true)
    try app.type("<F4><Home><Enter>")
    #expect(app.state.format.chosen == nil)
  }
}
