"""How far the logits in one file are from those in another.

    python3 compare.py REFERENCE OTHER [--vocabulary N] [--json]

Both are raw little-endian float32, position × vocabulary. Prints the mean, median, 99th percentile
and maximum of KL(reference ‖ other) in nats over the positions, and the share of positions
with the same most likely token. Log-softmax in float64.
"""

import argparse
import json
import sys

import numpy as np


def log_softmax(logits):
    logits = logits.astype(np.float64)
    logits -= logits.max(axis=-1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def divergence(reference, other, block=64):
    """Figures for two arrays of logits, (position, vocabulary)."""
    kl = []
    for at in range(0, len(reference), block):
        p, q = log_softmax(reference[at : at + block]), log_softmax(other[at : at + block])
        kl.append((np.exp(p) * (p - q)).sum(axis=-1))
    kl = np.concatenate(kl)
    return {
        "positions": len(kl),
        "meanKL": float(kl.mean()),
        "medianKL": float(np.median(kl)),
        "kl99": float(np.percentile(kl, 99)),
        "maxKL": float(kl.max()),
        "sameTop": float((reference.argmax(axis=-1) == other.argmax(axis=-1)).mean()),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("reference")
    parser.add_argument("other")
    parser.add_argument("--vocabulary", type=int, default=49152)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    files = []
    for path in (arguments.reference, arguments.other):
        values = np.fromfile(path, dtype="<f4")
        if len(values) == 0 or len(values) % arguments.vocabulary:
            sys.exit(f"{path}: {len(values)} values are not rows of {arguments.vocabulary}")
        if not np.isfinite(values).all():
            sys.exit(f"{path}: not all values are finite")
        files.append(values.reshape(-1, arguments.vocabulary))
    if files[0].shape != files[1].shape:
        sys.exit(f"{len(files[0])} positions in one file, {len(files[1])} in the other")
    result = divergence(*files)
    if arguments.json:
        print(json.dumps(result))
    else:
        print(
            "positions {positions}  mean KL {meanKL:.3e}  median {medianKL:.3e}  "
            "99% {kl99:.3e}  max {maxKL:.3e}  same top {sameTop:.2%}".format(**result)
        )


if __name__ == "__main__":
    main()
