/// A stretch of a prompt: the format's own text, or somebody's.
///
/// Whoever makes tokens of segments looks for special tokens in format text only, and joins
/// what lies between them, across segments, before splitting it into ordinary tokens: what
/// people typed is never parsed, and `"[INST] "` followed by `"Hi"` gives the tokens that the
/// model was trained on. The beginning-of-sequence token at the very start is the tokenizer's
/// business; format text never starts with it.
package struct FormatSegment: Sendable, Hashable {
  package var text: String
  /// Special tokens may be parsed in `text`.
  package var isFormat: Bool

  package init(_ text: String, isFormat: Bool) {
    self.text = text
    self.isFormat = isFormat
  }
}
