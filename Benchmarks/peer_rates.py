"""llama.cpp's prefill and decode rates for a model file, alone or by turns with cria's.

    python3 peer_rates.py --model M.gguf [--prompt 512] [--generate 128] [--depth 0]
        [--threads 1,2] [--repetitions 5] [--flash-attention auto|on|off] [--ik]
        [--cria .build/release/cria]

Needs the PyPI package `llama-cpp-python`, built for this processor (or `ik-llama-cpp-python` with
--ik). As llama-bench does it: an unmeasured round first, an empty cache (or `depth` tokens) before
each repetition, tokens at random, the prompt in batches of 512, no sampling. With --cria, each
repetition is followed by one of `cria bench --json`, so that both see the same weather.

One JSON object, rates in tokens per second, one entry under "runs" for each thread count; "ratio"
is cria's median over the peer's.
"""

import argparse
import json
import pathlib
import platform
import random
import statistics
import subprocess
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


def rate(session, work, ids, before):
    """Tokens per second of `work` over `ids` behind the tokens `before`."""
    session.forget()
    prefill(session, before)
    start = time.perf_counter()
    work(session, ids, len(before))
    return len(ids) / (time.perf_counter() - start)


def cria_rates(arguments, threads):
    """One repetition of `cria bench`: its rates by name."""
    command = [arguments.cria, "bench", "--json", "--repetitions", "1"]
    for name in ("model", "prompt", "generate", "depth"):
        command += [f"--{name}", str(getattr(arguments, name))]
    run = subprocess.run(
        command + ["--threads", str(threads)], stdout=subprocess.PIPE, text=True, check=True
    )
    result = json.loads(run.stdout)
    return {name: result[name]["median"] for name in ("prefill", "decode") if result.get(name)}


def summary(rates, tokens):
    return {
        "tokens": tokens,
        "mean": statistics.mean(rates),
        "median": statistics.median(rates),
        "deviation": statistics.stdev(rates) if len(rates) > 1 else 0.0,
    }


def measured(peer, arguments, threads):
    """The entry of one thread count under "runs"."""

    def tokens(count):
        return [random.randrange(peer.vocabulary) for _ in range(count)]

    work = {
        "prefill": (prefill, tokens(arguments.prompt)),
        "decode": (decode, tokens(arguments.generate)),
    }
    work = {name: each for name, each in work.items() if each[1]}
    before = tokens(arguments.depth)
    context = arguments.depth + max(arguments.prompt, arguments.generate)
    session = peer.session(context, BATCH, threads, arguments.flash_attention)
    rates, ours = ({name: [] for name in work} for _ in range(2))
    for function, ids in work.values():
        rate(session, function, ids[:64], [])
    for _ in range(arguments.repetitions):
        for name, (function, ids) in work.items():
            rates[name].append(rate(session, function, ids, before))
        if arguments.cria:
            for name, value in cria_rates(arguments, threads).items():
                ours[name].append(value)
    session.close()
    run = {"threads": threads}
    for name, (_, ids) in work.items():
        run[name] = summary(rates[name], len(ids))
    if arguments.cria:
        run["cria"] = {name: summary(ours[name], len(ids)) for name, (_, ids) in work.items()}
        run["ratio"] = {name: run["cria"][name]["median"] / run[name]["median"] for name in work}
    return run


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
    parser.add_argument("--cria", help="the binary to measure by turns with llama.cpp")
    arguments = parser.parse_args()
    peer = Peer(arguments.model, arguments.ik)
    random.seed(1)
    result = {
        "model": pathlib.Path(arguments.model).name,
        "peer": peer.version,
        "processor": processor(),
        "depth": arguments.depth,
        "flashAttention": arguments.flash_attention,
        "repetitions": arguments.repetitions,
        "runs": [measured(peer, arguments, int(each)) for each in arguments.threads.split(",")],
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
