"""Reference logits: raw little-endian float32, position × vocabulary.

    python3 logits.py MODEL.gguf IDS.json OUT [--float64]

IDS.json has a list under "ids" (english.json). With --float64 everything is computed in
double precision and rounded at the end: the difference is the reference's own noise.
"""

import argparse
import json
import os
import time

import numpy as np

from llama_numpy import Llama


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("ids")
    parser.add_argument("out")
    parser.add_argument("--float64", action="store_true")
    arguments = parser.parse_args()
    with open(arguments.ids) as file:
        ids = json.load(file)["ids"]
    start = time.monotonic()
    model = Llama(arguments.model, np.float64 if arguments.float64 else np.float32)
    logits = model.logits(ids)
    partial = f"{arguments.out}.{os.getpid()}.partial"
    logits.astype("<f4").tofile(partial)
    os.replace(partial, arguments.out)
    print(
        f"{logits.shape[0]} × {logits.shape[1]} logits in {time.monotonic() - start:.1f} s,"
        f" NumPy {np.__version__}"
    )


if __name__ == "__main__":
    main()
