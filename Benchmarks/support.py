"""What the measuring scripts share: where things are, and what the machine is."""

import json
import os
import pathlib
import platform
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CRIA = ROOT / ".build" / "release" / "cria"
CACHE_HOME = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
CACHE = CACHE_HOME / "cria-bench"
SMOLLM2 = "smollm2-135m-instruct-q4_1.gguf"


class Unavailable(Exception):
    """A file or a program that a measurement needs is not to be had."""


def say(text):
    print(text, file=sys.stderr, flush=True)


def stop(text):
    sys.exit(f"{pathlib.Path(sys.argv[0]).name}: {text}")


def require_cria(path=CRIA):
    if not pathlib.Path(path).exists():
        stop(f"{path} is not there: make build")


def model(name, cria=CRIA, folder=None):
    """The model file `name`: from `folder`, or the cache, where it is made when it is missing.

    `7B-q4_0` and the like are made by `cria synth`; SMOLLM2 is the default model.
    """
    file = name if name.endswith(".gguf") else f"{name}.gguf"
    for place in [folder, CACHE, CACHE_HOME / "cria-tests"]:
        if place and (pathlib.Path(place) / file).exists():
            return pathlib.Path(place) / file
    CACHE.mkdir(parents=True, exist_ok=True)
    if file == SMOLLM2:
        return pulled(cria)
    shape, kind = name.split("-", 1)
    say(f"making {file} in {CACHE}")
    run = subprocess.run(
        [cria, "synth", "--shape", shape, "--type", kind, CACHE / file],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if run.returncode:
        raise Unavailable(complaint(run.stderr))
    return CACHE / file


def complaint(text):
    """The line in which cria says what was wrong."""
    lines = text.strip().splitlines() or ["cria failed and said nothing"]
    return next((line for line in lines if line.startswith("cria: ")), lines[0])


def pulled(cria):
    """The default model, fetched into the cache as `cria pull` does it."""
    data = CACHE / "data"
    environment = {**os.environ, "XDG_DATA_HOME": str(data)}
    say("fetching the default model (98 MB)")
    subprocess.run([cria, "pull", "smollm2-135m"], env=environment, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, check=True)
    found = sorted((data / "cria" / "models").glob("*.gguf"))
    if not found:
        raise Unavailable("cria pull left no model file")
    found[0].rename(CACHE / SMOLLM2)
    return CACHE / SMOLLM2


def bench(path, *options, cria=CRIA, prefix=()):
    """The object that `cria bench --json` prints."""
    command = [*prefix, cria, "bench", "--json", "--model", path, *options]
    run = subprocess.run([str(each) for each in command], stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if run.returncode:
        raise Unavailable(complaint(run.stderr))
    return json.loads(run.stdout)


def processor():
    """The processor's name and the cores that this process may use."""
    name, family, number = platform.machine(), "", ""
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
            key, _, value = (part.strip() for part in line.partition(":"))
            if key == "model name":
                name = value
            elif key == "cpu family":
                family = f", family {value}"
            elif key == "model":
                number = f" model {value}"
    except OSError:
        pass
    return f"{name}{family}{number}, {len(os.sched_getaffinity(0))} cores"


def memory():
    gibibytes = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return f"{gibibytes:.0f} GiB"


def version(cria=CRIA):
    """The program's version and the commit of this working copy."""
    text = subprocess.run([cria, "--version"], stdout=subprocess.PIPE, text=True).stdout.strip()
    commit = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"],
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return f"{text} ({commit.stdout.strip()})" if commit.stdout.strip() else text
