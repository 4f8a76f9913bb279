#!/usr/bin/env python3
"""LLaMA 7B Q4_0 with a context of 512 in 4 GiB of memory, against its rate without the cap.

    memory_cap.py [--model 7B-q4_0] [--gibibytes 4] [--turns 2] [--repetitions 2] [--threads N]
        [--cria PROGRAM]

The cap is a control group of its own below this process's (version 1 or 2), or a scope of
systemd-run where the groups cannot be written. Pages of a file count in the group that reads them
first, so the file is thrown out of the page cache before and read anew inside; that this happened is
checked. A file that another program has mapped cannot be thrown out: this uses its own copy in
~/.cache/cria-bench. With and without the cap take turns; the rates are medians.

Targets: capped at least 90 % of uncapped; peak memory at most file + keys and values + 150 MB.
"""

import argparse
import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import time

import support
from support import say, stop

CONTEXT = 512
WRITTEN = 64


class Group:
    """A control group with a limit, or systemd's stand-in for one."""

    def __init__(self, folder, limit):
        self.folder, self.limit = folder, limit

    @property
    def prefix(self):
        if not self.folder:
            return ["systemd-run", "--quiet", "--scope", "-p", f"MemoryMax={self.limit}", "-p",
                    "MemorySwapMax=0"]
        join = 'echo $$ >"$0/cgroup.procs" && exec "$@"'
        return ["sh", "-c", join, str(self.folder)]

    def value(self, *names):
        """The first of the files that is there, as a number."""
        for name in names:
            if self.folder and (self.folder / name).exists():
                return int((self.folder / name).read_text())
        return None

    @property
    def peak(self):
        return self.value("memory.peak", "memory.max_usage_in_bytes")

    @property
    def pages(self):
        """Bytes of files' pages that count in the group."""
        if not self.folder:
            return None
        lines = (self.folder / "memory.stat").read_text().splitlines()
        stat = dict(line.split() for line in lines)
        return int(stat.get("file", stat.get("cache", 0)))


def candidates():
    """Folders of memory control groups in which a new one may be made, this process's first."""
    for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if "memory" in controllers.split(","):
            yield pathlib.Path("/sys/fs/cgroup/memory" + path), "memory.limit_in_bytes"
    for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines():
        number, controllers, path = line.split(":", 2)
        if number == "0" and not controllers:
            own = pathlib.Path("/sys/fs/cgroup" + path)
            for folder in [own, own.parent, pathlib.Path("/sys/fs/cgroup")]:
                yield folder, "memory.max"


@contextlib.contextmanager
def capped(limit):
    for parent, name in candidates():
        folder = parent / f"cria-cap-{os.getpid()}"
        try:
            folder.mkdir()
        except OSError:
            continue
        try:
            # A group without the memory controller has no such file.
            if not (folder / name).exists():
                continue
            (folder / name).write_text(str(limit))
            if (folder / "memory.swap.max").exists():
                (folder / "memory.swap.max").write_text("0")
            yield Group(folder, limit)
            return
        finally:
            remove(folder)
    found = subprocess.run(["sh", "-c", "command -v systemd-run && test -d /run/systemd/system"],
                           stdout=subprocess.DEVNULL, check=False)
    if found.returncode:
        stop("no memory cap here: the control groups cannot be written, and systemd does not run")
    yield Group(None, limit)


def remove(folder):
    """A group whose last process has just ended can be busy for a moment."""
    for _ in range(50):
        try:
            folder.rmdir()
            return
        except OSError:
            time.sleep(0.1)
    say(f"{folder} could not be removed")


def forget(path):
    """Throws the file out of the page cache."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)


def measured(path, arguments, prefix=()):
    """What `cria bench` measures, and the most memory it had in use (VmHWM)."""
    command = [*prefix, arguments.cria, "bench", "--json", "--model", path, "--prompt", CONTEXT,
               "--generate", WRITTEN, "--repetitions", arguments.repetitions]
    if arguments.threads:
        command += ["--threads", arguments.threads]
    process = subprocess.Popen([str(each) for each in command], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, text=True)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        stop(f"cria bench failed (status {process.returncode})")
    return json.loads(output), usage.ru_maxrss * 1024


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="7B-q4_0", help="a shape and a type, or a file's path")
    parser.add_argument("--gibibytes", type=float, default=4)
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--repetitions", type=int, default=2)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--cria", default=support.CRIA)
    arguments = parser.parse_args()
    support.require_cria(arguments.cria)
    given = pathlib.Path(arguments.model)
    path = given if given.is_file() else support.model(arguments.model, arguments.cria)
    size = path.stat().st_size

    free, tight, group_peaks, is_valid = [], [], [], True
    for turn in range(arguments.turns):
        say(f"turn {turn + 1} of {arguments.turns}: uncapped")
        free.append(measured(path, arguments))
        say(f"turn {turn + 1} of {arguments.turns}: capped")
        with capped(int(arguments.gibibytes * 2**30)) as group:
            forget(path)
            tight.append(measured(path, arguments, group.prefix))
            if group.peak is not None:
                group_peaks.append(group.peak)
            # Nearly the whole file, or as much of it as fits.
            expected = 0.9 * min(size, 0.9 * group.limit)
            is_valid = is_valid and (group.pages is None or group.pages >= expected)

    # The mean token sees half of those written and its own position.
    first = free[0][0]
    per_position = first["work"]["cacheBytesPerToken"] / ((WRITTEN + 1) / 2)
    allowed = size + CONTEXT * per_position + 150e6
    print(f"- {support.processor()}; cria {support.version(arguments.cria)}; {path.name}, "
          f"{size / 1e9:.2f} GB, context {CONTEXT}, {first['threads']} threads, "
          f"cap {arguments.gibibytes:g} GiB\n")
    print("| | uncapped | capped | share | target |\n|---|---|---|---|---|")
    for work, name in (("prefill", f"pp{CONTEXT}"), ("decode", f"tg{WRITTEN}")):
        loose, hard = (statistics.median(result[work]["median"] for result, _ in results)
                       for results in (free, tight))
        print(f"| {name} | {loose:.2f} | {hard:.2f} | {hard / loose:.1%} | ≥ 90 % |")
    peaks = [max(peak for _, peak in results) / 1e6 for results in (free, tight)]
    print(f"| peak memory (VmHWM) | {peaks[0]:.0f} MB | {peaks[1]:.0f} MB | "
          f"| ≤ {allowed / 1e6:.0f} MB |")
    if group_peaks:
        print(f"| peak of the group, page cache included | | {max(group_peaks) / 1e6:.0f} MB | | |")
    if not is_valid:
        print("\nNOT VALID: most of the file counted outside the group; something else has it in "
              "use")


if __name__ == "__main__":
    main()
