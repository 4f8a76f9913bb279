/// Turns what `get_wch` answers into events. Pure: it reads nothing itself.
package struct InputDecoder {
  /// One answer of `get_wch`.
  package enum Token: Hashable, Sendable {
    case scalar(UInt32)
    case code(Int32)
  }

  /// The codes that the brackets around a paste are defined as.
  package static let pasteStart: Int32 = 0x3000
  package static let pasteEnd: Int32 = 0x3001

  /// A paste is cut here; what follows its end is keys again.
  package static let maximumPasteScalars = 16 << 20

  private enum State {
    case ground
    /// After ESC: alt with the next key, or the start of a sequence.
    case escape
    /// In `ESC [`, with what came since.
    case control([UInt8])
    /// In the three bytes of a mouse report in X10's form.
    case mouse([UInt32])
    /// In `ESC O`.
    case single
    /// After what begins an OSC, DCS, APC, PM or SOS string, or is a key with alt.
    case opener(UInt32)
    /// In such a string: until BEL or ESC \.
    case string(afterEscape: Bool)
    case paste
  }

  private let keys: [Int32: Key]
  private var state = State.ground
  private var pasted = String.UnicodeScalarView()
  private var pastedCount = 0
  private var lastWasReturn = false

  /// `keys` says what the codes above characters stand for.
  package init(keys: [Int32: Key]) { self.keys = keys }

  /// Decodes what was read until the terminal had no more. The end of a batch ends a lone
  /// Escape; a paste and an unknown sequence go on in the next one.
  package mutating func decode(_ tokens: [Token]) -> [Event] {
    var events: [Event] = []
    for token in tokens { step(token, &events) }
    switch state {
    case .escape:
      events.append(.key(Key(.escape)))
      state = .ground
    case .control([]):
      events.append(.key(Key("[", .alt)))
      state = .ground
    case .single:
      events.append(.key(Key("O", .alt)))
      state = .ground
    case .opener(let value):
      if var key = InputDecoder.key(value) {
        key.modifiers.insert(.alt)
        events.append(.key(key))
      }
      state = .ground
    case .ground, .control, .mouse, .string, .paste: break
    }
    return events
  }

  private mutating func step(_ token: Token, _ events: inout [Event]) {
    if case .paste = state {
      stepInPaste(token, &events)
      return
    }
    switch token {
    case .code(InputDecoder.pasteStart):
      state = .paste
      pasted = .init()
      pastedCount = 0
      lastWasReturn = false
    case .code(let code):
      let isAlt = if case .escape = state { true } else { false }
      state = .ground
      guard var key = keys[code] else { return }
      if isAlt { key.modifiers.insert(.alt) }
      events.append(.key(key))
    case .scalar(let value):
      stepScalar(value, &events)
    }
  }

  private mutating func stepScalar(_ value: UInt32, _ events: inout [Event]) {
    switch state {
    case .ground, .paste:
      if value == 0x1B {
        state = .escape
      } else if let key = InputDecoder.key(value) {
        events.append(.key(key))
      }
    case .escape:
      switch value {
      case 0x1B: events.append(.key(Key(.escape)))
      case 0x5B: state = .control([])
      case 0x4F: state = .single
      case 0x50, 0x58, 0x5D, 0x5E, 0x5F: state = .opener(value)
      default:
        state = .ground
        guard var key = InputDecoder.key(value) else { return }
        key.modifiers.insert(.alt)
        events.append(.key(key))
      }
    case .control(let bytes):
      // Swallowed up to the final byte, unless it is the mouse; anything that cannot be part
      // of a sequence ends it.
      if value == 0x1B {
        state = .escape
      } else if (0x20..<0x40).contains(value) {
        state = .control(bytes.count < 64 ? bytes + [UInt8(value)] : bytes)
      } else if value == 0x4D && bytes.isEmpty {
        state = .mouse([])
      } else {
        state = .ground
        if let mouse = MouseReport.sgr(bytes, final: value) { events.append(.mouse(mouse)) }
      }
    case .mouse(let values):
      state = values.count < 2 ? .mouse(values + [value]) : .ground
      if values.count == 2, let mouse = MouseReport.x10(values + [value]) {
        events.append(.mouse(mouse))
      }
    case .single:
      state = value == 0x1B ? .escape : .ground
    case .opener, .string(afterEscape: false):
      // Strings hold no other control characters: one that never ends must not keep the keys.
      switch value {
      case 0x07: state = .ground
      case 0x1B: state = .string(afterEscape: true)
      case 0..<0x20:
        state = .ground
        stepScalar(value, &events)
      default: state = .string(afterEscape: false)
      }
    case .string(afterEscape: true):
      state = value == 0x5C ? .ground : .escape
      if value != 0x5C { stepScalar(value, &events) }
    }
  }

  private mutating func stepInPaste(_ token: Token, _ events: inout [Event]) {
    guard case .scalar(let value) = token else {
      if token == .code(InputDecoder.pasteEnd) {
        events.append(.paste(String(pasted)))
        pasted = .init()
        state = .ground
      }
      return
    }
    guard pastedCount < InputDecoder.maximumPasteScalars else { return }
    if value == 0x0A && lastWasReturn {
      lastWasReturn = false
      return
    }
    lastWasReturn = value == 0x0D
    let kept: UInt32 = value == 0x0D ? 0x0A : value
    let isControl = kept < 0x20 || (0x7F..<0xA0).contains(kept)
    if isControl && kept != 0x0A && kept != 0x09 { return }
    if let scalar = Unicode.Scalar(kept) {
      pasted.append(scalar)
      pastedCount += 1
    }
  }

  /// The key behind one character of a terminal in raw mode without newline translation.
  private static func key(_ value: UInt32) -> Key? {
    switch value {
    case 0x09: return Key(.tab)
    case 0x0D: return Key(.enter)
    case 0x7F: return Key(.backspace)
    case 0x00: return Key(" ", .control)
    case 0x01...0x1A: return Unicode.Scalar(value + 0x60).map { Key(Character($0), .control) }
    case 0x1C...0x1F: return Unicode.Scalar(value + 0x40).map { Key(Character($0), .control) }
    case 0x80..<0xA0: return nil
    default: return Unicode.Scalar(value).map { Key(Character($0)) }
    }
  }
}
