import Chat
import Testing

@Suite struct DetectTests {
  /// The template in SmolLM2-135M-Instruct's file.
  static let smolLM2 = """
    {% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}\
    {{ '<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging \
    Face<|im_end|>\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\n' + \
    message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}\
    {{ '<|im_start|>assistant\n' }}{% endif %}
    """

  @Test(arguments: [
    (smolLM2, "chatml"),
    ("{{ '<|start_header_id|>' + role }}", "llama3"),
    ("{{ '[INST] <<SYS>>\\n' + system }}", "llama2"),
    ("{{ '[INST] ' + content + ' [/INST]' }}", "mistral"),
    ("{{ '<|user|>\\n' + content + eos_token }}", "zephyr"),
    ("{{ 'USER: ' + content + ' ASSISTANT:' }}", "vicuna"),
    ("{{ '### Instruction:\\n' + content }}", "alpaca"),
  ])
  func templateDecides(template: String, name: String) {
    let format = PromptFormat.detect(
      chatTemplate: template, modelName: "Vicuna 7B", fileName: "zephyr.gguf")
    // Vicuna and Zephyr in the names must not matter.
    #expect(format.name == name)
  }

  @Test(arguments: [
    ("ggml-alpaca-7b-q4.bin", "alpaca"), ("Chinese-Alpaca-2-7B", "alpaca"),
    ("vicuna-13b-v1.5.Q4_0.gguf", "vicuna"), ("Mistral-7B-Instruct-v0.2.Q4_K_M.gguf", "mistral"),
    ("mixtral_8x7b_instruct", "mistral"), ("zephyr-7b-beta", "zephyr"),
    ("TinyLlama 1.1B Chat v1.0", "zephyr"), ("Llama-3.2-1B-Instruct", "llama3"),
    ("meta llama_3 8b instruct", "llama3"), ("llama-2-7b-chat.Q4_0.gguf", "llama2"),
    ("SmolLM2-135M-Instruct.Q4_1.gguf", "chatml"), ("qwen2.5-0.5b-instruct", "chatml"),
    ("OpenHermes-2.5-Mistral-7B", "chatml"), ("LLaMA 7B", "alpaca"), ("", "alpaca"),
    ("\u{1b}[2J\u{0}", "alpaca"),
  ])
  func namesDecideWithoutTemplate(fileName: String, name: String) {
    let byFile = PromptFormat.detect(chatTemplate: nil, modelName: nil, fileName: fileName)
    #expect(byFile.name == name)
    let byModel = PromptFormat.detect(chatTemplate: "", modelName: fileName, fileName: nil)
    #expect(byModel.name == name)
  }

  @Test func modelNameGoesBeforeFileName() {
    let format = PromptFormat.detect(
      chatTemplate: nil, modelName: "Vicuna", fileName: "alpaca.gguf")
    #expect(format.name == "vicuna")
    let unknown = PromptFormat.detect(
      chatTemplate: nil, modelName: "model", fileName: "zephyr.gguf")
    #expect(unknown.name == "zephyr")
  }

  @Test func unknownTemplateLeavesItToTheName() {
    let format = PromptFormat.detect(
      chatTemplate: "{{ messages }}", modelName: "Zephyr", fileName: nil)
    #expect(format.name == "zephyr")
  }

  @Test func takesTheDefaultSystemPromptOfTheTemplate() {
    let format = PromptFormat.detect(
      chatTemplate: Self.smolLM2, modelName: nil, fileName: nil)
    #expect(
      format.defaultSystemPrompt
        == "You are a helpful AI assistant named SmolLM, trained by Hugging Face")
    let prompt = format.render(system: nil, turns: [Turn(role: .user, text: "Name a fruit.")])
    // As jinja2 renders the same template.
    #expect(
      prompt.map(\.text).joined()
        == "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging "
        + "Face<|im_end|>\n<|im_start|>user\nName a fruit.<|im_end|>\n<|im_start|>assistant\n")
  }

  @Test func escapedLineBreaksInTheTemplate() {
    let template = #"{{ '<|im_start|>system\nBe kind.\nBe brief.<|im_end|>\n' }}"#
    let format = PromptFormat.detect(chatTemplate: template, modelName: nil, fileName: nil)
    #expect(format.defaultSystemPrompt == "Be kind.\nBe brief.")
  }

  @Test(arguments: [
    #"{{ '<|im_start|>system\n' + system + '<|im_end|>\n' }}"#,
    "{{ '<|im_start|>system\n' }}{{ x }}{{ '<|im_end|>' }}",
    "<|im_start|>system\n<|im_end|>", "<|im_start|>system\nnever ends",
  ])
  func codeIsNoSystemPrompt(template: String) {
    let format = PromptFormat.detect(chatTemplate: template, modelName: nil, fileName: nil)
    #expect(format == .chatml)
  }
}
