"""Where does the KL of 8-bit activations come from? Simulated in the NumPy model.

    python3 activation_rounding.py MODEL.gguf IDS.json [-o TABLE]

Rounds the input of chosen matrices the way an integer kernel would (blocks of 32 along the row, one
scale each, largest magnitude / 127), leaves all else in float32, and prints the KL divergence from
the run without any rounding. It guided which roundings the engine can afford.
"""

import argparse
import json

import numpy as np

from compare import divergence
from llama_numpy import Llama

MATRICES = ("qkv", "attn_output", "gate_up", "down", "output")
CANDIDATES = np.linspace(0.98, 1.02, 17, dtype=np.float32)


def rounded(x, block=32, levels=127, half_scale=False, search=False):
    """x with each block replaced by scale · integer."""
    blocks = x.reshape(-1, block)
    largest = np.abs(blocks).max(axis=-1, keepdims=True)
    best = best_error = None
    for factor in CANDIDATES if search else (np.float32(1),):
        scale = largest * factor / levels
        inverse = np.divide(1, scale, out=np.zeros_like(scale), where=scale > 0)
        integers = np.clip(np.rint(blocks * inverse), -levels, levels)
        if half_scale:
            scale = scale.astype(np.float16).astype(np.float32)
        values = integers * scale
        if not search:
            return values.reshape(x.shape)
        error = np.square(values - blocks).sum(axis=-1, keepdims=True)
        if best is None:
            best, best_error = values, error
        else:
            best = np.where(error < best_error, values, best)
            best_error = np.minimum(error, best_error)
    return best.reshape(x.shape)


def centred(x, block=32):
    """Rounding over each block's own range (255 steps) around its middle: scale, and an offset."""
    blocks = x.reshape(-1, block)
    low, high = blocks.min(axis=-1, keepdims=True), blocks.max(axis=-1, keepdims=True)
    middle, scale = (low + high) / 2, (high - low) / 254
    inverse = np.divide(1, scale, out=np.zeros_like(scale), where=scale > 0)
    return (middle + np.rint((blocks - middle) * inverse) * scale).reshape(x.shape)


def half(x):
    return x.astype(np.float16).astype(np.float32)


def plan(**how):
    """A rounding function out of role=function; other roles stay exact."""
    return lambda role, values: how[role](values) if role in how else values


def only(roles, **options):
    return {role: lambda x: rounded(x, **options) for role in roles}


def cases():
    int16 = {"levels": 32767}
    cache = {"key": half, "value": half}
    yield "int8, all matrices", only(MATRICES)
    for role in MATRICES:
        yield f"int8, {role} alone", only([role])
    yield "KV in F16 alone", cache
    yield "KV, query, probabilities in F16 alone", cache | {"query": half, "probabilities": half}
    yield "int8, all matrices, KV in F16", only(MATRICES) | cache
    yield "as llama.cpp: int8, F16 scales, all of attention F16", only(
        MATRICES, half_scale=True
    ) | cache | {"query": half, "probabilities": half}
    yield "int8, all, F16 scales", only(MATRICES, half_scale=True)
    yield "int8, all, blocks of 16", only(MATRICES, block=16)
    yield "int8, all, blocks of 8", only(MATRICES, block=8)
    yield "int8, all, least-squares scale", only(MATRICES, search=True)
    yield "int8, all but output; output int16", only(MATRICES) | only(["output"], **int16)
    yield "int8, all but down; down int16", only(MATRICES) | only(["down"], **int16)
    yield "int8, all but down and output; these int16", only(MATRICES) | only(
        ["down", "output"], **int16
    )
    yield "int8, all but qkv; qkv int16", only(MATRICES) | only(["qkv"], **int16)
    yield "int8, all but gate_up; gate_up int16", only(MATRICES) | only(["gate_up"], **int16)
    yield "int8, all but attn_output; attn_output int16", only(MATRICES) | only(
        ["attn_output"], **int16
    )
    yield "int8, all but qkv and output; these int16", only(MATRICES) | only(
        ["qkv", "output"], **int16
    )
    yield "int8, all but qkv, down and output; these int16", only(MATRICES) | only(
        ["qkv", "down", "output"], **int16
    )
    ranged = {role: centred for role in MATRICES}
    yield "int8 with an offset (each block's own range), all", ranged
    yield "the same, but output int16", ranged | only(["output"], **int16)
    yield "the same, but qkv and output int16", ranged | only(["qkv", "output"], **int16)
    yield "offset for qkv and gate_up, symmetric for the others", only(MATRICES) | {
        role: centred for role in ("qkv", "gate_up")
    }
    yield "offset for qkv and gate_up, output int16, others symmetric", only(MATRICES) | {
        role: centred for role in ("qkv", "gate_up")
    } | only(["output"], **int16)
    yield "offset for qkv, gate_up and output, symmetric for the others", only(MATRICES) | {
        role: centred for role in ("qkv", "gate_up", "output")
    }
    yield "offset for output alone, symmetric for the others", only(MATRICES) | {"output": centred}
    yield "offset for qkv alone, output int16, others symmetric", only(MATRICES) | {
        "qkv": centred
    } | only(["output"], **int16)
    yield "int8, all, blocks of 16; output int16", only(MATRICES, block=16) | only(
        ["output"], **int16
    )
    yield "int16, all matrices, KV in F16", only(MATRICES, **int16) | cache


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("ids")
    parser.add_argument("-o", "--output", help="append the lines to this file too")
    parser.add_argument("--only", default="", help="only the cases with this in their name")
    arguments = parser.parse_args()
    with open(arguments.ids) as file:
        ids = json.load(file)["ids"]
    model = Llama(arguments.model)
    exact = model.logits(ids)
    table = open(arguments.output, "a") if arguments.output else None
    for name, how in cases():
        if arguments.only not in name:
            continue
        result = divergence(exact, model.logits(ids, plan(**how)))
        line = (
            f"{name:55} mean KL {result['meanKL']:.2e}  99% {result['kl99']:.2e}"
            f"  same top {result['sameTop']:.2%}"
        )
        for out in (None, table) if table else (None,):
            print(line, file=out, flush=True)


if __name__ == "__main__":
    main()
