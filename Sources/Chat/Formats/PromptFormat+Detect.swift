extension PromptFormat {
  /// The format of a model, from what its file says: telltale strings in the chat template
  /// first, then the names, and Alpaca where nothing says otherwise. The template is looked
  /// at as text, never evaluated. Takes the default system prompt from the template where it
  /// stands there as a plain string.
  package static func detect(
    chatTemplate: String?, modelName: String?, fileName: String?
  ) -> PromptFormat {
    if let chatTemplate, var format = matching(template: chatTemplate) {
      if let prompt = format.defaultSystemPrompt(in: chatTemplate) {
        format.defaultSystemPrompt = prompt
      }
      return format
    }
    for name in [modelName, fileName].compactMap(\.self) {
      if let format = matching(name: name) { return format }
    }
    return alpaca
  }

  private static func matching(template: String) -> PromptFormat? {
    func has(_ text: String) -> Bool { template.contains(text) }
    if has("<|im_start|>") { return chatml }
    if has("<|start_header_id|>") { return llama3 }
    if has("[INST]") { return has("<<SYS>>") ? llama2 : mistral }
    if has("<|user|>") && (has("</s>") || has("eos_token")) { return zephyr }
    if has("USER:") && has("ASSISTANT:") { return vicuna }
    if has("### Instruction") { return alpaca }
    return nil
  }

  private static func matching(name: String) -> PromptFormat? {
    // "Llama-3.2-1B_Instruct" and "llama 3.2 1b instruct" look the same.
    let words = String(
      name.lowercased().map { $0.isLetter || $0.isNumber || $0 == "." ? $0 : "-" })
    func has(_ text: String) -> Bool { words.contains(text) }
    let isInstructed = has("instruct") || has("chat") || has("-it")
    if has("alpaca") { return alpaca }
    if has("vicuna") { return vicuna }
    if has("zephyr") { return zephyr }
    if has("tinyllama") && has("chat") { return zephyr }
    if has("hermes") || has("dolphin") || has("chatml") { return chatml }
    if has("smollm") || has("qwen") { return chatml }
    if (has("mistral") || has("mixtral")) && isInstructed { return mistral }
    if (has("llama-3") || has("llama3")) && isInstructed { return llama3 }
    if (has("llama-2") || has("llama2")) && isInstructed { return llama2 }
    return nil
  }

  /// The text between this format's system header and its end within one string literal.
  private func defaultSystemPrompt(in template: String) -> String? {
    guard systemPlacement == .ownTurn, !systemBefore.isEmpty else { return nil }
    let end = systemAfter.prefix { $0 != "\n" }
    guard !end.isEmpty else { return nil }
    // A line break may stand in the literal as itself or as a backslash and an n.
    for before in [systemBefore, systemBefore.replacing("\n", with: "\\n")] {
      var rest = template[...]
      while let header = rest.firstRange(of: before) {
        rest = rest[header.upperBound...]
        guard let close = rest.firstRange(of: end) else { break }
        let text = rest[..<close.lowerBound]
        // A quote, a brace or a tag means that the literal ended: the prompt is put together
        // at run time, and what stands here is code.
        if !text.isEmpty && text.utf8.count <= 4096
          && !text.contains(where: { "'\"{}<>".contains($0) })
        {
          return String(text).replacing("\\n", with: "\n")
        }
      }
    }
    return nil
  }
}
