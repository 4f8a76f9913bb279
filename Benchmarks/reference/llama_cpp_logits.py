"""llama.cpp's logits for the same ids, in the format of logits.py.

    python3 llama_cpp_logits.py MODEL.gguf IDS.json OUT [--threads N] [--ik]

Needs the PyPI package `llama-cpp-python` (or `ik-llama-cpp-python` with --ik). All positions in one
batch, flash attention off, keys and values in F16.
"""

import argparse
import json

from llama_cpp_peer import Peer


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("ids")
    parser.add_argument("out")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--ik", action="store_true")
    arguments = parser.parse_args()
    with open(arguments.ids) as file:
        ids = json.load(file)["ids"]
    peer = Peer(arguments.model, arguments.ik)
    session = peer.session(len(ids), len(ids), arguments.threads, flash_attention="off")
    session.decode(ids, 0, all_logits=True)
    session.logits(len(ids)).astype("<f4").tofile(arguments.out)
    print(f"{len(ids)} × {peer.vocabulary} logits, {peer.version}")


if __name__ == "__main__":
    main()
