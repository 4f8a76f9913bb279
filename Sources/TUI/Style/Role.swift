/// What a piece of the screen is, for a theme to say how it looks.
///
/// Names are dotted, general to special. A theme that says nothing about `ui.menu.selected`
/// is asked for `ui.menu`, then for `ui`. Programs may use roles of their own.
package struct Role: Hashable, Sendable, ExpressibleByStringLiteral {
  package var name: String

  package init(_ name: String) { self.name = name }
  package init(stringLiteral value: String) { name = value }

  /// This role with one more component.
  package func dot(_ component: String) -> Role { Role(name + "." + component) }

  // The ground of the whole screen, and plain text on it.
  package static let background: Role = "ui.background"
  package static let text: Role = "ui.text"
  package static let dim: Role = "ui.dim"
  package static let border: Role = "ui.border"
  package static let title: Role = "ui.title"
  package static let error: Role = "ui.error"
  package static let notice: Role = "ui.notice"

  package static let input: Role = "ui.input"
  package static let inputChip: Role = "ui.input.chip"
  package static let inputHint: Role = "ui.input.hint"

  package static let status: Role = "ui.status"
  package static let statusDim: Role = "ui.status.dim"
  package static let meterFull: Role = "ui.meter.full"
  package static let meterEmpty: Role = "ui.meter.empty"

  package static let menu: Role = "ui.menu"
  package static let menuSelected: Role = "ui.menu.selected"
  package static let menuDetail: Role = "ui.menu.detail"
  package static let menuBorder: Role = "ui.menu.border"
  package static let menuMatch: Role = "ui.menu.match"
  package static let dialog: Role = "ui.dialog"
  package static let dialogButton: Role = "ui.dialog.button"
  package static let dialogButtonSelected: Role = "ui.dialog.button.selected"

  package static let messageUser: Role = "message.user"
  package static let messageAssistant: Role = "message.assistant"
  package static let messageSystem: Role = "message.system"
  /// Laid over messages that no longer fit the window.
  package static let messageOutside: Role = "message.outside"
  /// A line about the conversation, such as where the window starts.
  package static let messageNote: Role = "message.note"
  package static let messageFocus: Role = "message.focus"
  package static let messageCode: Role = "message.code"
}
