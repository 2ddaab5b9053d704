"""Vectors of the model inside the process."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import numpy
import pytest

from seedbed import BadRequestError, ContextOverflowError, ParameterError, get_embedder, run
from seedbed_data import DedupSemantic, Embed, HardNegatives
from seedbed_llamacpp import LlamaCppEmbedder
from seedbed_llamacpp.call import Native
from seedbed_llamacpp.embedding import EmbeddingCall
from seedbed_llamacpp.servers import servers

TEXTS = ["How do tides come about?", "What makes the tides?", "def f(x): return x + 1"]


def new(**fields: Any) -> LlamaCppEmbedder:
    return LlamaCppEmbedder(**{"model": "smollm2-135m", "threads": 1, "context": 256} | fields)


@pytest.fixture(scope="module")
def embedder() -> Iterator[LlamaCppEmbedder]:
    made = new()
    yield made
    made.unload()


@pytest.mark.slow
def test_vectors_have_length_one_and_near_meanings_are_near(embedder: LlamaCppEmbedder) -> None:
    vectors = embedder.vectors(TEXTS)
    assert vectors.shape == (3, 576)
    assert numpy.allclose(numpy.linalg.norm(vectors, axis=1), 1, atol=1e-4)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2]


@pytest.mark.slow
def test_a_text_has_the_same_vector_in_any_company(embedder: LlamaCppEmbedder) -> None:
    together = embedder.vectors(TEXTS)
    assert (together[::-1] == embedder.vectors(TEXTS[::-1])).all()
    assert (together[1] == embedder.vectors([TEXTS[1]])[0]).all()


@pytest.mark.slow
def test_a_model_of_text_is_pooled_by_the_mean_unless_something_else_is_set(
    embedder: LlamaCppEmbedder,
) -> None:
    mean, last = new(pooling="mean"), new(pooling="last")
    try:
        assert (mean.vectors(TEXTS) == embedder.vectors(TEXTS)).all()
        assert not numpy.allclose(last.vectors(TEXTS), embedder.vectors(TEXTS))
    finally:
        mean.unload()
        last.unload()


@pytest.mark.slow
def test_tokens_are_counted(embedder: LlamaCppEmbedder) -> None:
    made = run(DedupSemantic(embedder=embedder, threshold=0.9999), input=[{"text": text} for text in TEXTS])
    assert made.accepted == 3
    assert 12 < made.calls.usage.input_tokens < 40


def test_a_text_that_does_not_fit_says_what_to_raise(embedder: LlamaCppEmbedder) -> None:
    with pytest.raises(ContextOverflowError, match="a text has 301 tokens, more than the 256") as caught:
        embedder.vectors(["word " * 300])
    assert "'context'" in str(caught.value)


def test_an_empty_text_is_refused(embedder: LlamaCppEmbedder) -> None:
    with pytest.raises(BadRequestError, match="cannot be empty"):
        embedder.vectors(["a", ""])


@pytest.mark.parametrize(
    ("fields", "text"),
    [({"context": 10}, "context"), ({"pooling": "max"}, "pooling"), ({"temperature": 1}, "temperature")],
)
def test_wrong_settings_are_refused(fields: dict[str, Any], text: str) -> None:
    with pytest.raises(ParameterError, match=text):
        get_embedder("llamacpp/smollm2-135m", **fields)


@pytest.mark.slow
def test_a_run_finds_its_embedder_by_name_and_its_steps_take_its_vectors() -> None:
    fields = {"use": "llamacpp/smollm2-135m", "with": {"threads": 1, "context": 256}}
    embedder: Any = get_embedder(str(fields["use"]), **fields["with"])  # type: ignore[arg-type]
    made = run(
        Embed(embedder=embedder) >> DedupSemantic(vector="vector", threshold=0.9999),
        input=[{"text": text} for text in [*TEXTS, TEXTS[0]]],
    )
    assert [row["text"] for row in made.rows()] == TEXTS
    pairs = [{"anchor": text, "positive": f"{text} Yes."} for text in TEXTS]
    negatives = run(HardNegatives(embedder=embedder, same_above=1.0), input=pairs)
    assert negatives.accepted == 3
    embedder.unload()


class _Counting:
    """A server that notes what it's asked for, and has a call stopped after its second text."""

    def __init__(self, native: Native) -> None:
        self._native = native
        self.asked: list[str] = []
        self.call: EmbeddingCall | None = None

    def handle_embeddings(self, prompt: dict[str, Any]) -> dict[str, Any]:
        self.asked.extend(prompt["input"])
        if self.call is not None and len(self.asked) == 2:
            self.call.stop(asyncio.CancelledError())
        return self._native.handle_embeddings(prompt)


def test_a_call_that_is_stopped_ends_after_the_current_text(embedder: LlamaCppEmbedder) -> None:
    embedder.ensure_loaded()
    (server,) = (one for settings, one in servers()._servers.items() if settings.embedding)
    counting = _Counting(server._native)
    counting.call = EmbeddingCall([*TEXTS, *TEXTS])
    with pytest.raises(asyncio.CancelledError):
        counting.call.run(counting)  # type: ignore[arg-type]
    assert counting.asked == TEXTS[:2]
