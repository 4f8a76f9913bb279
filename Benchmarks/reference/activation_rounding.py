"""Where does the KL of 8-bit activations come from? Simulated in the NumPy model.

    python3 activation_rounding.py MODEL.gguf IDS.json [--only TEXT]

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
    """(name, what to do to the input of which matrices); the rest stays exact."""
    wide = {"levels": 32767}
    cache = {"key": half, "value": half}
    attention = cache | {"query": half, "probabilities": half}
    ranged = {role: centred for role in MATRICES}

    def chosen(roles):
        return {role: ranged[role] for role in roles}

    yield "all int8", only(MATRICES)
    for role in MATRICES:
        yield f"{role} int8, the rest exact", only([role])
    yield "cache F16", cache
    yield "cache, query and probabilities F16", attention
    yield "all int8, cache F16", only(MATRICES) | cache
    yield "all int8 with F16 scales, attention F16 (llama.cpp)", only(
        MATRICES, half_scale=True
    ) | attention
    yield "all int8, least-squares scale", only(MATRICES, search=True)
    yield "all int8, blocks of 16", only(MATRICES, block=16)
    yield "all int8, blocks of 8", only(MATRICES, block=8)
    for wider in (["output"], ["qkv"], ["gate_up"], ["down"], ["attn_output"]):
        yield f"all int8, but {wider[0]} int16", only(MATRICES) | only(wider, **wide)
    yield "all int8, but down and output int16", only(MATRICES) | only(["down", "output"], **wide)
    yield "all int8, but qkv and output int16", only(MATRICES) | only(["qkv", "output"], **wide)
    yield "all int8, but qkv, down and output int16", only(MATRICES) | only(
        ["qkv", "down", "output"], **wide
    )
    yield "all int8, blocks of 16; output int16", only(MATRICES, block=16) | only(
        ["output"], **wide
    )
    yield "all int8 with an offset", ranged
    yield "all int8 with an offset, but output int16", ranged | only(["output"], **wide)
    yield "all int8 with an offset, but qkv and output int16", ranged | only(
        ["qkv", "output"], **wide
    )
    yield "all int8, output with an offset", only(MATRICES) | chosen(["output"])
    yield "all int8, qkv and gate_up with an offset", only(MATRICES) | chosen(["qkv", "gate_up"])
    yield "all int8, qkv, gate_up and output with an offset", only(MATRICES) | chosen(
        ["qkv", "gate_up", "output"]
    )
    yield "all int8, qkv and gate_up with an offset, output int16", only(MATRICES) | chosen(
        ["qkv", "gate_up"]
    ) | only(["output"], **wide)
    yield "all int16, cache F16", only(MATRICES, **wide) | cache


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("ids")
    parser.add_argument("--only", default="", help="only the cases with this in their name")
    arguments = parser.parse_args()
    with open(arguments.ids) as file:
        ids = json.load(file)["ids"]
    model = Llama(arguments.model)
    exact = model.logits(ids)
    for name, how in cases():
        if arguments.only not in name:
            continue
        result = divergence(exact, model.logits(ids, plan(**how)))
        print(
            f"{name:54} mean KL {result['meanKL']:.2e}  99% {result['kl99']:.2e}"
            f"  same top {result['sameTop']:.1%}",
            flush=True,
        )


if __name__ == "__main__":
    main()
