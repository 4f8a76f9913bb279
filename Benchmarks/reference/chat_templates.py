#!/usr/bin/env python3
"""Render one conversation with chat templates, as the expected strings of the format tests.

Prints one JSON object: format name -> {"one", "two", "default"}: the prompt for the first
reply, for the second reply, and for the first reply without a system prompt. ChatML is
rendered with SmolLM2's own template when its GGUF file is given; the other templates are
written here from the published descriptions of the formats. A beginning-of-sequence token at
the very start is left out, for it is the tokenizer's business.

    python chat_templates.py [SmolLM2-135M-Instruct.gguf]

Needs jinja2, and gguf when a file is given. The tests' strings were made with jinja2 3.1.
"""

import json
import sys

from jinja2.sandbox import ImmutableSandboxedEnvironment

CHATML = """{% for message in messages %}<|im_start|>{{ message['role'] }}
{{ message['content'] }}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""

ZEPHYR = """{% for message in messages %}
{% if message['role'] == 'user' %}
{{ '<|user|>\n' + message['content'] + eos_token }}
{% elif message['role'] == 'system' %}
{{ '<|system|>\n' + message['content'] + eos_token }}
{% else %}
{{ '<|assistant|>\n' + message['content'] + eos_token }}
{% endif %}
{% if loop.last and add_generation_prompt %}
{{ '<|assistant|>' }}
{% endif %}
{% endfor %}"""

LLAMA2 = (
    "{% if messages[0]['role'] == 'system' %}"
    "{% set turns = messages[1:] %}{% set system = messages[0]['content'] %}"
    "{% else %}{% set turns = messages %}{% set system = none %}{% endif %}"
    "{% for message in turns %}"
    "{% if loop.first and system is not none %}"
    "{% set content = '<<SYS>>\\n' + system + '\\n<</SYS>>\\n\\n' + message['content'] %}"
    "{% else %}{% set content = message['content'] %}{% endif %}"
    "{% if message['role'] == 'user' %}"
    "{{ bos_token + '[INST] ' + content | trim + ' [/INST]' }}"
    "{% else %}{{ ' ' + content | trim + ' ' + eos_token }}{% endif %}"
    "{% endfor %}"
)

LLAMA3 = (
    "{% for message in messages %}{% if loop.first %}{{ bos_token }}{% endif %}"
    "{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'"
    " + message['content'] | trim + '<|eot_id|>' }}{% endfor %}"
    "{% if add_generation_prompt %}"
    "{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}"
)

MISTRAL = (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}"
    "{% set turns = messages[1:] %}{% set system = messages[0]['content'] + '\\n\\n' %}"
    "{% else %}{% set turns = messages %}{% set system = '' %}{% endif %}"
    "{% for message in turns %}{% if message['role'] == 'user' %}"
    "{{ '[INST] ' + (system if loop.first else '') + message['content'] + ' [/INST]' }}"
    "{% else %}{{ message['content'] + eos_token + ' ' }}{% endif %}{% endfor %}"
)

VICUNA = (
    "{% if messages[0]['role'] == 'system' %}"
    "{% set turns = messages[1:] %}{% set system = messages[0]['content'] %}"
    "{% else %}{% set turns = messages %}{% set system = 'A chat between a curious user and "
    "an artificial intelligence assistant. The assistant gives helpful, detailed, and polite "
    "answers to the user\\'s questions.' %}{% endif %}{{ system + ' ' }}"
    "{% for message in turns %}{% if message['role'] == 'user' %}"
    "{{ 'USER: ' + message['content'] + ' ' }}"
    "{% else %}{{ 'ASSISTANT: ' + message['content'] + eos_token }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}"
)

TEMPLATES = {
    # name: (template, beginning-of-sequence, end-of-sequence)
    "chatml": (CHATML, "", "<|im_end|>"),
    "zephyr": (ZEPHYR, "<s>", "</s>"),
    "llama2": (LLAMA2, "<s>", "</s>"),
    "llama3": (LLAMA3, "<|begin_of_text|>", "<|eot_id|>"),
    "mistral": (MISTRAL, "<s>", "</s>"),
    "vicuna": (VICUNA, "<s>", "</s>"),
}

SYSTEM = {"role": "system", "content": "Be brief."}
TURNS = [
    {"role": "user", "content": "Name a fruit."},
    {"role": "assistant", "content": "An apple."},
    {"role": "user", "content": "And\nanother?"},
]


def render(template: str, bos: str, eos: str, messages: list) -> str:
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    text = environment.from_string(template).render(
        messages=messages, bos_token=bos, eos_token=eos, add_generation_prompt=True
    )
    return text.removeprefix(bos)


def template_of(path: str) -> str:
    from gguf import GGUFReader

    return GGUFReader(path).get_field("tokenizer.chat_template").contents()


def main() -> None:
    templates = dict(TEMPLATES)
    if len(sys.argv) > 1:
        _, bos, eos = templates["chatml"]
        templates["chatml"] = (template_of(sys.argv[1]), bos, eos)
    result = {}
    for name, (template, bos, eos) in templates.items():
        result[name] = {
            "one": render(template, bos, eos, [SYSTEM] + TURNS[:1]),
            "two": render(template, bos, eos, [SYSTEM] + TURNS),
            "default": render(template, bos, eos, TURNS[:1]),
        }
    print(json.dumps(result, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
