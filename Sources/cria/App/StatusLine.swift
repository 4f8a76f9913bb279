import Chat
import Kernel
import TUI

/// The status bar: what the model does now, the model, the format, the window.
struct StatusLine {
  let bar: StatusBar

  init(_ state: AppState, glyphs: GlyphSet) {
    var segments = Self.activity(state, glyphs)
    if let model = Self.model(state) { segments.append(model) }
    // Until the model's file has been read, nobody knows what it asks for.
    if state.format.chosen != nil || state.format.detected != nil {
      segments.append(
        StatusBar.Segment(state.format.current.name, role: .statusDim, priority: 1, side: .right))
    }
    segments.append(Self.window(state, glyphs))
    bar = StatusBar(segments)
  }

  private static func model(_ state: AppState) -> StatusBar.Segment? {
    switch state.model {
    case .absent: return StatusBar.Segment("no model", priority: 3, side: .right)
    case .failed(let path, _):
      return StatusBar.Segment(
        "\(FileSystem.name(of: path)) failed", shorter: ["no model"], role: .error, priority: 3,
        side: .right)
    case .loading(let path):
      return StatusBar.Segment(
        FileSystem.name(of: path), shorter: [], role: .statusDim, priority: 3, side: .right)
    case .ready(let summary):
      let name = summary.displayName
      let type = summary.description.quantization
      // Most files are named for their type.
      let hasType = name.uppercased().contains(type)
      let short = name.count > 16 ? String(name.prefix(15)) + "\u{2026}" : name
      var forms = hasType ? [name, short] : ["\(name) \(type)", "\(short) \(type)", short]
      // The numbers of a running reply are worth more than the end of a name.
      if state.reply != nil, state.size.columns < 100 { forms.removeFirst() }
      return StatusBar.Segment(
        forms[0], shorter: Array(forms.dropFirst()), priority: 3, side: .right)
    }
  }

  /// Tokens of the window that are in use, with a meter.
  private static func window(_ state: AppState, _ glyphs: GlyphSet) -> StatusBar.Segment {
    let total = state.window?.windowTokenCount ?? state.model.summary?.contextLength ?? 0
    guard total > 0 else { return StatusBar.Segment("", priority: 1, side: .right) }
    let used = (state.window?.promptTokenCount ?? 0) + (state.reply?.tokenCount ?? 0)
    let fraction = Double(used) / Double(total)
    let numbers = "\(Readable.grouped(used))/\(Readable.grouped(total))"
    let percent = "\(Int((min(1, fraction) * 100).rounded()))%"
    func meter(_ columns: Int) -> [StatusBar.Span] {
      Meter.spans(fraction: fraction, columns: columns, glyphs: glyphs)
    }
    return StatusBar.Segment(
      [
        meter(10) + [StatusBar.Span(" " + numbers)], meter(6) + [StatusBar.Span(" " + numbers)],
        [StatusBar.Span(numbers)], [StatusBar.Span(percent)],
      ], priority: 4, side: .right)
  }

  /// What goes on, and its numbers, which are given up earlier.
  private static func activity(_ state: AppState, _ glyphs: GlyphSet) -> [StatusBar.Segment] {
    let turn = glyphs.spinner[Int(state.now * 8) % glyphs.spinner.count]
    if let download = state.download {
      let percent = Int((download.fraction * 100).rounded())
      let what =
        switch download.stage {
        case .downloading: "fetching \(percent)%"
        case .unpacking: "unpacking"
        case .checking: "checking"
        }
      return [StatusBar.Segment("\(turn) \(what)", shorter: ["\(percent)%"], priority: 5)]
    }
    guard let reply = state.reply else { return idle(state) }
    if reply.isStopping { return [StatusBar.Segment("\(turn) stopping", priority: 5)] }
    switch reply.phase {
    case .waitingForModel where !state.model.isComing:
      return [
        StatusBar.Segment(
          "waiting for the model: Ctrl-O chooses one",
          shorter: ["waiting for the model", "waiting"],
          priority: 5)
      ]
    case .waitingForModel:
      let seconds = Int(max(0, state.now - reply.startedAt))
      return [
        StatusBar.Segment(
          "\(turn) waiting for the model\(seconds > 1 ? " \(seconds) s" : "")",
          shorter: ["\(turn) waiting"], priority: 5)
      ]
    case .preparing:
      return [StatusBar.Segment("\(turn) preparing", priority: 5)]
    case .prefill(let done, let total, let reused):
      let percent = total > 0 ? done * 100 / total : 0
      return [StatusBar.Segment("\(turn) reading \(percent)%", priority: 5)]
        + numbers(prefillNumbers(state, reply, done: done, total: total, reused: reused))
    case .decoding:
      let current = reply.currentRate.map(Readable.oneDecimal) ?? "\u{2013}"
      return [StatusBar.Segment("\(turn) \(current) tok/s", priority: 5)]
        + drafts(state, reply) + numbers(decodeNumbers(reply))
    }
  }

  /// The share of the drafted tokens that was right. The meter of the window makes room for it.
  private static func drafts(_ state: AppState, _ reply: ReplyProgress) -> [StatusBar.Segment] {
    guard let share = reply.acceptedShare, state.size.columns >= narrowestForDrafts else {
      return []
    }
    return [StatusBar.Segment(readable(acceptedShare: share), priority: 4)]
  }

  /// On narrower screens the share would drive out what is worth more.
  private static let narrowestForDrafts = 40

  private static func readable(acceptedShare share: Double) -> String {
    "drafts \(Int((share * 100).rounded()))%"
  }

  /// As many of the numbers as there is room for, the first ones longest.
  private static func numbers(_ numbers: [String]) -> [StatusBar.Segment] {
    guard !numbers.isEmpty else { return [] }
    let forms = (1...numbers.count).reversed().map { numbers.prefix($0).joined(separator: "  ") }
    return [StatusBar.Segment(forms[0], shorter: Array(forms.dropFirst()), priority: 2)]
  }

  private static func prefillNumbers(
    _ state: AppState, _ reply: ReplyProgress, done: Int, total: Int, reused: Int
  ) -> [String] {
    let seconds = state.now - (reply.prefillStartedAt ?? state.now)
    let rate = seconds > 0 ? Double(done - reused) / seconds : 0
    guard rate > 0, done < total else {
      return ["of \(Readable.grouped(total))"] + (reused > 0 ? ["\(reused) reused"] : [])
    }
    let left = Readable.seconds(Double(total - done) / rate)
    return ["\(Int(rate.rounded())) tok/s", "\(left) left"]
  }

  private static func decodeNumbers(_ reply: ReplyProgress) -> [String] {
    let average = reply.averageRate.map { "avg \(Readable.oneDecimal($0))" }
    let first = reply.firstTokenAt.map { "first \(Readable.seconds(max(0, $0 - reply.startedAt)))" }
    return [average, first, "\(Readable.grouped(reply.tokenCount)) tok"].compactMap { $0 }
  }

  /// Nothing runs: the numbers of the last reply, or that all is ready.
  private static func idle(_ state: AppState) -> [StatusBar.Segment] {
    switch state.model {
    case .loading:
      return [StatusBar.Segment("loading the model", shorter: ["loading"], priority: 5)]
    case .absent, .failed: return [StatusBar.Segment("", priority: 5)]
    case .ready: break
    }
    let ready = [StatusBar.Segment("ready", priority: 5)]
    guard let last = state.lastStatistics else { return ready }
    var parts: [String] = []
    if let rate = last.decodeTokensPerSecond { parts.append("\(Readable.oneDecimal(rate)) tok/s") }
    let drafts =
      state.size.columns >= narrowestForDrafts
      ? last.acceptedShare.map(readable(acceptedShare:)) : nil
    // Where there is no room for both, the time to the first token has been seen already.
    if let first = last.firstTokenSeconds, drafts == nil || state.size.columns >= 60 {
      parts.append("first \(Readable.seconds(first))")
    }
    if let drafts { parts.append(drafts) }
    var segments =
      parts.isEmpty
      ? ready
      : [
        StatusBar.Segment(
          parts.joined(separator: "  "),
          shorter: (1..<parts.count).reversed().map { parts.prefix($0).joined(separator: "  ") },
          priority: 5)
      ]
    if last.reusedTokenCount > 0 {
      let reused =
        "reused \(Readable.grouped(last.reusedTokenCount)) of \(Readable.grouped(last.promptTokenCount))"
      segments.append(StatusBar.Segment(reused, priority: 0))
    }
    return segments
  }
}
