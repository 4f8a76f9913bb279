#!/usr/bin/env python3
"""What the full-screen chat costs: its rate against `cria run`, and its idling.

    full_screen.py [--model FILE] [--tokens 300] [--turns 5] [--idle 20] [--threads N]
        [--cria PROGRAM]

The chat runs in tmux, 120 × 36, in a home folder of its own. Both get the same prompt, settings and
seed, by turns, each time in a new process; the chat's rate is the one it records in its transcript,
`cria run`'s the one of --json. The replies must be the same, else the figures are not compared. Then
the last chat is left alone, and the processor time that it uses is read from its clock.

Targets: the chat writes at least 98 % as fast; idle it uses less than 0.5 % of a core.
"""

import argparse
import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

import support
from support import SMOLLM2, say, stop

PROMPT = "Write a long story about a young llama who leaves its hill to see the ocean."


class Home:
    """An empty home folder with settings that make replies repeat."""

    def __init__(self, folder, tokens):
        self.folder = pathlib.Path(folder)
        config = self.folder / ".config" / "cria"
        config.mkdir(parents=True)
        (config / "config.toml").write_text(f"[sampling]\nseed = 7\nmax-tokens = {tokens}\n")
        self.environment = {
            "HOME": folder, "PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8",
            "SHELL": "/bin/sh", "TMPDIR": folder}
        for name in ("LD_LIBRARY_PATH", "CRIA_VECTORS"):
            if name in os.environ:
                self.environment[name] = os.environ[name]

    def replies(self):
        """The finished replies in all transcripts, by transcript."""
        found = {}
        for path in (self.folder / ".local/share/cria/transcripts").glob("*.jsonl"):
            # The last line can be half written.
            for line in path.read_text(errors="replace").splitlines(keepends=True):
                if not line.endswith("\n"):
                    continue
                record = json.loads(line)
                if record.get("type") == "message" and record.get("role") == "assistant":
                    found[path.name] = record
        return found


class Chat:
    """The full-screen chat in a tmux of its own."""

    def __init__(self, home, command):
        self.home = home
        self.socket = f"cria-bench-{os.getpid()}"
        settings = home.folder / "tmux.conf"
        settings.write_text("set -g status off\nset -s escape-time 0\n"
                            "set -g default-terminal tmux-256color\n")
        self.tmux("-f", settings, "new-session", "-d", "-s", "main", "-x", 120, "-y", 36, *command)

    def tmux(self, *arguments):
        command = ["tmux", "-L", self.socket, "-u", *arguments]
        run = subprocess.run([str(each) for each in command], env=self.home.environment, text=True,
                             capture_output=True, check=False)
        if run.returncode:
            stop(f"tmux: {run.stderr.strip()}")
        return run.stdout

    @property
    def pid(self):
        return int(self.tmux("display-message", "-p", "-t", "main", "#{pane_pid}"))

    def reply(self, prompt):
        """Asks, and waits for the reply's record."""
        before = len(self.home.replies())
        # The screen takes keys once it is drawn; the model has been loaded a moment later.
        time.sleep(1.5)
        self.tmux("send-keys", "-t", "main", "-l", "--", prompt)
        self.tmux("send-keys", "-t", "main", "Enter")
        end = time.monotonic() + 600
        while len(self.home.replies()) == before:
            if time.monotonic() > end:
                stop("no reply came:\n" + self.tmux("capture-pane", "-p", "-t", "main"))
            time.sleep(0.5)
        return max(self.home.replies().items())[1]

    def close(self):
        subprocess.run(["tmux", "-L", self.socket, "kill-server"], env=self.home.environment,
                       check=False, capture_output=True)
        # Until the conversation's file is let go.
        time.sleep(0.5)


def processor_seconds(pid):
    """Time that all threads of a process have used: its CPU clock, as clock_getcpuclockid(3) has it."""
    return time.clock_gettime(~pid << 3 | 2)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="another file")
    parser.add_argument("--tokens", type=int, default=300, help="the longest reply")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--idle", type=float, default=20, help="seconds")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--cria", default=support.CRIA)
    arguments = parser.parse_args()
    support.require_cria(arguments.cria)
    path = pathlib.Path(arguments.model or support.model(SMOLLM2, arguments.cria)).resolve()
    options = ["--model", path]
    if arguments.threads:
        options += ["--threads", arguments.threads]

    with contextlib.ExitStack() as stack:
        home = Home(stack.enter_context(tempfile.TemporaryDirectory(prefix="cria-bench-")),
                    arguments.tokens)
        rates, texts, idle = {"chat": [], "run": []}, set(), []
        for turn in range(arguments.turns):
            say(f"turn {turn + 1} of {arguments.turns}")
            command = [str(each) for each in [arguments.cria, "run", "--json", *options, PROMPT]]
            run = subprocess.run(command, env=home.environment, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, text=True, check=True)
            reply = json.loads(run.stdout)
            texts.add(reply["text"])
            rates["run"].append(reply["timings"]["decodeTokensPerSecond"])

            chat = Chat(home, [arguments.cria, "chat", *options])
            try:
                record = chat.reply(PROMPT)
                texts.add(record["text"])
                rates["chat"].append(record["stats"]["decodeTokensPerSecond"])
                if turn == arguments.turns - 1:
                    say(f"idle for {arguments.idle:g} s")
                    time.sleep(3)
                    start, used = time.monotonic(), processor_seconds(chat.pid)
                    time.sleep(arguments.idle)
                    used = processor_seconds(chat.pid) - used
                    idle.append(used / (time.monotonic() - start))
            finally:
                chat.close()

    print(f"- {support.processor()}; cria {support.version(arguments.cria)}; {reply['model']}, "
          f"{len(reply['tokens'])} tokens, {arguments.turns} turns, tokens per second\n")
    if len(texts) > 1:
        print("NOT VALID: the replies differ, although the seed is the same\n")
    run, chat = (statistics.median(rates[name]) for name in ("run", "chat"))
    print("| | cria run | full screen | share | target |\n|---|---|---|---|---|")
    print(f"| median | {run:.1f} | {chat:.1f} | {chat / run:.1%} | ≥ 98 % |")
    print(f"| best | {max(rates['run']):.1f} | {max(rates['chat']):.1f} | "
          f"{max(rates['chat']) / max(rates['run']):.1%} | |")
    print("\n| | of a core | target |\n|---|---|---|")
    print(f"| idle for {arguments.idle:g} s | {idle[0]:.2%} | < 0.5 % |")


if __name__ == "__main__":
    main()
