"""llama.cpp's prefill and decode rates for a model file, to put beside `cria bench --json`.

    python3 peer_rates.py --model M.gguf [--prompt 512] [--generate 128] [--depth 0]
        [--threads 1,2] [--repetitions 5] [--flash-attention auto|on|off] [--ik]

Needs the PyPI package `llama-cpp-python`, built for this CPU (or `ik-llama-cpp-python` with --ik).
As llama-bench does it: an unmeasured round first, an empty cache (or `depth` tokens) before each
repetition, tokens at random, the prompt in batches of 512, no sampling. One JSON object, rates in
tokens per second, one entry under "runs" for each thread count.
"""

import argparse
import json
import pathlib
import platform
import random
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent / "reference"))

from llama_cpp_peer import Peer  # noqa: E402

BATCH = 512


def prefill(session, ids, first=0):
    for at in range(0, len(ids), BATCH):
        session.decode(ids[at : at + BATCH], first + at)


def decode(session, ids, first=0):
    for at, token in enumerate(ids):
        session.decode([token], first + at)


def rates(session, work, ids, before, repetitions):
    """Summary of `repetitions` timed rounds of `work` over `ids` behind the tokens `before`."""
    if not ids:
        return None
    measured = []
    for round in range(repetitions + 1):
        session.forget()
        prefill(session, before)
        start = time.perf_counter()
        work(session, ids if round else ids[:16], len(before))
        if round:
            measured.append(len(ids) / (time.perf_counter() - start))
    return {
        "tokens": len(ids),
        "mean": statistics.mean(measured),
        "median": statistics.median(measured),
        "deviation": statistics.stdev(measured) if len(measured) > 1 else 0.0,
    }


def processor():
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.machine()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--prompt", type=int, default=512)
    parser.add_argument("--generate", type=int, default=128)
    parser.add_argument("--depth", type=int, default=0)
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--flash-attention", choices=("auto", "on", "off"), default="auto")
    parser.add_argument("--ik", action="store_true")
    arguments = parser.parse_args()
    peer = Peer(arguments.model, arguments.ik)
    random.seed(1)

    def tokens(count):
        return [random.randrange(peer.vocabulary) for _ in range(count)]

    before = tokens(arguments.depth)
    context = arguments.depth + max(arguments.prompt, arguments.generate)
    runs = []
    for threads in map(int, arguments.threads.split(",")):
        session = peer.session(context, BATCH, threads, arguments.flash_attention)
        run = {"threads": threads}
        for name, work, count in (
            ("prefill", prefill, arguments.prompt),
            ("decode", decode, arguments.generate),
        ):
            run[name] = rates(session, work, tokens(count), before, arguments.repetitions)
        session.close()
        runs.append(run)
    print(
        json.dumps(
            {
                "model": pathlib.Path(arguments.model).name,
                "peer": peer.version,
                "processor": processor(),
                "depth": arguments.depth,
                "flashAttention": arguments.flash_attention,
                "repetitions": arguments.repetitions,
                "runs": runs,
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
