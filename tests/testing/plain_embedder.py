"""Embedders that keep the contract, in parts that can be broken one by one, and some that are broken."""

from __future__ import annotations

import asyncio
import time
import zlib
from collections.abc import Sequence
from typing import Any, ClassVar

from pydantic import PrivateAttr

from seedbed import Embedder, Embeddings, HTTPEmbedder, InvalidResponseError, Usage, post_json, public_url

BROKEN: dict[type[Embedder], str] = {}
"""Faulty classes, and the test of the contract of embedders that each is to fail."""


class PlainEmbedder(HTTPEmbedder):
    """Speaks OpenAI's protocol."""

    connection_fields: ClassVar[frozenset[str]] = frozenset({"timeout", "base_url", "api_key"})
    key_env_var: ClassVar[str | None] = "PLAIN_API_KEY"

    base_url: str

    @property
    def endpoint(self) -> str:
        return public_url(self.base_url)

    async def embed(self, texts: Sequence[str]) -> Embeddings:
        headers = {"authorization": f"Bearer {self.resolve_key()}"}
        answer = await post_json(f"{self.base_url}/embeddings", self.body(texts), headers=headers)
        body = self.read_body(answer)
        if not isinstance(body.get("data"), list):
            raise InvalidResponseError("Plain answered without vectors")
        return Embeddings(vectors=self.vectors_in(body["data"], texts), usage=self.usage(body["usage"]))

    def body(self, texts: Sequence[str]) -> dict[str, Any]:
        return {"model": self.model, "input": [*texts]}

    def vectors_in(self, data: list[dict[str, Any]], texts: Sequence[str]) -> list[list[float]]:
        return [entry["embedding"] for entry in sorted(data, key=lambda entry: entry["index"])]

    def usage(self, counted: dict[str, Any]) -> Usage:
        return Usage(counted["prompt_tokens"])


class PlainVectors(Embedder):
    """Computes in the process."""

    repeatable: ClassVar[bool] = True

    shift: int = 0

    async def embed(self, texts: Sequence[str]) -> Embeddings:
        return Embeddings(vectors=[self.vector(text) for text in texts])

    def vector(self, text: str) -> list[float]:
        seed = f"{self.model} {self.shift} {text}"
        return [float(number) for number in zlib.crc32(seed.encode()).to_bytes(4)]


def fails(test: str) -> Any:
    """Say which contract test an embedder is to fail."""

    def mark(cls: type[Embedder]) -> type[Embedder]:
        BROKEN[cls] = test
        return cls

    return mark


@fails("test_each_text_has_its_vector")
class MixesTextsOfACall(PlainVectors):
    async def embed(self, texts: Sequence[str]) -> Embeddings:
        vectors = [self.vector(text) for text in texts]
        return Embeddings(vectors=[[*vector, *vectors[0]] for vector in vectors])


@fails("test_other_texts_have_other_vectors")
class HasOneVector(PlainVectors):
    def vector(self, text: str) -> list[float]:
        return [1.0, 2.0]


@fails("test_repeatable_vectors_are_the_same_to_the_bit")
class DiffersInABit(PlainVectors):
    async def embed(self, texts: Sequence[str]) -> Embeddings:
        scale = 1.0 + 1e-6 * len(texts)
        return Embeddings(vectors=[[scale * number for number in self.vector(text)] for text in texts])


@fails("test_a_long_list_is_several_calls")
class DependsOnTheSizeOfACall(PlainVectors):
    async def embed(self, texts: Sequence[str]) -> Embeddings:
        scale = 2.0 if len(texts) == 2 else 1.0
        return Embeddings(vectors=[[scale * number for number in self.vector(text)] for text in texts])


@fails("test_the_texts_arrive")
class StripsTexts(PlainEmbedder):
    def body(self, texts: Sequence[str]) -> dict[str, Any]:
        return {"model": self.model, "input": [" ".join(text.split()) for text in texts]}


@fails("test_the_vectors_are_those_of_the_server")
class TakesVectorsInTheOrderSent(PlainEmbedder):
    def vectors_in(self, data: list[dict[str, Any]], texts: Sequence[str]) -> list[list[float]]:
        return [entry["embedding"] for entry in data]


@fails("test_the_tokens_are_those_that_were_counted")
class CountsNothing(PlainEmbedder):
    def usage(self, counted: dict[str, Any]) -> Usage:
        return Usage()


@fails("test_a_vector_too_few_is_told")
class FillsUpVectors(PlainEmbedder):
    def vectors_in(self, data: list[dict[str, Any]], texts: Sequence[str]) -> list[list[float]]:
        found = super().vectors_in(data, texts)
        return [*found, *([0.0] * 4 for _ in range(len(texts) - len(found)))]


_NOW: dict[str, Sequence[str]] = {}


@fails("test_calls_at_once_each_get_their_own_vectors")
class KeepsTextsOfACall(PlainVectors):
    async def embed(self, texts: Sequence[str]) -> Embeddings:
        _NOW["texts"] = texts
        await asyncio.sleep(0.02)
        return Embeddings(vectors=[self.vector(text) for text in _NOW["texts"]][: len(texts)])


@fails("test_the_blocking_form_works_in_threads")
class LoadsWithoutALock(PlainVectors):
    def vectors(self, texts: Sequence[str]) -> Any:
        import threading

        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("only in the main thread")
        return super().vectors(texts)


@fails("test_the_blocking_form_works_in_a_running_loop")
class RunsALoopOfItsOwn(PlainVectors):
    def vectors(self, texts: Sequence[str]) -> Any:
        asked = self.avectors(texts)
        try:
            return asyncio.run(asked)
        finally:
            # Refused in a running loop, it was never awaited, and the warning would fail some later test.
            asked.close()


@fails("test_the_awaited_form_works_in_loops_that_come_and_go")
class BelongsToItsFirstLoop(PlainVectors):
    async def avectors(self, texts: Sequence[str]) -> Any:
        first = _FIRST.setdefault("loop", asyncio.get_running_loop())
        if first is not asyncio.get_running_loop():
            raise RuntimeError("attached to a different loop")
        return await super().avectors(texts)


_FIRST: dict[str, asyncio.AbstractEventLoop] = {}


@fails("test_the_vectors_are_those_of_the_server")
class HalvesPrecision(PlainEmbedder):
    def vectors_in(self, data: list[dict[str, Any]], texts: Sequence[str]) -> Any:
        import numpy

        return numpy.array(super().vectors_in(data, texts), numpy.float16)


@fails("test_the_tokens_are_those_that_were_counted")
class AddsUpTokens(PlainEmbedder):
    _sum: int = PrivateAttr(0)

    def usage(self, counted: dict[str, Any]) -> Usage:
        self._sum += counted["prompt_tokens"]
        return Usage(self._sum)


@fails("test_the_loop_goes_on_while_a_call_is_under_way")
class ComputesOnTheLoop(PlainVectors):
    def vector(self, text: str) -> list[float]:
        time.sleep(0.03)
        return super().vector(text)


@fails("test_a_long_text_is_embedded_whole_or_refused")
class CutsOffLongTexts(PlainVectors):
    def vector(self, text: str) -> list[float]:
        return super().vector(text[:512])


@fails("test_an_empty_text_has_a_vector_or_is_refused")
class DividesByTheLengthOfTexts(PlainVectors):
    def vector(self, text: str) -> list[float]:
        return [number / len(text) for number in super().vector(text)]


@fails("test_an_empty_text_has_a_vector_or_is_refused")
class LeavesOutEmptyTexts(PlainVectors):
    async def embed(self, texts: Sequence[str]) -> Embeddings:
        return await super().embed([text for text in texts if text])


@fails("test_another_one_may_be_unloaded")
class HasOneModelForAll(PlainVectors):
    loaded: ClassVar[set[str]] = set()

    def load(self) -> None:
        self.loaded.add(self.model)

    def unload(self) -> None:
        super().unload()
        self.loaded.clear()

    def vector(self, text: str) -> list[float]:
        assert self.loaded, "no model is loaded"
        return super().vector(text)


@fails("test_one_with_other_fields_has_other_vectors")
class KeepsVectorsByText(PlainVectors):
    kept: ClassVar[dict[str, list[float]]] = {}

    def vector(self, text: str) -> list[float]:
        return self.kept.setdefault(text, super().vector(text))


@fails("test_one_with_other_fields_has_other_vectors")
class KeepsAnswersByText(PlainEmbedder):
    kept: ClassVar[dict[tuple[str, ...], Embeddings]] = {}

    async def embed(self, texts: Sequence[str]) -> Embeddings:
        return self.kept.setdefault((*texts, self.base_url), await super().embed(texts))


@fails("test_one_with_other_fields_has_other_vectors")
class TakesAllFieldsForConnections(PlainVectors):
    connection_fields: ClassVar[frozenset[str]] = frozenset({"timeout", "shift"})


@fails("test_another_process_makes_the_same_vectors")
class HashesTexts(PlainVectors):
    def vector(self, text: str) -> list[float]:
        return [float(number) for number in (hash(text) % 2**32).to_bytes(4)]
