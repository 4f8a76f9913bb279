"""llama.cpp's logits for the same ids, in the format of logits.py.

    python3 llama_cpp_logits.py MODEL.gguf IDS.json OUT [--threads N] [--ik]

Needs the PyPI package `llama-cpp-python` (or `ik-llama-cpp-python` with --ik). All positions in one
batch, flash attention off, keys and values in F16, no offloading.
"""

import argparse
import importlib
import importlib.metadata
import json
import os

import numpy as np


def load(ik):
    """The binding's low-level module and its version."""
    package = "ik-llama-cpp-python" if ik else "llama-cpp-python"
    module = importlib.import_module("ik_llama_cpp.llama_cpp" if ik else "llama_cpp.llama_cpp")
    return module, f"{package} {importlib.metadata.version(package)}"


def opened(llama, path, context, threads):
    """(model, context) for plain CPU work with one batch of up to `context` tokens."""
    llama.llama_log_set(SILENT(llama), None)
    llama.llama_backend_init()
    options = llama.llama_model_default_params()
    options.n_gpu_layers = 0
    read = getattr(llama, "llama_model_load_from_file", None) or llama.llama_load_model_from_file
    model = read(os.fsencode(path), options)
    if not model:
        raise SystemExit(f"{path}: llama.cpp cannot load it")
    settings = llama.llama_context_default_params()
    settings.n_ctx = context
    settings.n_batch = settings.n_ubatch = context
    settings.n_threads = settings.n_threads_batch = threads
    settings.type_k = settings.type_v = llama.GGML_TYPE_F16
    if hasattr(settings, "flash_attn_type"):
        settings.flash_attn_type = llama.LLAMA_FLASH_ATTN_TYPE_DISABLED
    else:
        settings.flash_attn = False
    begin = getattr(llama, "llama_init_from_model", None) or llama.llama_new_context_with_model
    session = begin(model, settings)
    if not session:
        raise SystemExit(f"{path}: llama.cpp cannot make a context of {context}")
    return model, session


def SILENT(llama, keep=[]):
    """A log callback that drops everything; kept alive for the life of the process."""
    if not keep:
        keep.append(llama.llama_log_callback(lambda level, text, data: None))
    return keep[0]


def forget(llama, session):
    """Empties the cache of keys and values."""
    if hasattr(llama, "llama_get_memory"):
        llama.llama_memory_clear(llama.llama_get_memory(session), True)
    else:
        llama.llama_kv_cache_clear(session)


def filled(llama, batch, ids, first, all_logits):
    """`batch` with `ids` at positions from `first` on, logits of all or of the last."""
    batch.n_tokens = len(ids)
    for at, token in enumerate(ids):
        batch.token[at] = token
        batch.pos[at] = first + at
        batch.n_seq_id[at] = 1
        batch.seq_id[at][0] = 0
        batch.logits[at] = all_logits or at == len(ids) - 1
    return batch


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("ids")
    parser.add_argument("out")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--ik", action="store_true")
    arguments = parser.parse_args()
    with open(arguments.ids) as file:
        ids = json.load(file)["ids"]
    llama, version = load(arguments.ik)
    model, session = opened(llama, arguments.model, len(ids), arguments.threads)
    if hasattr(llama, "llama_model_get_vocab"):
        vocabulary = llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(model))
    else:
        vocabulary = llama.llama_n_vocab(model)
    batch = filled(llama, llama.llama_batch_init(len(ids), 0, 1), ids, 0, all_logits=True)
    if llama.llama_decode(session, batch):
        raise SystemExit("llama_decode failed")
    logits = np.ctypeslib.as_array(llama.llama_get_logits(session), (len(ids), vocabulary))
    logits.astype("<f4").tofile(arguments.out)
    print(f"{len(ids)} × {vocabulary} logits, {version}")


if __name__ == "__main__":
    main()
