"""The LLaMA forward pass in NumPy, over the dequantizer of the `gguf` package.

An independent yardstick: it shares nothing with the engine, holds every weight as a plain
floating-point matrix, and computes all positions at once under a causal mask. Sources: Touvron et
al. 2023 (arXiv 2302.13971), Su et al. 2021 (RoPE, arXiv 2104.09864), Zhang and Sennrich 2019
(RMSNorm, arXiv 1910.07467), Shazeer 2020 (SwiGLU, arXiv 2002.05202), Ainslie et al. 2023 (grouped
queries, arXiv 2305.13245), and the GGUF document for names and shapes.
"""

import gguf
import numpy as np


def exact(role, values):
    """No rounding: the activations go into the matrix product as they are."""
    return values


class Llama:
    """A model's weights in one floating-point type. `dtype`: np.float32 or np.float64."""

    def __init__(self, path, dtype=np.float32):
        reader = gguf.GGUFReader(path)
        self.dtype = dtype
        self.fields = reader.fields
        architecture = self.value("general.architecture")
        if architecture != "llama":
            raise ValueError(f"{path}: the architecture is {architecture!r}, not 'llama'")
        if self.value("llama.rope.scaling.type", "none") != "none" or any(
            tensor.name == "rope_freqs.weight" for tensor in reader.tensors
        ):
            raise ValueError(f"{path}: RoPE scaling is not implemented here")
        self.layer_count = self.value("llama.block_count")
        self.width = self.value("llama.embedding_length")
        self.head_count = self.value("llama.attention.head_count")
        self.kv_head_count = self.value("llama.attention.head_count_kv", self.head_count)
        self.head_size = self.value("llama.attention.key_length", self.width // self.head_count)
        self.rope_size = self.value("llama.rope.dimension_count", self.head_size)
        self.rope_base = self.value("llama.rope.freq_base", 10000.0)
        self.epsilon = self.value("llama.attention.layer_norm_rms_epsilon")
        # (rows, columns) as NumPy has it: a matrix product is x @ w.T
        self.weights = {
            tensor.name: gguf.dequantize(tensor.data, tensor.tensor_type)
            .reshape(tuple(reversed(tensor.shape.tolist())))
            .astype(dtype)
            for tensor in reader.tensors
        }
        self.output = self.weights.get("output.weight", self.weights["token_embd.weight"])

    def value(self, key, default=None):
        field = self.fields.get(key)
        if field is None:
            if default is None:
                raise ValueError(f"the file has no {key}")
            return default
        return field.contents()

    def normalized(self, x, name):
        mean_square = np.mean(np.square(x), axis=-1, keepdims=True, dtype=self.dtype)
        return x / np.sqrt(mean_square + self.dtype(self.epsilon)) * self.weights[name]

    def rotated(self, x):
        """RoPE over adjacent pairs, as GGUF stores this architecture. x: (position, head, size)."""
        pairs = self.rope_size // 2
        frequencies = self.rope_base ** (-np.arange(pairs, dtype=np.float64) / pairs)
        angles = np.arange(x.shape[0], dtype=np.float64)[:, None] * frequencies
        cos = np.cos(angles).astype(self.dtype)[:, None, :]
        sin = np.sin(angles).astype(self.dtype)[:, None, :]
        even, odd = x[..., 0 : self.rope_size : 2], x[..., 1 : self.rope_size : 2]
        result = x.copy()
        result[..., 0 : self.rope_size : 2] = even * cos - odd * sin
        result[..., 1 : self.rope_size : 2] = even * sin + odd * cos
        return result

    def attended(self, q, k, v, rounding):
        """Causal attention with grouped queries. q: (position, head · size) after RoPE."""
        count, group = q.shape[0], self.head_count // self.kv_head_count
        masked = np.triu(np.ones((count, count), dtype=bool), 1)
        result = np.empty((count, self.head_count, v.shape[-1]), dtype=self.dtype)
        for head in range(self.head_count):
            keys, values = k[:, head // group], v[:, head // group]
            scores = rounding("query", q[:, head]) @ keys.T
            scores *= self.dtype(1 / np.sqrt(self.head_size))
            scores[masked] = -np.inf
            scores -= scores.max(axis=-1, keepdims=True)
            np.exp(scores, out=scores)
            scores /= scores.sum(axis=-1, keepdims=True)
            result[:, head] = rounding("probabilities", scores) @ values
        return result.reshape(count, -1)

    def logits(self, ids, rounding=exact):
        """(position, vocabulary). `rounding(role, values)` may round what goes into a product:

        roles qkv, attn_output, gate_up, down, output (the input of these matrices), key, value
        (what the cache holds), query and probabilities (the other side of attention's products).
        """
        w = self.weights
        x = w["token_embd.weight"][ids]  # (position, width)
        for layer in range(self.layer_count):
            name = f"blk.{layer}."
            h = rounding("qkv", self.normalized(x, name + "attn_norm.weight"))
            q = (h @ w[name + "attn_q.weight"].T).reshape(len(ids), self.head_count, -1)
            k = (h @ w[name + "attn_k.weight"].T).reshape(len(ids), self.kv_head_count, -1)
            v = (h @ w[name + "attn_v.weight"].T).reshape(len(ids), self.kv_head_count, -1)
            k, v = rounding("key", self.rotated(k)), rounding("value", v)
            h = rounding("attn_output", self.attended(self.rotated(q), k, v, rounding))
            x = x + h @ w[name + "attn_output.weight"].T
            h = rounding("gate_up", self.normalized(x, name + "ffn_norm.weight"))
            gate = h @ w[name + "ffn_gate.weight"].T
            # exp may overflow to infinity for very negative gates; the quotient is 0 then, rightly
            with np.errstate(over="ignore"):
                gate = gate / (1 + np.exp(-gate))
            h = rounding("down", gate * (h @ w[name + "ffn_up.weight"].T))
            x = x + h @ w[name + "ffn_down.weight"].T
        x = rounding("output", self.normalized(x, "output_norm.weight"))
        return x @ self.output.T
