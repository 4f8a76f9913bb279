"""One peer with one model, as a process that measures when it is told to.

    python3 peer_worker.py llama|ik MODEL.gguf [--repack]

The two libraries define the same symbols, so each has a process of its own; `against_llama_cpp.py`
starts both and lets them and cria take turns. One JSON object a line on standard input, one a line
on standard output. The first line out is `{"version"}` or `{"error"}`. Requests:

    {"do": "rate", "work": "prefill"|"decode", "tokens": N, "depth": N, "threads": N, "flash": BOOL}
        → {"rate": tokens per second}
    {"do": "check", "threads": N}
        → {"divergence": KL in nats of the last logits of a batch of 64 from those token by token}
    {"do": "forget"}
        → {}    ends the contexts

As llama-bench does it: random tokens, an unmeasured round first, an empty cache (or `depth` tokens)
before each round, the prompt in batches of 512, no sampling.
"""

import json
import os
import pathlib
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent / "reference"))

import numpy as np  # noqa: E402
from llama_cpp_peer import Peer, PeerError  # noqa: E402

BATCH = 512


class Worker:
    def __init__(self, peer):
        self.peer = peer
        self.random = random.Random(1)
        # (context, threads, flash) → session; its `held` tokens at the start stay in the cache.
        self.sessions = {}

    def tokens(self, count):
        return [self.random.randrange(self.peer.vocabulary) for _ in range(count)]

    def session(self, context, threads, flash):
        key = (context, threads, flash)
        if key not in self.sessions:
            name = "on" if flash else "off"
            self.sessions[key] = self.peer.session(context, BATCH, threads, name)
            self.warm(self.sessions[key])
        return self.sessions[key]

    def warm(self, session):
        prefill(session, self.tokens(64), 0)
        session.forget()
        session.held = 0

    def rate(self, work, tokens, depth, threads, flash):
        session = self.session(depth + tokens, threads, flash)
        if session.held < depth:
            prefill(session, self.tokens(depth - session.held), session.held)
            session.held = depth
        function = {"prefill": prefill, "decode": decode}[work]
        ids = self.tokens(tokens)
        if work == "decode":
            # The threads are awake and the caches hold what they hold while writing.
            function(session, ids[:2], depth)
            session.truncate(depth)
        start = time.perf_counter()
        function(session, ids, depth)
        seconds = time.perf_counter() - start
        session.truncate(depth)
        return {"rate": tokens / seconds}

    def check(self, threads):
        session = self.session(64, threads, True)
        ids = self.tokens(64)
        rows = []
        for function in (prefill, decode):
            session.forget()
            function(session, ids, 0)
            rows.append(log_softmax(session.last_logits()))
        batch, single = rows
        return {"divergence": float(np.sum(np.exp(single) * (single - batch)))}

    def forget(self):
        for session in self.sessions.values():
            session.close()
        self.sessions = {}
        return {}


def log_softmax(row):
    row = row.astype(np.float64)
    row -= row.max()
    return row - np.log(np.exp(row).sum())


def prefill(session, ids, first):
    for at in range(0, len(ids), BATCH):
        session.decode(ids[at : at + BATCH], first + at)


def decode(session, ids, first):
    for at, token in enumerate(ids):
        session.decode([token], first + at)


def main():
    name, path = sys.argv[1:3]
    # Whatever the libraries print goes to standard error.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(value):
        print(json.dumps(value), file=answers, flush=True)

    try:
        peer = Peer(path, ik=name == "ik", repack="--repack" in sys.argv[3:])
        worker = Worker(peer)
    except (PeerError, ImportError, OSError) as error:
        answer({"error": str(error)})
        return
    answer({"version": peer.version})
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer(getattr(worker, request.pop("do"))(**request))
        except PeerError as error:
            answer({"error": str(error)})


if __name__ == "__main__":
    main()
