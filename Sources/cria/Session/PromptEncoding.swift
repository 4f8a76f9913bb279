import Chat
import Kernel

/// Where `Chat`'s prompts become `Kernel`'s tokens.
extension Tokenizer {
  /// Tokens of a rendered prompt, without the beginning-of-sequence token.
  ///
  /// Special tokens are recognised in the format's own text, never in what people wrote.
  func encode(_ segments: [FormatSegment]) -> [TokenID] {
    encode(segments.map { PromptSegment($0.text, parsesSpecial: $0.isFormat) })
  }

  /// The whole prompt as the model wants it.
  func prompt(_ segments: [FormatSegment]) -> [TokenID] { lead + encode(segments) }

  /// What stands before every prompt: the beginning-of-sequence token, where there is one.
  var lead: [TokenID] { addsBOS ? bos.map { [$0] } ?? [] : [] }
}

extension PromptFormat {
  /// The format of that name.
  ///
  /// - Throws: a `Failure` that lists the names there are.
  static func required(_ name: String) throws(Failure) -> PromptFormat {
    guard let format = named(name) else { throw .noFormat(name) }
    return format
  }
}

extension ModelSummary {
  /// The prompt format that the file asks for by its template or its name.
  var detectedFormat: PromptFormat {
    PromptFormat.detect(
      chatTemplate: description.chatTemplate, modelName: description.name,
      fileName: FileSystem.name(of: path))
  }

  /// The file's name without `.gguf`: foreign text.
  var displayName: String {
    let name = FileSystem.name(of: path)
    return name.lowercased().hasSuffix(".gguf") ? String(name.dropLast(5)) : name
  }
}
