"""What goes out to an Embeddings API, and what its answers and faults become."""

from __future__ import annotations

import struct
from base64 import b64encode
from typing import Any

import pytest
from tests.support.fault_server import FaultServer, Received, Reply

from seedbed import (
    AuthenticationError,
    BadRequestError,
    Gateway,
    InvalidResponseError,
    LLMConnectionError,
    LLMError,
    ParameterError,
    Prices,
    RateLimitedError,
    RetryPolicy,
    ServerError,
    UnknownModelError,
    Usage,
    get_embedder,
    run,
)
from seedbed_data import DedupSemantic, HardNegatives
from seedbed_openai import OpenAIEmbedder

KEY = "sk-secret-0123456789"


def vectors_of(*vectors: Any) -> Reply:
    """Return an answer with these vectors, numbered in their order."""
    data = [{"index": index, "embedding": vector} for index, vector in enumerate(vectors)]
    return Reply(body={"data": data, "usage": {"prompt_tokens": 7}})


def numbered(*numbers: Any) -> Reply:
    """Return an answer with the vectors [0.0], [1.0] and so on, which have these numbers."""
    data = [{"index": number, "embedding": [float(place)]} for place, number in enumerate(numbers)]
    return Reply(body={"data": data})


def error(message: str, code: Any = None) -> dict[str, Any]:
    return {"error": {"message": f"{message} ({KEY})", "type": "some_error", "code": code}}


def embedding(received: Received) -> dict[str, Any]:
    """Return a vector for each text of a request, made of its length."""
    return vectors_of(*[[float(len(text)), 100.0] for text in received.json()["input"]]).body  # type: ignore[no-any-return]


EMBEDDING = Reply(body=embedding)


def asked(server: FaultServer, **fields: Any) -> OpenAIEmbedder:
    embedder = OpenAIEmbedder(**{"model": "m", "api_key": KEY, "base_url": server.url, "timeout": 5} | fields)
    return embedder.bound(Gateway(retry=RetryPolicy(tries=1)), None)


FAULTS: dict[str, tuple[Reply, type[LLMError]]] = {
    "400": (Reply(400, error("'$.input' is invalid")), BadRequestError),
    "401": (Reply(401, error("Incorrect API key provided", "invalid_api_key")), AuthenticationError),
    "404": (Reply(404, error("The model 'm' does not exist", "model_not_found")), UnknownModelError),
    "429": (Reply(429, error("slow down"), {"retry-after": "7"}), RateLimitedError),
    "500": (Reply(500, error("oops")), ServerError),
    "cut": (vectors_of([1.0], [2.0])._replace(cut=True), LLMConnectionError),
    "no vectors": (Reply(body={"data": []}), InvalidResponseError),
    "a list": (Reply(body=[[1.0], [2.0]]), InvalidResponseError),
    "text": (Reply(body={"choices": [{"message": {"content": "Hi"}}]}), InvalidResponseError),
    "too few": (vectors_of([1.0]), InvalidResponseError),
    "too many": (vectors_of([1.0], [2.0], [3.0]), InvalidResponseError),
    "empty vectors": (vectors_of([], []), InvalidResponseError),
    "two lengths": (vectors_of([1.0], [2.0, 3.0]), InvalidResponseError),
    "words in a vector": (vectors_of(["a"], ["b"]), InvalidResponseError),
    "null in a vector": (vectors_of([1.0], [None]), InvalidResponseError),
    "NaN in base64": (
        vectors_of(*[b64encode(struct.pack("<f", number)).decode() for number in (1.0, float("nan"))]),
        InvalidResponseError,
    ),
    "NaN as JSON": (Reply(body=b'{"data":[{"index":0,"embedding":[NaN]}]}'), InvalidResponseError),
    "too large a number": (vectors_of([1e300], [1.0]), InvalidResponseError),
    "no base64": (vectors_of("AAAA?", "AAAA?"), InvalidResponseError),
    "half a number": (vectors_of("AAAA", "AAAA"), InvalidResponseError),
    "an object": (vectors_of({"dense": [1.0]}, {"dense": [1.0]}), InvalidResponseError),
    "equal numbers": (numbered(0, 0), InvalidResponseError),
    "numbers from one": (numbered(1, 2), InvalidResponseError),
    "half numbered": (numbered(0, None), InvalidResponseError),
    "numbers as text": (numbered("0", "1"), InvalidResponseError),
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_a_typed_error_without_the_key(fault_server: FaultServer, name: str) -> None:
    reply, kind = FAULTS[name]
    fault_server.answer_with(reply)
    with pytest.raises(LLMError) as caught:
        asked(fault_server).vectors(["a", "b"])
    assert type(caught.value) is kind
    seen: BaseException | None = caught.value
    while seen is not None:
        assert KEY not in f"{seen} {seen!r} {seen.args}"
        seen = seen.__cause__


def test_vectors_come_in_the_order_of_their_numbers(fault_server: FaultServer) -> None:
    fault_server.answer_with(numbered(1, 0))
    assert asked(fault_server).vectors(["a", "b"]).tolist() == [[1.0], [0.0]]


def test_vectors_without_numbers_come_in_the_order_in_which_they_were_sent(fault_server: FaultServer) -> None:
    fault_server.answer_with(numbered(None, None))
    assert asked(fault_server).vectors(["a", "b"]).tolist() == [[0.0], [1.0]]


@pytest.mark.parametrize("encoding", ["base64", "float", None])
def test_vectors_are_read_in_both_encodings_whatever_was_asked_for(
    fault_server: FaultServer, encoding: Any
) -> None:
    packed = b64encode(struct.pack("<2f", 0.1, -3.0)).decode()
    fault_server.answer_with(vectors_of(packed, [0.1, -3.0]))
    first, second = asked(fault_server, encoding_format=encoding).vectors(["a", "b"])
    assert first.tolist() == second.tolist()
    assert fault_server.received[0].json().get("encoding_format") == encoding


def test_the_body_has_what_was_set_and_nothing_else(fault_server: FaultServer) -> None:
    fault_server.answer_with(vectors_of([1.0, 2.0]))
    asked(fault_server, dimensions=2, extra={"input_type": "query"}).vectors(["a"])
    received = fault_server.received[0]
    assert received.path.endswith("/embeddings")
    assert received.json() == {"model": "m", "input": ["a"], "dimensions": 2, "input_type": "query"}


def test_another_length_than_asked_for_is_an_error_that_is_not_retried(fault_server: FaultServer) -> None:
    fault_server.answer_with(vectors_of([1.0, 2.0, 3.0]))
    embedder = asked(fault_server, dimensions=2)
    with pytest.raises(LLMError, match="gave vectors of 3 numbers, not of the 2 that were asked for"):
        embedder.bound(Gateway(retry=RetryPolicy(tries=3, first_wait=0.01)), None).vectors(["a"])
    assert fault_server.count == 1


def test_a_refused_batch_with_an_empty_text_says_which(fault_server: FaultServer) -> None:
    fault_server.answer_with(FAULTS["400"][0])
    with pytest.raises(BadRequestError, match=r"texts\[1\] is empty"):
        asked(fault_server).vectors(["a", "", "b"])


def test_a_request_keeps_the_bounds_of_the_server(fault_server: FaultServer) -> None:
    fault_server.answer_with(EMBEDDING)
    texts = ["é" * 100_000, "a" * 100_000, "b", "c" * 400_000, "d", "e", "f"]
    vectors = asked(fault_server, batch_size=2).vectors(texts)
    assert vectors[:, 0].tolist() == [len(text) for text in texts]
    sizes = sorted(len("".join(one.json()["input"]).encode()) for one in fault_server.received)
    assert sizes == [1, 1, 2, 300_000, 400_000]


def test_what_can_be_helped_is_tried_again(fault_server: FaultServer) -> None:
    fault_server.answer_with(FAULTS["500"][0], FAULTS["too few"][0], vectors_of([1.0], [2.0]))
    patient = asked(fault_server).bound(Gateway(retry=RetryPolicy(tries=3, first_wait=0.01)), None)
    assert patient.vectors(["a", "b"]).tolist() == [[1.0], [2.0]]
    assert fault_server.count == 3


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"dimensions": 0}, "dimensions"),
        ({"batch_size": 4096}, "batch_size"),
        ({"extra": {"input": ["x"]}}, "'input' is set by the embedder itself"),
        ({"temperature": 1}, "temperature"),
        ({"base_url": "localhost:8000"}, "write it as https://host/path"),
        ({"base_url": "http://my host/v1"}, "write it as https://host/path"),
        ({"base_url": "http://host..example/v1"}, "write it as https://host/path"),
        ({"base_url": "http://host:65536/v1"}, "write it as https://host/path"),
        ({"base_url": "http://host:0/v1"}, "write it as https://host/path"),
        ({"base_url": "http://[::1/v1"}, "write it as https://host/path"),
    ],
)
def test_wrong_settings_are_refused(fields: dict[str, Any], text: str) -> None:
    with pytest.raises(ParameterError, match=text):
        get_embedder("openai/m", **fields)


def test_without_a_key_the_error_names_its_variable() -> None:
    with pytest.raises(AuthenticationError, match="OPENAI_API_KEY"):
        OpenAIEmbedder(model="text-embedding-3-small").vectors(["a"])


def test_an_embedding_costs_what_the_list_says() -> None:
    embedder = OpenAIEmbedder(model="text-embedding-3-small", api_key=KEY)
    assert Prices().cost_of(embedder, Usage(input_tokens=1_000_000)) == pytest.approx(0.02)


@pytest.mark.slow
def test_azure_is_asked_at_its_deployment() -> None:
    embedder = OpenAIEmbedder(
        model="m", azure_endpoint="https://a.openai.azure.com", api_version="2024-10-21", api_key=KEY
    )
    assert embedder._connection.url == (
        "https://a.openai.azure.com/openai/deployments/m/embeddings?api-version=2024-10-21"
    )


def test_a_resumed_run_buys_no_embedding_twice(fault_server: FaultServer) -> None:
    rows = [{"text": "a" * number} for number in range(1, 13)]

    def made(batch_size: int) -> Any:
        embedder = OpenAIEmbedder(model="m", api_key=KEY, base_url=fault_server.url, batch_size=batch_size)
        step = DedupSemantic(embedder=embedder, threshold=0.999999)
        return run(step, input=rows, name="bought", concurrency=1)

    fault_server.answer_with(*[EMBEDDING] * 2, Reply(401, error("revoked")))
    stopped = made(3)
    # How many texts the first request has depends on how many rows are there when it's sent.
    bought = [text for one in fault_server.received[:2] for text in one.json()["input"]]
    assert stopped.accepted == len(bought)
    assert 2 <= len(bought) <= 6
    fault_server.answer_with(EMBEDDING)
    assert made(5).accepted == len(rows)
    after = [text for one in fault_server.received for text in one.json()["input"]]
    assert sorted(bought + after) == [row["text"] for row in rows]


@pytest.mark.slow
@pytest.mark.usefixtures("lingering")
def test_hard_negatives_are_asked_for_in_batches(fault_server: FaultServer) -> None:
    fault_server.answer_with(EMBEDDING)
    embedder = OpenAIEmbedder(model="m", api_key=KEY, base_url=fault_server.url, batch_size=10)
    rows = [{"anchor": "a" * number, "positive": "b" * number * 40} for number in range(1, 26)]
    made = run(HardNegatives(embedder=embedder, same_above=1.0), input=rows)
    assert made.accepted == len(rows)
    # 50 texts; the first requests may have fewer than ten.
    assert 5 <= fault_server.count <= 10
