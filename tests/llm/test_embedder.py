"""Embedders answer with vectors of texts, through the same gateway as LLMs."""

from __future__ import annotations

import asyncio

import numpy
import pytest
from tests.support.letters import ANSWER, LettersEmbedder, counted

from seedbed import (
    Budget,
    Embedder,
    Embeddings,
    Gateway,
    InvalidResponseError,
    LLMError,
    LoopThreadError,
    ParameterError,
    Registry,
    RetryPolicy,
    Step,
    UsageError,
    get_embedder,
    get_step,
)
from seedbed.errors import BrokenPluginError, BudgetExhaustedError
from seedbed.llm.calling.loop import loop_thread
from seedbed.llm.calling.sender import Sender
from seedbed.llm.response_json import decode_response, encode_response
from seedbed.testing import Reply


@pytest.fixture
def embedder(scripted_server):
    scripted_server.answer_with(ANSWER)
    return LettersEmbedder(model="any", base_url=scripted_server.url)


class GivingEmbedder(Embedder):
    """Gives whatever it was told to give."""

    given: object = None

    async def embed(self, texts):
        return self.given


def test_vectors_are_a_numpy_array_in_the_order_of_the_texts(embedder):
    vectors = embedder.vectors(["abba", "c"])
    assert (vectors.shape, vectors.dtype) == ((2, 26), numpy.float32)
    assert vectors.tolist() == [counted("abba"), counted("c")]


def test_the_awaited_form_works_in_a_loop_of_the_callers(embedder):
    assert asyncio.run(embedder.avectors(["abba"])).tolist() == [counted("abba")]


def test_the_blocking_form_on_the_loop_names_its_twin(embedder):
    async def wrong():
        embedder.vectors(["a"])

    with pytest.raises(LoopThreadError, match=r"avectors\(\.\.\.\)"):
        loop_thread().run(wrong(), twin="")


def test_more_texts_than_a_batch_holds_are_several_calls(embedder, scripted_server):
    embedder.batch_size = 2
    texts = ["a", "b", "c", "d", "e"]
    assert embedder.vectors(texts).tolist() == [counted(text) for text in texts]
    sent = sorted(received.json()["texts"] for received in scripted_server.received)
    assert sent == [["a", "b"], ["c", "d"], ["e"]]


def test_no_texts_are_no_call(embedder, scripted_server):
    assert embedder.vectors([]).shape == (0, 0)
    assert scripted_server.count == 0


def test_a_call_that_fails_is_retried(embedder, scripted_server):
    scripted_server.answer_with(Reply(503, {"error": "busy"}, {"retry-after": "0"}), ANSWER)
    assert embedder.vectors(["a"]).tolist() == [counted("a")]
    assert scripted_server.count == 2


@pytest.mark.parametrize("texts", ["a text", b"bytes", 7, None])
def test_texts_that_are_no_list_are_refused(embedder, texts):
    with pytest.raises(UsageError, match="texts must be a list of texts"):
        embedder.vectors(texts)


def test_a_text_that_is_none_is_refused_before_any_call(embedder, scripted_server):
    with pytest.raises(UsageError, match=r"texts\[1\] is NoneType, not a str"):
        embedder.vectors(["a", None])
    assert scripted_server.count == 0


@pytest.mark.parametrize(
    "given",
    [
        [[1, 2], [3, 4]],
        ((1.0, 2.0), (3.0, 4.0)),
        numpy.array([[1, 2], [3, 4]], dtype="float64"),
        [numpy.array([1, 2]), numpy.array([3, 4])],
        Embeddings(vectors=[[1, 2], [3, 4]]),
    ],
    ids=["lists", "tuples", "array", "arrays", "embeddings"],
)
def test_an_author_may_return_vectors_in_any_form(given):
    vectors = GivingEmbedder(model="any", given=given).vectors(["a", "b"])
    assert vectors.tolist() == [[1, 2], [3, 4]]
    assert vectors.dtype == numpy.float32


@pytest.mark.parametrize(
    ("given", "error", "text"),
    [
        (None, LLMError, "numbers of shape"),
        ("text", LLMError, "which isn't vectors of one length"),
        ([1.0, 2.0], LLMError, r"numbers of shape \(2,\)"),
        ([[1.0], [1.0, 2.0]], LLMError, "which isn't vectors of one length"),
        ([[1.0, 2.0]], InvalidResponseError, "1 vectors for 2 texts"),
        ([[], []], InvalidResponseError, "gave no vectors for 2 texts"),
        ([[1.0], [float("nan")]], InvalidResponseError, "NaN or infinity"),
        (Embeddings(vectors=[[1.0], [2.0]], usage=3), LLMError, "int where a Usage was expected"),
    ],
)
def test_what_is_no_vectors_is_an_error_that_names_the_embedder(given, error, text):
    embedder = GivingEmbedder(model="m", given=given).bound(Gateway(retry=RetryPolicy(tries=1)), None)
    with pytest.raises(error, match=text) as caught:
        embedder.vectors(["a", "b"])
    assert "'giving/m'" in str(caught.value)


def test_vectors_are_the_same_bit_by_bit_after_the_journal():
    answer = Embeddings(vectors=numpy.array([[0.1, 1e-30], [3e7, -0.0]], dtype="float32"))
    again = decode_response(encode_response(answer))
    assert isinstance(again, Embeddings)
    assert numpy.asarray(again.vectors).tobytes() == answer.vectors.tobytes()


def test_tokens_count_towards_a_budget(embedder, scripted_server):
    # A text takes at most its bytes and what surrounds a message; 10 texts of 100 don't fit twice.
    sender = Sender(budget=Budget(max_tokens=1500))
    view = embedder.bound(Gateway(sender=sender), None)
    view.vectors(["x" * 100] * 10)
    with pytest.raises(BudgetExhaustedError, match="1,000 of 1,500 tokens are spent"):
        view.vectors(["x" * 100] * 10)
    assert scripted_server.count == 1


class Near(Step):
    embedder: Embedder

    def process(self, row):
        return row


@pytest.fixture
def registry():
    registry = Registry([])
    registry.add(LettersEmbedder)
    registry.add(Near)
    return registry


def test_a_field_of_a_step_takes_a_reference_or_an_entry(registry):
    entry = {"use": "letters/small", "with": {"base_url": "http://127.0.0.1:1", "ignore_case": True}}
    step = get_step("near", registry=registry, embedder=entry)
    assert (step.embedder.reference, step.embedder.ignore_case) == ("letters/small", True)
    given = LettersEmbedder(model="any", base_url="http://127.0.0.1:1")
    assert Near(embedder=given).embedder is given


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (7, "give an Embedder, a reference such as"),
        ({"use": "letters/small", "fields": {}}, r"give a reference such as .*, or \{use: REFERENCE"),
        ({"with": {}}, "give a reference such as"),
    ],
)
def test_a_field_with_anything_else_says_what_it_takes(registry, value, text):
    with pytest.raises(ParameterError, match=text):
        get_step("near", registry=registry, embedder=value)


def test_a_reference_without_a_model_and_unknown_embedders_are_refused(registry):
    with pytest.raises(UsageError, match="embedder reference 'letters' does not have the form BACKEND/MODEL"):
        get_embedder("letters", registry=registry)
    with pytest.raises(Exception, match=r"no embedder named 'leters' is installed\n.*letters"):
        get_embedder("leters/any", registry=registry)


def test_an_unknown_field_of_an_embedder_is_named(registry):
    with pytest.raises(ParameterError, match="the parameters of the embedder 'letters/a' do not fit"):
        get_embedder("letters/a", registry=registry, base_url="http://127.0.0.1:1", dimension=3)


def test_an_embedder_whose_embed_is_not_a_coroutine_is_refused_when_it_is_used():
    class Plain(Embedder):
        def embed(self, texts):
            return [[1.0]] * len(texts)

    with pytest.raises(UsageError, match="embed of 'Plain' must be `async def`"):
        Plain(model="any").vectors(["a"])


def test_an_override_of_the_wrong_type_names_the_class():
    class Odd(Embedder):
        @property
        def endpoint(self):
            return 7

        async def embed(self, texts):
            return [[1.0]] * len(texts)

    with pytest.raises(BrokenPluginError, match="its `endpoint` returned an int"):
        Odd(model="any").vectors(["a"])


def test_the_model_of_an_llm_and_of_an_embedder_are_different_identities():
    assert b"embedder" in GivingEmbedder(model="any").identity
    assert b"batch_size" not in GivingEmbedder(model="any").identity
