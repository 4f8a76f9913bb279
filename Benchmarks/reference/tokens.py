#!/usr/bin/env python3
"""Token ids of mixed text from the field's own tokenizer libraries.

Writes two files into the output folder:

  mistral-spm.vocab.gguf   a GGUF file with no tensors: the vocabulary of the SentencePiece
                           model inside the mistral-common wheel
  tokens.json              for each tokenizer the ids of every line, and decoded texts

tokens.json:

  {"versions": {"sentencepiece": "...", ...},
   "lines": [text, ...],
   "tokenizers": [{
     "name": "sentencepiece" | "smollm" | "llama-bpe" | "qwen2" | "gpt-2",
     "vocabulary": file name of the GGUF file,
     "split": name of the split to put in place of the file's, or null,
     "ids": [[id, ...] for each line],            without BOS and EOS
     "words": [[bytes, ...] for each line],       lengths of the words that the split makes;
                                                  absent for sentencepiece
     "decodes": [{"ids": [id, ...], "text": text}, ...]}, ...]}

"sentencepiece" is SentencePiece's library on its own model. The others are Hugging Face's
`tokenizers` on the vocabulary and merges of the default model's GGUF file: `smollm` with the
pre-tokenizers the model was trained with, the rest with their published patterns on the same
vocabulary. Special tokens are never parsed. The lines are those of the text file, cut at line
feeds only, and lines drawn from a seeded generator.
"""

import argparse
import json
import pathlib
import random
import sys
import zipfile
from importlib.metadata import version

import gguf
import sentencepiece
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers

SPM_MEMBER = "mistral_common/data/tokenizer.model.v1"
SPM_GGUF = "mistral-spm.vocab.gguf"
SEED = 20230318
RANDOM_LINES = 400
RANDOM_DECODES = 200

CONTRACTIONS = "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])"
AFTER_NUMBERS = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
PATTERNS = {
    "llama-bpe": CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|" + AFTER_NUMBERS,
    "qwen2": CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|" + AFTER_NUMBERS,
    "gpt-2": r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
}

# What lines are drawn from: kinds of characters that the patterns tell apart, next to words
# that merge.
POOLS = [
    list("etaoinshrdlu"), list("ETAOIN"), list("0123456789"), list(" \t "), [" "], ["  "],
    list("\r\n\v\f\u0085\u00a0\u2003\u3000\u2028"), list(".,;:!?-_'\"()[]{}<>|/\\@#$%^&*+=~`"),
    ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", "'LL", "'rE", "'"],
    [" the", " and", "ing", "tion", " alpaca", "import", "return", "\n\n", "\r\n", "    "],
    list("éüñçøßæőžł"), list("абвгдежз"), list("αβγδεζ"), list("אבגדה"), list("ابتثج٠١٢"),
    list("कखगघ०१२ा्"), list("你好世界羊驼我的"), list("アルパカひらがな"), list("한국어알파카"),
    list("½²ⅣⅧ①〇௧"), list("\u0301\u0308\u20dd\u0489"), ["😀", "🦙", "👩🏽‍💻", "🇵🇪", "❤️", "\u200d"],
    ["\0", "\x01", "\x1b", "\x7f", "\u0080", "\u200b", "\ufeff", "\ufffd", "\ue000", "\U0010ffff"],
    ["▁", "Ġ", "Ċ", "<s>", "</s>", "<unk>", "<0x0A>", "<|im_end|>", "<|endoftext|>", "[INST]"],
]


def random_line(generator):
    """A few runs, each of one to eight items of one kind."""
    parts = []
    for _ in range(generator.randint(1, 14)):
        pool = generator.choice(POOLS)
        parts.extend(generator.choice(pool) for _ in range(generator.randint(1, 8)))
    return "".join(parts)


def token_lists(reader):
    """The vocabulary and merges of a GGUF file."""
    field = lambda key: reader.fields[f"tokenizer.ggml.{key}"].contents()
    return field("tokens"), field("token_type"), field("merges")


def byte_level(reader, name):
    """The `tokenizers` library on the vocabulary of a GGUF file, with the named split."""
    tokens, types, merges = token_lists(reader)
    vocabulary = {text: index for index, text in enumerate(tokens)}
    tokenizer = Tokenizer(
        models.BPE(
            vocab=vocabulary,
            merges=[tuple(merge.split(" ")) for merge in merges],
            ignore_merges=name == "llama-bpe",
        )
    )
    if name == "smollm":
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Digits(individual_digits=True),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
            ]
        )
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Split(Regex(PATTERNS[name]), behavior="isolated"),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
            ]
        )
    tokenizer.decoder = decoders.ByteLevel()
    plain = [index for index, kind in enumerate(types) if kind == gguf.TokenType.NORMAL]
    return tokenizer, plain


def byte_level_entry(reader, name, model_name, lines, generator):
    tokenizer, plain = byte_level(reader, name)
    ids = [tokenizer.encode(line, add_special_tokens=False).ids for line in lines]
    decodes = list(ids) if name == "smollm" else []
    if name == "smollm":
        # Tokens of half characters, drawn more often than they come.
        alphabet = [index for index in plain if len(tokenizer.id_to_token(index)) <= 2]
        for _ in range(RANDOM_DECODES):
            source = generator.choice([plain, alphabet])
            decodes.append([generator.choice(source) for _ in range(generator.randint(1, 30))])
    return {
        "name": name,
        "vocabulary": model_name,
        "split": name,
        "ids": ids,
        # A word comes in the byte alphabet: one character a byte.
        "words": [
            [len(word) for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(line)]
            for line in lines
        ],
        "decodes": [
            {"ids": each, "text": tokenizer.decode(each, skip_special_tokens=False)}
            for each in decodes
        ],
    }


def sentencepiece_entry(model, lines, generator):
    ids = [model.encode(line) for line in lines]
    plain = [
        index
        for index in range(model.vocab_size())
        if not (model.is_control(index) or model.is_unknown(index) or model.is_byte(index))
    ]
    decodes = list(ids)
    for _ in range(RANDOM_DECODES):
        decodes.append([generator.choice(plain) for _ in range(generator.randint(1, 30))])
    return {
        "name": "sentencepiece",
        "vocabulary": SPM_GGUF,
        "split": None,
        "ids": ids,
        "decodes": [{"ids": each, "text": model.decode(each)} for each in decodes],
    }


def write_vocabulary(model, path):
    """Writes a GGUF file with the model's vocabulary and no tensors."""
    tokens, scores, types = [], [], []
    for index in range(model.vocab_size()):
        tokens.append(model.id_to_piece(index).encode())
        scores.append(model.get_score(index))
        types.append(
            gguf.TokenType.UNKNOWN if model.is_unknown(index)
            else gguf.TokenType.CONTROL if model.is_control(index)
            else gguf.TokenType.UNUSED if model.is_unused(index)
            else gguf.TokenType.BYTE if model.is_byte(index)
            else gguf.TokenType.NORMAL
        )
    partial = path.with_name(path.name + ".partial")
    writer = gguf.GGUFWriter(partial, "llama")
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores(scores)
    writer.add_token_types(types)
    writer.add_bos_token_id(model.bos_id())
    writer.add_eos_token_id(model.eos_id())
    writer.add_unk_token_id(model.unk_id())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    partial.replace(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, type=pathlib.Path, help="the default model")
    parser.add_argument(
        "--mistral-wheel", required=True, type=pathlib.Path, help="mistral_common-*.whl")
    parser.add_argument(
        "--text", type=pathlib.Path, default=pathlib.Path(__file__).with_name("mixed_text.txt"))
    parser.add_argument("--output", required=True, type=pathlib.Path, help="folder to write to")
    parser.add_argument(
        "--model-name", default="smollm2-135m-instruct-q4_1.gguf",
        help="what the model is called in that folder")
    arguments = parser.parse_args()

    generator = random.Random(SEED)
    lines = arguments.text.read_bytes().decode("utf-8").split("\n")
    # The end of the last line begins no line.
    if lines and lines[-1] == "":
        lines.pop()
    lines += ["\0", "a\0b \0\0"]
    lines += [random_line(generator) for _ in range(RANDOM_LINES)]

    with zipfile.ZipFile(arguments.mistral_wheel) as wheel:
        model = sentencepiece.SentencePieceProcessor(model_proto=wheel.read(SPM_MEMBER))
    reader = gguf.GGUFReader(arguments.model)

    arguments.output.mkdir(parents=True, exist_ok=True)
    write_vocabulary(model, arguments.output / SPM_GGUF)
    result = {
        "versions": {
            name: version(name) for name in ["sentencepiece", "tokenizers", "gguf"]
        } | {"wheel": arguments.mistral_wheel.name, "python": sys.version.split()[0]},
        "lines": lines,
        "tokenizers": [sentencepiece_entry(model, lines, generator)] + [
            byte_level_entry(reader, name, arguments.model_name, lines, generator)
            for name in ["smollm", *PATTERNS]
        ],
    }
    target = arguments.output / "tokens.json"
    partial = target.with_name(target.name + ".partial")
    partial.write_text(json.dumps(result, separators=(",", ":")) + "\n", encoding="ascii")
    partial.replace(target)


if __name__ == "__main__":
    main()
