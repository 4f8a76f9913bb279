/// A part of a prompt, and whether special tokens are recognised in it.
package struct PromptSegment: Sendable, Equatable {
  package var text: String
  /// True for the prompt format's own text, never for what a person typed.
  package var parsesSpecial: Bool

  package init(_ text: String, parsesSpecial: Bool) {
    self.text = text
    self.parsesSpecial = parsesSpecial
  }
}
