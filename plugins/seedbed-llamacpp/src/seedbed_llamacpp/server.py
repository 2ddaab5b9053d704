"""One llama.cpp server inside the process, and the threads that wait for its answers."""

from __future__ import annotations

import os
import secrets
import threading
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

from seedbed import BadRequestError, LLMError
from seedbed_llamacpp.borrowed import Borrowed
from seedbed_llamacpp.call import Stoppable
from seedbed_llamacpp.embedding import embedded
from seedbed_llamacpp.forks import may_free, never_free, refuse_after_fork, spare_children_the_destructors
from seedbed_llamacpp.native import xllamacpp_module
from seedbed_llamacpp.workers import Workers

BATCH_TOKENS = 128
"""Prompt tokens read at once, and so between two points at which a call can be stopped."""


T = TypeVar("T")
Pooling = Literal["mean", "cls", "last"]


class Settings(NamedTuple):
    """What a server is started with; equal settings share one server.

    `parallel` is the number of rows at once, each with a context of `context` tokens; if `threads` or
    `gpu_layers` is None, llama.cpp chooses. A server that is `embedding` gives vectors, by `pooling` or else
    in the model's own way.
    """

    path: Path
    parallel: int
    context: int
    threads: int | None
    gpu_layers: int | None
    embedding: bool = False
    pooling: Pooling | None = None


class Server:
    """A loaded model that answers `parallel` calls at once, until it is closed."""

    def __init__(self, settings: Settings) -> None:
        self._native = Borrowed(_start_embedding(settings) if settings.embedding else _start(settings))
        never_free(self._native.server)
        spare_children_the_destructors()
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._calls: set[Stoppable[Any]] = set()
        self._workers: Workers = Workers(settings.parallel, f"llamacpp-{settings.path.stem}")
        self.closed = False

    def submit(self, call: Stoppable[T]) -> Future[T]:
        """Run the call in a thread. Raises UsageError in a forked child, LLMError once closed."""
        refuse_after_fork(self._pid)
        with self._lock:
            if self.closed:
                raise LLMError("the model was unloaded")
            self._calls.add(call)
            future = self._workers.submit(partial(call.run, self._native))
        future.add_done_callback(lambda _: self._calls.discard(call))
        return future

    def close(self, reason: BaseException) -> None:
        """Stop the calls in flight with `reason`, wait for their threads, and free the model."""
        with self._lock:
            if self.closed or os.getpid() != self._pid:
                return
            self.closed = True
            for call in list(self._calls):
                call.stop(reason)
        self._workers.close()
        may_free(self._native.server)
        self._native.take_back()


def _start_embedding(settings: Settings) -> Any:
    """Start a server that embeds; with the mean of all tokens, if the model has no way of its own."""
    native = _start(settings)
    if settings.pooling is None:
        try:
            embedded(native, "a")
        except BadRequestError as error:
            if "Pooling type 'none'" not in error.fact:
                raise
            # A model for text. What it says of its pooling is known only once it's loaded.
            del native
            native = _start(settings._replace(pooling="mean"))
    return native


def _start(settings: Settings) -> Any:
    xllamacpp = xllamacpp_module()
    try:
        native = xllamacpp.Server(_parameters(xllamacpp, settings))
        # The answer shows that its loop runs. A server that's freed before that never ends (2 of 36 times).
        native.handle_metrics()
        return native
    except RuntimeError as error:
        size = settings.path.stat().st_size
        raise LLMError(
            f"llama.cpp cannot load '{settings.path}' ({size:,} bytes) "
            f"with {settings.parallel} x {settings.context} tokens of context",
            "is the file complete? compare its size with that of its source",
            "is there memory for it? lower 'parallel' or 'context'",
            "is its architecture newer than the installed xllamacpp? pip install --upgrade xllamacpp",
            fatal=True,
        ) from error


def _parameters(xllamacpp: Any, settings: Settings) -> Any:
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(settings.path)
    parameters.n_parallel = settings.parallel
    parameters.n_ctx = settings.parallel * settings.context
    # A text must fit into one batch, to be embedded.
    parameters.n_batch = parameters.n_ubatch = settings.context if settings.embedding else BATCH_TOKENS
    parameters.embedding = settings.embedding
    if settings.pooling is not None:
        kind = f"LLAMA_POOLING_TYPE_{settings.pooling.upper()}"
        parameters.pooling_type = getattr(xllamacpp.llama_pooling_type, kind)
    if settings.threads is not None:
        parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = settings.threads
    if settings.gpu_layers is not None:
        parameters.n_gpu_layers = settings.gpu_layers
    # With flash attention, answers depend more often on what else is in flight: 14 of 20 were the same,
    # instead of 29 to 31 of 32 (README.md).
    parameters.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    # The dataset may go to standard output.
    parameters.verbosity = -1
    # Prompts aren't cached, and the default would take up to 8 GB.
    parameters.cache_ram_mib = 0
    # It listens on an HTTP port, which can't be turned off: on this machine only, and with a key that nobody
    # has.
    parameters.hostnames = ["127.0.0.1"]
    parameters.api_keys = [secrets.token_hex(32)]
    parameters.endpoint_metrics = True
    parameters.ui = parameters.endpoint_slots = parameters.endpoint_props = False
    return parameters
