extension PromptFormat {
  /// All formats, in the order menus show them.
  package static let all: [PromptFormat] = [
    alpaca, alpacaCpp, chatml, llama2, llama3, vicuna, mistral, zephyr, plain,
  ]

  /// The format of that name; upper and lower case are the same.
  package static func named(_ name: String) -> PromptFormat? {
    let lowercased = name.lowercased()
    return all.first { $0.name == lowercased }
  }

  /// Stanford Alpaca, in the wording its models were trained with, with and without input.
  /// Further turns repeat instruction and response; a system prompt takes the preamble's
  /// place. Source: the repository `tatsu-lab/stanford_alpaca`, README.
  package static let alpaca = PromptFormat(
    name: "alpaca",
    title: "Alpaca",
    preamble: alpacaPreamble,
    preambleWithInput: """
      Below is an instruction that describes a task, paired with an input that provides \
      further context. Write a response that appropriately completes the request.


      """,
    systemAfter: "\n\n",
    userBefore: "### Instruction:\n",
    userAfter: "\n\n",
    inputBefore: "\n\n### Input:\n",
    assistantBefore: "### Response:",
    assistantAfter: "\n\n",
    stops: alpacaStops)

  /// The interactive form of the program alpaca.cpp: empty lines after the headings.
  package static let alpacaCpp = PromptFormat(
    name: "alpaca.cpp",
    title: "Alpaca (alpaca.cpp)",
    preamble: alpacaPreamble,
    systemAfter: "\n\n",
    userBefore: "### Instruction:\n\n",
    userAfter: "\n\n",
    assistantBefore: "### Response:\n\n",
    assistantAfter: "\n\n",
    stops: alpacaStops)

  /// ChatML: Qwen, SmolLM2, Hermes and many others.
  package static let chatml = PromptFormat(
    name: "chatml",
    title: "ChatML",
    systemBefore: "<|im_start|>system\n",
    systemAfter: "<|im_end|>\n",
    userBefore: "<|im_start|>user\n",
    userAfter: "<|im_end|>\n",
    assistantBefore: "<|im_start|>assistant\n",
    assistantAfter: "<|im_end|>\n",
    stops: ["<|im_end|>", "<|im_start|>"])

  /// Llama 2 Chat. Every exchange but the first opens with the beginning-of-sequence token
  /// as text; the first one's comes from the tokenizer.
  package static let llama2 = PromptFormat(
    name: "llama2",
    title: "Llama 2 Chat",
    systemPlacement: .firstUserTurn,
    systemBefore: "[INST] <<SYS>>\n",
    systemAfter: "\n<</SYS>>\n\n",
    userBefore: "[INST] ",
    userAfter: " [/INST]",
    replyLead: " ",
    assistantAfter: " </s><s>",
    stops: ["</s>"])

  /// Llama 3 Instruct.
  package static let llama3 = PromptFormat(
    name: "llama3",
    title: "Llama 3 Instruct",
    systemBefore: "<|start_header_id|>system<|end_header_id|>\n\n",
    systemAfter: "<|eot_id|>",
    userBefore: "<|start_header_id|>user<|end_header_id|>\n\n",
    userAfter: "<|eot_id|>",
    assistantBefore: "<|start_header_id|>assistant<|end_header_id|>\n\n",
    assistantAfter: "<|eot_id|>",
    stops: ["<|eot_id|>", "<|end_of_text|>", "<|start_header_id|>"])

  /// Vicuna 1.1 and later.
  package static let vicuna = PromptFormat(
    name: "vicuna",
    title: "Vicuna",
    systemAfter: " ",
    defaultSystemPrompt: """
      A chat between a curious user and an artificial intelligence assistant. The assistant \
      gives helpful, detailed, and polite answers to the user's questions.
      """,
    userBefore: "USER: ",
    userAfter: " ",
    assistantBefore: "ASSISTANT:",
    replyLead: " ",
    assistantAfter: "</s>",
    stops: ["</s>", "\nUSER:"])

  /// Mistral and Mixtral Instruct, as on the model card of Mistral-7B-Instruct-v0.1. There is
  /// no system turn; the system prompt leads the first question.
  package static let mistral = PromptFormat(
    name: "mistral",
    title: "Mistral Instruct",
    systemPlacement: .firstUserTurn,
    systemBefore: "[INST] ",
    systemAfter: "\n\n",
    userBefore: "[INST] ",
    userAfter: " [/INST]",
    assistantAfter: "</s> ",
    stops: ["</s>"])

  /// Zephyr, and TinyLlama's chat models.
  package static let zephyr = PromptFormat(
    name: "zephyr",
    title: "Zephyr",
    systemBefore: "<|system|>\n",
    systemAfter: "</s>\n",
    userBefore: "<|user|>\n",
    userAfter: "</s>\n",
    assistantBefore: "<|assistant|>\n",
    assistantAfter: "</s>\n",
    stops: ["</s>", "<|user|>", "<|system|>"])

  /// No format: the model goes on with the text so far. For base models.
  package static let plain = PromptFormat(
    name: "plain",
    title: "Plain text",
    systemAfter: "\n\n")

  private static let alpacaPreamble = """
    Below is an instruction that describes a task. Write a response that appropriately \
    completes the request.


    """

  /// The longer ones keep the empty line before the heading out of the reply.
  private static let alpacaStops = [
    "\n\n### Instruction:", "\n### Instruction:", "### Instruction:",
  ]
}
