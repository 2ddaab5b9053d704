"""One loaded model for all that ask for it, and its end."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

from seedbed import LLMError
from seedbed_llamacpp import LlamaCppLLM
from seedbed_llamacpp.call import Call
from seedbed_llamacpp.server import Server

JOKE = [{"role": "user", "content": "Tell me a joke."}]


def make() -> LlamaCppLLM:
    return LlamaCppLLM(model="smollm2-135m", threads=1, context=256, parallel=2, max_tokens=2)


def server_of(llm: LlamaCppLLM) -> Server:
    assert llm._lease is not None
    return llm._lease.server


@pytest.mark.slow
def test_a_model_is_loaded_once_even_under_concurrent_first_use() -> None:
    llms = [make() for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(lambda llm: llm.generate([JOKE]), llms))
    assert len({id(server_of(llm)) for llm in llms}) == 1
    for llm in llms:
        llm.unload()


@pytest.mark.slow
def test_other_settings_are_another_server() -> None:
    one, other = make(), make().model_copy(update={"context": 512})
    for llm in (one, other):
        llm.load()
    assert server_of(one) is not server_of(other)
    assert one.endpoint != other.endpoint
    for llm in (one, other):
        llm.unload()


@pytest.mark.slow
def test_the_last_to_unload_frees_the_model_and_the_next_call_loads_it_again() -> None:
    one, other = make(), make()
    one.generate([JOKE])
    other.generate([JOKE])
    server = server_of(one)
    one.unload()
    one.unload()
    assert not server.closed
    assert other.generate([JOKE])
    view = other.model_copy()
    other.unload()
    assert server.closed
    assert view.generate([JOKE])
    assert server_of(view) is not server
    view.unload()


@pytest.mark.slow
def test_unloading_stops_what_is_in_flight_and_says_so() -> None:
    # Room for more words than it could write before it's unloaded.
    llm = make().model_copy(update={"context": 4096})
    llm.load()
    began = threading.Event()

    class Watched(Call):
        def _receive(self, chunk: object) -> bool:
            began.set()
            return super()._receive(chunk)  # type: ignore[arg-type]

    body = {"messages": JOKE, "stream": True, "ignore_eos": True, "max_tokens": 4000}
    future = server_of(llm).submit(Watched(body))
    assert began.wait(200)
    llm.unload()
    with pytest.raises(LLMError, match="unloaded"):
        future.result(200)


@pytest.mark.slow
def test_the_http_port_beside_the_model_answers_nobody() -> None:
    llm = make()
    llm.load()
    address = server_of(llm)._native.server.listening_address
    assert address.startswith("http://127.0.0.1:")
    for path in ("/v1/chat/completions", "/completion", "/tokenize", "/props"):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(address + path, data=b"{}", timeout=100)
        assert caught.value.code == 401
        caught.value.close()
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(f"{address}/metrics", timeout=100)
    llm.unload()
