extension Theme {
  /// The default: the terminal's own ground and its user's 16 colours. Needs no file.
  package static let terminal = Theme(
    name: "terminal", appearance: .terminal,
    styles: [
      "ui.background": .terminal,
      "ui.text": Style(),
      "ui.dim": Style(attributes: .dim),
      "ui.border": Style(attributes: .dim),
      "ui.title": Style(attributes: .bold),
      "ui.error": Style(foreground: .indexed(1), attributes: .bold),
      "ui.notice": Style(foreground: .indexed(3)),
      "ui.input": Style(),
      "ui.input.chip": Style(foreground: .indexed(6), attributes: .reverse),
      "ui.input.hint": Style(attributes: .dim),
      "ui.status": Style(attributes: .reverse),
      "ui.status.dim": Style(attributes: .reverse),
      "ui.meter": Style(),
      "ui.menu": .terminal,
      "ui.menu.border": Style(foreground: .indexed(4)),
      "ui.menu.selected": Style(attributes: [.reverse, .bold]),
      "ui.menu.detail": Style(attributes: .dim),
      "ui.menu.match": Style(foreground: .indexed(3), attributes: .bold),
      "ui.dialog": .terminal,
      "ui.dialog.button": Style(),
      "ui.dialog.button.selected": Style(attributes: [.reverse, .bold]),
      "message.user": Style(),
      "message.user.label": Style(foreground: .indexed(6), attributes: .bold),
      "message.assistant": Style(),
      "message.assistant.label": Style(foreground: .indexed(2), attributes: .bold),
      "message.system": Style(attributes: .dim),
      "message.system.label": Style(foreground: .indexed(5), attributes: .bold),
      "message.outside": Style(attributes: .dim),
      "message.note": Style(attributes: .dim),
      "message.focus": Style(foreground: .indexed(3), attributes: .bold),
      "message.code": Style(foreground: .indexed(6)),
    ])

  /// Attributes only, for `NO_COLOR` and terminals without colours. Needs no file.
  package static let colourless = Theme(
    name: "colourless", appearance: .terminal,
    styles: [
      "ui.background": .terminal,
      "ui.text": Style(),
      "ui.dim": Style(attributes: .dim),
      "ui.border": Style(attributes: .dim),
      "ui.title": Style(attributes: .bold),
      "ui.error": Style(attributes: [.bold, .reverse]),
      "ui.notice": Style(attributes: .bold),
      "ui.input": Style(),
      "ui.input.chip": Style(attributes: .reverse),
      "ui.input.hint": Style(attributes: .dim),
      "ui.status": Style(attributes: .reverse),
      "ui.meter.full": Style(),
      "ui.menu": .terminal,
      "ui.menu.selected": Style(attributes: [.reverse, .bold]),
      "ui.menu.detail": Style(attributes: .dim),
      "ui.menu.match": Style(attributes: .underline),
      "ui.dialog": .terminal,
      "ui.dialog.button.selected": Style(attributes: [.reverse, .bold]),
      "message.user": Style(),
      "message.user.label": Style(attributes: [.bold, .underline]),
      "message.assistant": Style(),
      "message.assistant.label": Style(attributes: .bold),
      "message.system": Style(attributes: .dim),
      "message.system.label": Style(attributes: [.bold, .dim]),
      "message.outside": Style(attributes: .dim),
      "message.note": Style(attributes: .dim),
      "message.focus": Style(attributes: .bold),
      "message.code": Style(),
    ])

  /// The themes that are there without any file, by name.
  package static let builtIn: [String: Theme] = [
    terminal.name: terminal, colourless.name: colourless,
  ]
}
