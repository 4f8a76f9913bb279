#!/usr/bin/env python3
"""What drafting gains where a reply repeats its prompt, and what it costs where it does not.

    drafting.py [--model FILE] [--runs 5] [--threads N] [--cria PROGRAM] [CASE ...]

`cria run` with --draft and with --no-draft by turns, with the same seed; the tokens of both have to
be the same. The ratio is the median over the pairs of runs.

Targets: twice the rate where a text is rewritten, never below 0.97 on fresh prose.
"""

import argparse
import json
import statistics
import subprocess

import support
from support import SMOLLM2, stop

TEXT = """\
The ship left the harbour early in the morning, when the fog was still lying over the water. \
Nobody on the pier waved, because nobody had been told that it would leave that day. The captain \
stood at the wheel and looked at the old chart that his father had given him thirty years before. \
There were seven people on board, two dogs, and a crate of oranges that somebody had forgotten to \
unload. By noon the wind had turned to the west, and the ship began to roll in the long swell of \
the open sea. The cook made a soup of beans and onions and sang a song about a girl from the north \
who waited for a sailor. In the evening they saw the light of the island, a small white star above \
the dark line of the horizon."""
REWRITE = ('Rewrite this text with the word "ship" changed to "boat" and everything else the same:'
           "\n\n" + TEXT)
GREEDY = ["--temperature", "0", "--repeat-penalty", "1"]
CASES = {
    "rewrite": (REWRITE, GREEDY, 2.0),
    "rewrite, drawn": (REWRITE, ["--seed", "5", "--repeat-penalty", "1"], None),
    "story": ("Tell me a story about a fox.", ["--seed", "3"], 0.97),
    "letter": ("Write a letter to my aunt in Sweden about my new dog.", ["--seed", "11"], 0.97),
    "history": ("What were the causes of the French Revolution?", ["--seed", "12"], 0.97),
    "about the text": (TEXT + "\n\nWhat could happen next? Tell it in your own words.",
                       ["--seed", "4"], 0.97),
}


def reply(path, name, draft, arguments):
    text, options, _ = CASES[name]
    command = [arguments.cria, "run", "--json", "--model", path, "--max-tokens", "200",
               "--draft" if draft else "--no-draft", *options, text]
    if arguments.threads:
        command[2:2] = ["--threads", arguments.threads]
    run = subprocess.run([str(each) for each in command], stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if run.returncode:
        stop(support.complaint(run.stderr))
    return json.loads(run.stdout)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="another file")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--cria", default=support.CRIA)
    parser.add_argument("case", nargs="*", metavar="CASE", help=", ".join(CASES))
    arguments = parser.parse_args()
    for name in arguments.case:
        if name not in CASES:
            stop(f"no case {name!r}; there are: {', '.join(CASES)}")
    support.require_cria(arguments.cria)
    path = arguments.model or support.model(SMOLLM2, arguments.cria)

    print(f"- {support.processor()}; cria {support.version(arguments.cria)}; {arguments.runs} pairs\n")
    print("| | tokens | without | with drafts | ratio | drafted | accepted | target |")
    print("|---|---|---|---|---|---|---|---|")
    for name in arguments.case or CASES:
        rates = {False: [], True: []}
        tokens = None
        for turn in range(arguments.runs):
            for draft in (False, True) if turn % 2 == 0 else (True, False):
                last = reply(path, name, draft, arguments)
                if tokens not in (None, last["tokens"]):
                    stop(f"{name}: the tokens are not the same with drafts as without")
                tokens = last["tokens"]
                rates[draft].append(last["timings"]["decodeTokensPerSecond"])
        ratio = statistics.median(b / a for a, b in zip(rates[False], rates[True]))
        without, drafted = (f"{statistics.median(rates[draft]):.0f}" for draft in (False, True))
        target = CASES[name][2]
        print(f"| {name} | {len(tokens)} | {without} | {drafted} | {ratio:.2f} "
              f"| {last['drafting']['proposed']} | {last['drafting']['accepted']} "
              f"| {f'≥ {target}' if target else ''} |", flush=True)


if __name__ == "__main__":
    main()
