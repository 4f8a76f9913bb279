"""Writes Tests/KernelTests/Fixtures/blocks.json: blocks of every type and their values.

The values come from the `gguf` package's dequantizers and quantizers (NumPy), which share no
code with this project. Needs the PyPI packages numpy and gguf:

    python3 Benchmarks/reference/blocks.py > Tests/KernelTests/Fixtures/blocks.json

Everything is seeded: the same packages give the same file. Bytes are hexadecimal; values are
the bit patterns of float32, eight hexadecimal digits each.
"""

import importlib.metadata
import json

import numpy as np
from gguf import GGMLQuantizationType as Type
from gguf.constants import GGML_QUANT_SIZES
from gguf.quants import dequantize, quantize

SEED = 20230313
# Byte offsets of the f16 scales (and minimums) in a block.
SCALE_OFFSETS = {
    Type.Q4_0: [0], Type.Q4_1: [0, 2], Type.Q5_0: [0], Type.Q5_1: [0, 2], Type.Q8_0: [0],
    Type.Q4_K: [0, 2], Type.Q5_K: [0, 2], Type.Q6_K: [208],
}
# Ordinary, negative, zero of both signs, subnormal (smallest, largest), smallest normal, largest.
SCALES = [0.0123, -0.5, 0.0, -0.0, 5.9604645e-08, -6.097555e-05, 6.1035156e-05, 65504.0]
TYPES = [Type.F32, Type.F16, Type.Q4_0, Type.Q4_1, Type.Q5_0, Type.Q5_1, Type.Q8_0, Type.Q4_K,
         Type.Q5_K, Type.Q6_K, Type.BF16]
# The package has no quantizer for the K types.
QUANTIZED = [t for t in TYPES if t not in (Type.Q4_K, Type.Q5_K, Type.Q6_K)]


def bits(values):
    return "".join(f"{b:08x}" for b in np.ascontiguousarray(values, np.float32).view(np.uint32).ravel())


def random_blocks(kind, rng):
    values_per_block, block_size = GGML_QUANT_SIZES[kind]
    if kind in SCALE_OFFSETS:
        blocks = rng.integers(0, 256, (len(SCALES), block_size), np.uint8)
        for row, scale in enumerate(SCALES):
            for number, offset in enumerate(SCALE_OFFSETS[kind]):
                half = np.float16(scale if number == 0 else SCALES[(row + 3) % len(SCALES)])
                blocks[row, offset:offset + 2] = np.frombuffer(half.tobytes(), np.uint8)
        return blocks.ravel()
    numbers = rng.standard_normal(64).astype(np.float32) * np.float32(0.02)
    numbers[:8] = SCALES
    if kind == Type.F32:
        numbers[8:11] = [1e-42, -3.4e38, 1.1754944e-38]
        return numbers.view(np.uint8)
    if kind == Type.F16:
        return numbers.astype(np.float16).view(np.uint8)
    high = numbers.view(np.uint32) >> 16
    high[8:11] = [0x0001, 0x8001, 0xFF7F]
    return high.astype(np.uint16).view(np.uint8)


def main():
    rng = np.random.default_rng(SEED)
    decoded = []
    for kind in TYPES:
        data = random_blocks(kind, rng)
        values_per_block, block_size = GGML_QUANT_SIZES[kind]
        row = data.reshape(1, -1)
        if kind == Type.F32:
            values = data.view(np.float32)
        elif kind == Type.F16:
            values = data.view(np.float16).astype(np.float32)
        else:
            values = dequantize(row, kind)
        assert values.size == data.size // block_size * values_per_block
        decoded.append({"type": kind.name, "bytes": data.tobytes().hex(), "values": bits(values)})
    encoded = []
    for kind in QUANTIZED:
        rows = rng.standard_normal((8, 32)).astype(np.float32)
        rows *= np.array([1, 0.02, 100, 1e-3, 1e-6, 0, -1, 3], np.float32).reshape(8, 1)
        rows[5] = 0  # without signs: which zero is the least is left to chance
        rows[6] = np.abs(rows[6])
        rows[7, 5] = -20
        data = quantize(rows, kind)
        encoded.append({"type": kind.name, "values": bits(rows), "bytes": data.tobytes().hex()})
    print(json.dumps({
        "source": f"gguf {importlib.metadata.version('gguf')}, numpy {np.__version__}, seed {SEED}",
        "dequantize": decoded,
        "quantize": encoded,
    }, indent=1))


if __name__ == "__main__":
    main()
