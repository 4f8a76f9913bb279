"""llama.cpp through its Python bindings' low-level functions, upstream's or ik_llama.cpp's.

PyPI packages `llama-cpp-python` and `ik-llama-cpp-python`. CPU only, keys and values in F16.
"""

import ctypes
import importlib
import importlib.metadata
import os

import numpy as np

F16 = 1  # ggml's number for the type
FLASH_ATTENTION = {"auto": -1, "off": 0, "on": 1}


class PeerError(Exception):
    """The library refused something: a file, a size, a batch."""


class Peer:
    """A loaded model; `session(…)` gives contexts on it."""

    def __init__(self, path, ik=False, repack=False):
        package = "ik-llama-cpp-python" if ik else "llama-cpp-python"
        self.version = f"{package} {importlib.metadata.version(package)}"
        self.api = importlib.import_module("ik_llama_cpp._ctypes_api" if ik else "llama_cpp.llama_cpp")
        silence(self.api)
        self.api.llama_backend_init()
        options = self.api.llama_model_default_params()
        options.n_gpu_layers = 0
        if repack:
            # ik_llama.cpp alone: a second copy of the weights, interleaved by rows.
            options.repack_tensors, options.use_mmap = True, False
        self.model = self.api.llama_model_load_from_file(os.fsencode(path), options)
        if not self.model:
            raise PeerError(f"{path}: {package} cannot load it")
        self.vocabulary = self.api.llama_vocab_n_tokens(self.api.llama_model_get_vocab(self.model))

    def session(self, context, batch, threads, flash_attention="auto"):
        settings = self.api.llama_context_default_params()
        settings.n_ctx = context
        settings.n_batch = settings.n_ubatch = batch
        settings.n_threads = settings.n_threads_batch = threads
        settings.type_k = settings.type_v = F16
        if hasattr(settings, "flash_attn_type"):
            settings.flash_attn_type = FLASH_ATTENTION[flash_attention]
        elif flash_attention != "auto":
            settings.flash_attn = flash_attention == "on"
        handle = self.api.llama_init_from_model(self.model, settings)
        if not handle:
            raise PeerError(f"{self.version} cannot make a context of {context} tokens")
        return Session(self, handle, batch)


class Session:
    def __init__(self, peer, handle, batch):
        self.peer, self.api, self.handle = peer, peer.api, handle
        self.batch = self.api.llama_batch_init(batch, 0, 1)

    def decode(self, ids, first, all_logits=False):
        """Computes `ids` at positions from `first` on and waits for the result."""
        batch = self.batch
        batch.n_tokens = len(ids)
        for at, token in enumerate(ids):
            batch.token[at] = token
            batch.pos[at] = first + at
            batch.n_seq_id[at] = 1
            batch.seq_id[at][0] = 0
            batch.logits[at] = all_logits or at == len(ids) - 1
        if self.api.llama_decode(self.handle, batch):
            raise PeerError(f"{self.peer.version}: llama_decode failed")
        # Fetching logits waits for the computation in both libraries.
        self.api.llama_get_logits_ith(self.handle, len(ids) - 1)

    def logits(self, count):
        """A copy of the last batch's logits, (position, vocabulary), if all were asked for."""
        return np.stack([self.row(at) for at in range(count)])

    def last_logits(self):
        """A copy of the logits after the last token, (vocabulary)."""
        return self.row(self.batch.n_tokens - 1)

    def row(self, at):
        row = self.api.llama_get_logits_ith(self.handle, at)
        row = ctypes.cast(row, ctypes.POINTER(ctypes.c_float))
        return np.ctypeslib.as_array(row, (self.peer.vocabulary,)).copy()

    def forget(self):
        """Empties the cache of keys and values."""
        if hasattr(self.api, "llama_get_memory"):
            self.api.llama_memory_clear(self.api.llama_get_memory(self.handle), False)
        else:
            self.api.llama_kv_cache_clear(self.handle)

    def truncate(self, count):
        """Forgets all tokens from position `count` on."""
        if hasattr(self.api, "llama_get_memory"):
            memory = self.api.llama_get_memory(self.handle)
            done = self.api.llama_memory_seq_rm(memory, 0, count, -1)
        else:
            # The package declares no such function; its library has it.
            remove = self.api._lib.llama_kv_cache_seq_rm
            remove.argtypes = [ctypes.c_void_p, ctypes.c_int32, ctypes.c_int32, ctypes.c_int32]
            remove.restype = ctypes.c_bool
            done = remove(self.handle, 0, count, -1)
        if not done:
            raise PeerError(f"{self.peer.version} cannot forget from position {count} on")

    def close(self):
        self.api.llama_batch_free(self.batch)
        self.api.llama_free(self.handle)


def silence(api, kept=[]):
    """Drops the library's log; the callback must live as long as the process."""
    if hasattr(api, "llama_log_set"):
        kept.append(api.llama_log_callback(lambda level, text, data: None))
        api.llama_log_set(kept[-1], None)
