import CNcurses

/// What the codes of `get_wch` stand for on the present terminal.
///
/// Built once the terminal is set up: the standard codes, those that terminfo's extended names
/// were given at start (kLFT5 and its like), and xterm's sequences where terminfo has none,
/// since tmux and many others send those whatever their entry says.
struct KeyTable {
  private static let firstOwnCode: Int32 = 0x3100

  private(set) var keys: [Int32: Key] = [:]

  private struct Named {
    var code: Key.Code
    var terminfo: String
    /// The last byte of `ESC [ 1 ; m X`, or the number of `ESC [ n ; m ~`.
    var final: String
    var isNumbered: Bool
  }

  private static let movable: [Named] = [
    Named(code: .up, terminfo: "kUP", final: "A", isNumbered: false),
    Named(code: .down, terminfo: "kDN", final: "B", isNumbered: false),
    Named(code: .right, terminfo: "kRIT", final: "C", isNumbered: false),
    Named(code: .left, terminfo: "kLFT", final: "D", isNumbered: false),
    Named(code: .home, terminfo: "kHOM", final: "H", isNumbered: false),
    Named(code: .end, terminfo: "kEND", final: "F", isNumbered: false),
    Named(code: .insert, terminfo: "kIC", final: "2", isNumbered: true),
    Named(code: .delete, terminfo: "kDC", final: "3", isNumbered: true),
    Named(code: .pageUp, terminfo: "kPRV", final: "5", isNumbered: true),
    Named(code: .pageDown, terminfo: "kNXT", final: "6", isNumbered: true),
  ]

  /// xterm's number for a set of modifiers: one more than shift 1, alt 2, control 4.
  private static func modifiers(_ number: Int) -> Key.Modifiers {
    let bits = number - 1
    var set = Key.Modifiers()
    if bits & 1 != 0 { set.insert(.shift) }
    if bits & 2 != 0 { set.insert(.alt) }
    if bits & 4 != 0 { set.insert(.control) }
    return set
  }

  init() {
    addStandard()
    addFunctionKeys()
    var next = KeyTable.firstOwnCode
    func define(_ sequence: String, _ key: Key, in table: inout KeyTable) {
      let known = key_defined(sequence)
      if known > 0 {
        if table.keys[known] == nil { table.keys[known] = key }
      } else if known == 0, define_key(sequence, next) == OK {
        table.keys[next] = key
        next += 1
      }
    }
    for named in KeyTable.movable {
      for number in 2...8 {
        let modifiers = KeyTable.modifiers(number)
        let capability = number == 2 ? named.terminfo : named.terminfo + String(number)
        let code = cria_key_code(capability)
        if code > 0 { keys[code] = Key(named.code, modifiers) }
        let sequence =
          named.isNumbered
          ? "\u{1B}[\(named.final);\(number)~" : "\u{1B}[1;\(number)\(named.final)"
        define(sequence, Key(named.code, modifiers), in: &self)
      }
      if named.isNumbered {
        define("\u{1B}[\(named.final)~", Key(named.code), in: &self)
      } else {
        define("\u{1B}[\(named.final)", Key(named.code), in: &self)
        define("\u{1B}O\(named.final)", Key(named.code), in: &self)
      }
    }
    for (sequence, code) in [
      ("\u{1B}[1~", Key.Code.home), ("\u{1B}[7~", .home), ("\u{1B}[4~", .end),
      ("\u{1B}[8~", .end),
    ] {
      define(sequence, Key(code), in: &self)
    }
    define("\u{1B}[Z", Key(.tab, .shift), in: &self)
    // Enter with modifiers, from terminals that were told to report it.
    for number in 2...8 {
      define("\u{1B}[13;\(number)u", Key(.enter, KeyTable.modifiers(number)), in: &self)
      define("\u{1B}[27;\(number);13~", Key(.enter, KeyTable.modifiers(number)), in: &self)
    }
    // Mouse reports are read by the decoder, so ncurses must not take their first bytes.
    if let start = cria_terminfo_string("kmous") { _ = define_key(start, 0) }
    _ = define_key("\u{1B}[200~", InputDecoder.pasteStart)
    _ = define_key("\u{1B}[201~", InputDecoder.pasteEnd)
  }

  private mutating func addStandard() {
    let standard: [(Int32, Key)] = [
      (KEY_UP, Key(.up)), (KEY_DOWN, Key(.down)), (KEY_LEFT, Key(.left)),
      (KEY_RIGHT, Key(.right)), (KEY_HOME, Key(.home)), (KEY_END, Key(.end)),
      (KEY_PPAGE, Key(.pageUp)), (KEY_NPAGE, Key(.pageDown)), (KEY_DC, Key(.delete)),
      (KEY_IC, Key(.insert)), (KEY_BACKSPACE, Key(.backspace)), (KEY_ENTER, Key(.enter)),
      (KEY_BTAB, Key(.tab, .shift)), (KEY_SLEFT, Key(.left, .shift)),
      (KEY_SRIGHT, Key(.right, .shift)), (KEY_SR, Key(.up, .shift)),
      (KEY_SF, Key(.down, .shift)), (KEY_SHOME, Key(.home, .shift)),
      (KEY_SEND, Key(.end, .shift)), (KEY_SPREVIOUS, Key(.pageUp, .shift)),
      (KEY_SNEXT, Key(.pageDown, .shift)), (KEY_SDC, Key(.delete, .shift)),
      (KEY_SIC, Key(.insert, .shift)), (KEY_A1, Key(.home)), (KEY_A3, Key(.pageUp)),
      (KEY_C1, Key(.end)), (KEY_C3, Key(.pageDown)),
    ]
    for (code, key) in standard { keys[code] = key }
  }

  private mutating func addFunctionKeys() {
    // xterm numbers the modified ones on in twelves.
    let groups: [Key.Modifiers] = [[], .shift, .control, [.control, .shift], .alt]
    for (group, modifiers) in groups.enumerated() {
      for number in 1...12 {
        keys[cria_key_function(Int32(group * 12 + number))] = Key(.function(number), modifiers)
      }
    }
  }
}
