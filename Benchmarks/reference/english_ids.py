"""Token ids of english.txt by the `tokenizers` package, from a GGUF's own vocabulary.

    python3 english_ids.py MODEL.gguf > english.json

The result is kept in the repository, so that tests of the forward pass need no tokenizer.
Only the `smollm` split is built here: single digits, then GPT-2's pattern.
"""

import hashlib
import importlib.metadata
import json
import pathlib
import sys

import gguf
import tokenizers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

TEXT = pathlib.Path(__file__).with_name("english.txt")


def tokenizer_of(path):
    fields = gguf.GGUFReader(path).fields
    if (pre := fields["tokenizer.ggml.pre"].contents()) != "smollm":
        sys.exit(f"{path}: the split is {pre!r}, and only 'smollm' is known here")
    pieces = fields["tokenizer.ggml.tokens"].contents()
    merges = fields["tokenizer.ggml.merges"].contents()
    tokenizer = Tokenizer(
        models.BPE(
            vocab={piece: index for index, piece in enumerate(pieces)},
            merges=[tuple(merge.split(" ")) for merge in merges],
        )
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    raw = TEXT.read_bytes()
    tokenizer = tokenizer_of(sys.argv[1])
    ids = tokenizer.encode(raw.decode()).ids
    if tokenizer.decode(ids).encode() != raw:
        sys.exit("the ids do not decode to the text")
    record = {
        "text": TEXT.name,
        "textSHA256": hashlib.sha256(raw).hexdigest(),
        "tokenizers": tokenizers.__version__,
        "gguf": importlib.metadata.version("gguf"),
        "bos": False,
        "count": len(ids),
    }
    lines = ["  " + json.dumps(key) + ": " + json.dumps(value) for key, value in record.items()]
    rows = [", ".join(map(str, ids[at : at + 16])) for at in range(0, len(ids), 16)]
    lines.append('  "ids": [\n    ' + ",\n    ".join(rows) + "\n  ]")
    print("{\n" + ",\n".join(lines) + "\n}")


main()
