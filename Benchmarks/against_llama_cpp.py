#!/usr/bin/env python3
"""cria's rates beside llama.cpp's and ik_llama.cpp's, as one table in Markdown.

    against_llama_cpp.py [--only smollm2,7B] [--threads 1,2] [--repetitions 3] [--list]
        [--python ENVIRONMENT/bin/python] [--models FOLDER] [--cria PROGRAM] [--no-ik] [--ik-repack]

The first start installs llama.cpp (PyPI's llama-cpp-python, compiled for this processor: about 20
minutes on two cores) and ik_llama.cpp (ik-llama-cpp-python, a ready wheel) into an environment of
their own, and makes the model files (10 GB) with `cria synth`, all in ~/.cache/cria-bench.
--python, or CRIA_BENCH_PYTHON, names an environment that has both packages and numpy; --models a
folder with files made before. --only keeps the rows whose name contains one of the words (--list shows them).

All contestants take turns within a row: one measured round each, and again, so that what else
happens on the machine happens to all; the cells are medians. The peers keep their model loaded in a
process of its own, with F16 keys and values, batches of 512, flash attention on and off: the better
setting counts (one that is 30 % behind in the first round is not measured again). cria is `cria
bench`, as it comes. All measure the same: random tokens, one unmeasured round first, no sampling;
"@ d6000": with 6,000 tokens in the cache before.

"of limit" is cria's rate as a share of what the machine allows, measured by `cria bench` in the same
rounds with the same threads: prefill, multiplications with weights of the best 8-bit multiply rate;
decode, weights read of the best read rate; at depth, weights and keys and values read of it.

The peers are idle while others have their turn, but all three hold the model: the largest one wants
12 GB of memory. Raw figures are left in ~/.cache/cria-bench/against_llama_cpp.json.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time

import support
from support import CACHE, SMOLLM2, Unavailable, say, stop

LLAMA = "llama-cpp-python==0.3.36"
IK = "ik-llama-cpp-python==0.1.5"
# Logits of a batch that are further than this from those made token by token are wrong: rounding
# alone gives a hundredth of it.
DIVERGENCE_LIMIT = 0.1


@dataclasses.dataclass(frozen=True)
class Row:
    """One line of the table, for each number of threads."""

    file: str
    work: str
    tokens: int
    depth: int = 0
    # The ratio to llama.cpp that the project has set itself.
    target: float | None = None
    # Only measured when --only names it.
    is_extra: bool = False

    @property
    def model(self):
        return "smollm2-q4_1" if self.file == SMOLLM2 else self.file

    @property
    def test(self):
        name = {"prefill": "pp", "decode": "tg"}[self.work] + str(self.tokens)
        return f"{name} @ d{self.depth}" if self.depth else name

    @property
    def name(self):
        return f"{self.model} {self.test}"


ROWS = [
    Row(SMOLLM2, "prefill", 512, target=5),
    Row(SMOLLM2, "decode", 128, target=2),
    Row(SMOLLM2, "decode", 64, 6000, target=3),
    Row("7B-q4_0", "prefill", 512, target=2),
    Row("7B-q4_0", "decode", 64, target=1.05),
]
for kind in ["q4_K", "q5_K", "q6_K", "q8_0", "q4_0", "q4_1", "q5_0", "q5_1", "f16", "bf16", "f32"]:
    aimed = kind in ("q4_K", "q5_K", "q6_K", "q8_0")
    extra = kind in ("f16", "bf16", "f32")
    ROWS.append(Row(f"1B-{kind}", "prefill", 512, target=1.5 if aimed else None, is_extra=extra))
    ROWS.append(Row(f"1B-{kind}", "decode", 128, target=1.1 if aimed else None, is_extra=extra))


# --- The peers


def environment(named, with_ik):
    """The Python that has the peers; installs them where none is named."""
    if named:
        if not pathlib.Path(named).exists():
            stop(f"{named} is not there")
        return named
    folder = CACHE / "env"
    python = folder / "bin" / "python"
    stamp = folder / "installed"
    wanted = [LLAMA] + ([IK] if with_ik else [])
    done = stamp.read_text().split() if stamp.exists() else []
    missing = [each for each in wanted if each not in done and f"!{each}" not in done]
    if not missing:
        return python
    CACHE.mkdir(parents=True, exist_ok=True)
    log = CACHE / "install.log"
    with open(log, "w") as output:

        def run(*command, **more):
            settings = {**os.environ, **more}
            return subprocess.run(command, env=settings, stdin=subprocess.DEVNULL, stdout=output,
                                  stderr=subprocess.STDOUT).returncode == 0

        pip = (python, "-m", "pip", "install", "--disable-pip-version-check")
        if not python.exists() and not run(sys.executable, "-m", "venv", folder):
            stop(f"no virtual environment in {folder} (details: {log}): is python3-venv there?")
        if not run(*pip, "numpy"):
            stop(f"numpy cannot be installed (details: {log})")
        if LLAMA in missing:
            say(f"building {LLAMA} for this processor: about 20 minutes on two cores")
            package = LLAMA.split("=")[0]
            if not run(*pip, "--no-binary", package, LLAMA, CMAKE_ARGS="-DGGML_NATIVE=ON"):
                stop(f"{LLAMA} cannot be built (details: {log}): it wants a C and a C++ compiler")
            done.append(LLAMA)
            stamp.write_text("\n".join(done))
        if IK in missing:
            # Without it there is still a table; `!` remembers not to try each time.
            ready = run(*pip, "--only-binary", IK.split("=")[0], IK)
            done.append(IK if ready else f"!{IK}")
    stamp.write_text("\n".join(done))
    return python


class PeerProcess:
    """A peer with a model loaded (see peer_worker.py), or the note why there is none."""

    def __init__(self, python, name, path, repack=False):
        self.name, self.note, self.version = name, None, None
        command = [python, pathlib.Path(__file__).parent / "peer_worker.py", name, path]
        self.process = subprocess.Popen(
            [str(each) for each in command + (["--repack"] if repack else [])], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.version = self.answer().get("version")

    @property
    def title(self):
        return self.version or {"llama": "llama.cpp", "ik": "ik_llama.cpp"}[self.name]

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            self.note = f"ended unexpectedly (status {self.process.wait()})"
            return {}
        value = json.loads(line)
        if "error" in value:
            self.note = value["error"]
        return value

    def ask(self, **request):
        """The answer; empty once there is a note."""
        if self.note:
            return {}
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
        except OSError:
            pass
        return self.answer()

    def close(self):
        try:
            self.process.stdin.close()
        except OSError:
            pass
        self.process.wait()


# --- One row


class Contestant:
    """A program with one setting, and what it reached."""

    def __init__(self, name, setting, measure):
        self.name, self.setting, self.measure = name, setting, measure
        self.rates = []
        self.is_out = False


def turns(contestants, repetitions):
    """Rounds in which each has its turn; the first to go changes from round to round."""
    for round in range(repetitions):
        place = round % len(contestants)
        for each in contestants[place:] + contestants[:place]:
            if each.is_out:
                continue
            # Threads that still spin for the one before would be measured.
            time.sleep(0.5)
            rate = each.measure()
            if rate is None:
                each.is_out = True
            else:
                each.rates.append(rate)
        if round == 0:
            for each in contestants:
                same = [max(other.rates) for other in contestants
                        if other.name == each.name and other.rates]
                if each.rates and max(each.rates) < 0.7 * max(same):
                    each.is_out = True


def best(contestants, name):
    """The setting of `name` with the highest median, and that; None where nothing was measured."""
    found = [(statistics.median(each.rates), each) for each in contestants
             if each.name == name and each.rates]
    return max(found, key=lambda pair: pair[0], default=None)


class Limits:
    """The best read and multiply rates of all calls of `cria bench` with as many threads."""

    def __init__(self):
        self.read = {}  # (file, threads) → bytes a second
        self.multiply = {}  # threads → products a second
        self.vectors = set()

    def take(self, file, threads, result):
        limits = result["limits"]
        key = (file, threads)
        self.read[key] = max(self.read.get(key, 0), limits["readBytesPerSecond"])
        self.multiply[threads] = max(self.multiply.get(threads, 0), limits["int8MACsPerSecond"])
        self.vectors.add(result["vectors"])

    def share(self, row, threads, rate, work):
        if row.work == "prefill":
            return rate * work["promptMACsPerToken"] / self.multiply[threads]
        size = work["weightBytesPerToken"] + (work["cacheBytesPerToken"] if row.depth else 0)
        return rate * size / self.read[row.file, threads]


def measured(row, threads, path, peers, limits, arguments):
    """The row's figures for one number of threads."""
    work = {}

    def ours():
        amount = {"prefill": "--prompt", "decode": "--generate"}
        none = {"prefill": "--generate", "decode": "--prompt"}
        result = support.bench(
            path, amount[row.work], row.tokens, none[row.work], 0, "--depth", row.depth,
            "--threads", threads, "--repetitions", 1, cria=arguments.cria)
        limits.take(row.file, threads, result)
        work.update(result["work"])
        return result[row.work]["median"]

    contestants = [Contestant("cria", "", ours)]
    for peer in peers:
        for flash in (True, False):
            def theirs(peer=peer, flash=flash):
                return peer.ask(do="rate", work=row.work, tokens=row.tokens, depth=row.depth,
                                threads=threads, flash=flash).get("rate")
            contestants.append(Contestant(peer.name, "fa" if flash else "", theirs))
    turns(contestants, arguments.repetitions)
    for peer in peers:
        peer.ask(do="forget")
    result = {"model": row.model, "file": row.file, "test": row.test, "threads": threads}
    result["rates"] = {f"{each.name} {each.setting}".strip(): each.rates for each in contestants}
    for name in ["cria"] + [peer.name for peer in peers]:
        if found := best(contestants, name):
            result[name] = {"median": found[0], "setting": found[1].setting}
    result["work"] = work
    return result


# --- The table


def figure(rate):
    return f"{rate:,.0f}" if rate >= 1000 else f"{rate:.1f}" if rate >= 10 else f"{rate:.2f}"


def cells(row, result, limits, wrong):
    ours = result["cria"]["median"]
    share = limits.share(row, result["threads"], ours, result["work"])
    line = [row.model, str(result["threads"]), row.test, figure(ours)]
    for name in ("llama", "ik"):
        theirs = result.get(name)
        if not theirs:
            line += ["", ""]
            continue
        is_wrong = row.work == "prefill" and (name, row.file) in wrong
        setting = f" {theirs['setting']}" if theirs["setting"] else ""
        line.append(figure(theirs["median"]) + setting + (" †" if is_wrong else ""))
        line.append(f"{ours / theirs['median']:.2f}×")
        if name == "llama":
            line[-1] += f" (≥ {row.target:g})" if row.target else ""
    return line + [f"{share * 100:.0f} %"]


def table(lines):
    head = ["model", "threads", "test", "cria", "llama.cpp", "ratio", "ik_llama.cpp", "ratio",
            "of limit"]
    widths = [max(len(line[at]) for line in [head] + lines) for at in range(len(head))]

    def text(line):
        return "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |"

    return [text(head), text(["-" * width for width in widths])] + [text(line) for line in lines]


def header(limits, versions, arguments):
    lines = [
        f"{time.strftime('%-d %B %Y', time.gmtime())}; {support.processor()}, {support.memory()} "
        f"of memory, {platform.system()} {platform.release()}",
        f"cria {support.version(arguments.cria)}, vectors {', '.join(sorted(limits.vectors))}; "
        + "; ".join(versions),
    ]
    for threads in sorted(limits.multiply):
        read = [rate for (_, count), rate in limits.read.items() if count == threads]
        lines.append(
            f"limits with {threads} thread{'s' if threads > 1 else ''}: "
            f"{max(read) / 1e9:.1f} GB/s read, {limits.multiply[threads] / 1e9:.0f} GMAC/s")
    lines.append(f"tokens per second, medians of {arguments.repetitions}; fa: with flash attention")
    return lines


# --- All of it


def chosen(only):
    if not only:
        return [row for row in ROWS if not row.is_extra]
    words = [word.strip().lower() for word in only.split(",") if word.strip()]
    rows = [row for row in ROWS if any(word in row.name.lower() for word in words)]
    return rows or stop(f"no row is called {only}: --list shows them")


def run_model(file, rows, python, arguments, state):
    """All rows of one model file."""
    limits, results, notes, wrong, versions = state
    try:
        path = support.model(file, arguments.cria, arguments.models)
    except Unavailable as error:
        notes.append(f"{file}: {error}")
        return
    names = ["llama"] + ([] if arguments.no_ik else ["ik"])
    peers = [PeerProcess(python, name, path, name == "ik" and arguments.ik_repack)
             for name in names]
    try:
        for peer in peers:
            if peer.version and peer.version not in versions:
                versions.append(peer.version)
            divergence = peer.ask(do="check", threads=arguments.threads[-1]).get("divergence", 0)
            # Not below, so that "not a number" counts as wrong.
            if not divergence < DIVERGENCE_LIMIT:
                wrong.add((peer.name, file))
                notes.append(
                    f"† {peer.version} computes batches of {rows[0].model} wrongly: after one "
                    f"of 64 its logits are {divergence:.2g} nats from its own token by token")
        for threads in arguments.threads:
            for row in rows:
                say(f"{row.name}, {threads} thread{'s' if threads > 1 else ''}")
                try:
                    result = measured(row, threads, path, peers, limits, arguments)
                except Unavailable as error:
                    notes.append(f"{row.name}: {error}")
                    continue
                results.append((row, result))
                say("  " + ", ".join(
                    f"{name} {figure(statistics.median(rates))}"
                    for name, rates in result["rates"].items() if rates))
    finally:
        for peer in peers:
            peer.close()
            if peer.note:
                notes.append(f"{peer.title}, {rows[0].model}: {peer.note}")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help="parts of rows' names, separated by commas")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--python", default=os.environ.get("CRIA_BENCH_PYTHON"))
    parser.add_argument("--models", help="a folder to look for model files in first")
    parser.add_argument("--cria", default=support.CRIA)
    parser.add_argument("--no-ik", action="store_true", help="llama.cpp only")
    parser.add_argument("--ik-repack", action="store_true",
                        help="let ik_llama.cpp keep a second, interleaved copy of the weights")
    parser.add_argument("--list", action="store_true", help="print the rows' names")
    arguments = parser.parse_args()
    rows = chosen(arguments.only)
    if arguments.list:
        print("\n".join(row.name for row in rows))
        return
    arguments.threads = [int(each) for each in arguments.threads.split(",")]
    support.require_cria(arguments.cria)
    python = environment(arguments.python, not arguments.no_ik)

    limits, results, notes, wrong, versions = state = (Limits(), [], [], set(), [])
    try:
        for file in dict.fromkeys(row.file for row in rows):
            run_model(file, [row for row in rows if row.file == file], python, arguments, state)
    except KeyboardInterrupt:
        notes.append("stopped before the end")
    if not results:
        stop("; ".join(notes) or "nothing was measured")
    CACHE.mkdir(parents=True, exist_ok=True)
    raw = {"results": [result for _, result in results], "notes": notes, "versions": versions}
    (CACHE / "against_llama_cpp.json").write_text(json.dumps(raw, indent=1))
    print("\n".join(f"- {line}" for line in header(limits, versions, arguments)) + "\n")
    print("\n".join(table([cells(row, result, limits, wrong) for row, result in results])))
    if notes:
        print("\n" + "\n".join(f"- {note}" for note in notes))


if __name__ == "__main__":
    main()
