#!/usr/bin/env python3
"""From the start of the process to the first token of the reply on standard output.

    first_token.py [--model FILE] [--tokens 30] [--runs 20] [--threads N] [--cria PROGRAM]

The default model with a prompt of 30 tokens, everything in the page cache. The clock starts before
the process is made and stops when the first byte of `cria run` arrives in a pipe.

Target: 150 ms (median).
"""

import argparse
import json
import statistics
import subprocess
import time

import support
from support import SMOLLM2, stop

WORDS = ("Once upon a time a young llama lived high on a hill above the sea and every morning it "
         "went down to the shore to look at the boats that came home with the tide").split()


def start(path, text, arguments, *options):
    command = [arguments.cria, "run", "--raw", "--temperature", "0", "--max-tokens", "2", "--model",
               path, *options, text]
    if arguments.threads:
        command[2:2] = ["--threads", arguments.threads]
    return subprocess.Popen([str(each) for each in command], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, close_fds=False,
                            bufsize=0)


def reply(path, text, arguments):
    """What `cria run --json` says."""
    output = start(path, text, arguments, "--json").communicate()[0]
    return json.loads(output) if output else stop("cria run failed")


def prompt(path, arguments):
    """A text that is a prompt of as many tokens as are asked for."""
    for length in range(1, arguments.tokens + 1):
        text = " ".join((WORDS * (length // len(WORDS) + 1))[:length])
        count = reply(path, text, arguments)["promptTokens"]
        if count >= arguments.tokens:
            break
    if count != arguments.tokens:
        stop(f"no text of {arguments.tokens} tokens for this model")
    return text


def timed(path, text, arguments):
    begin = time.perf_counter()
    process = start(path, text, arguments)
    first = process.stdout.read(1)
    seconds = time.perf_counter() - begin
    process.stdout.read()
    if process.wait() or not first:
        stop(f"cria run failed (status {process.returncode})")
    return seconds


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="another file")
    parser.add_argument("--tokens", type=int, default=30)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--cria", default=support.CRIA)
    arguments = parser.parse_args()
    support.require_cria(arguments.cria)
    path = arguments.model or support.model(SMOLLM2, arguments.cria)
    text = prompt(path, arguments)

    timed(path, text, arguments)
    seconds = [timed(path, text, arguments) for _ in range(arguments.runs)]
    last = reply(path, text, arguments)
    timings = last["timings"]
    print(f"- {support.processor()}; cria {support.version(arguments.cria)}; {last['model']}, "
          f"{arguments.tokens} tokens, {arguments.runs} runs\n")
    print("| | median | fastest | slowest | target |\n|---|---|---|---|---|")
    figures = (statistics.median(seconds), min(seconds), max(seconds))
    print("| start to first token | " + " | ".join(f"{each * 1000:.0f} ms" for each in figures)
          + " | ≤ 150 ms |")
    print(f"\nOf one more run: loading {timings['loadSeconds'] * 1000:.0f} ms, prompt to first "
          f"token {timings['firstTokenSeconds'] * 1000:.0f} ms; the rest is the process itself.")


if __name__ == "__main__":
    main()
