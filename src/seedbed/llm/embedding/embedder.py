"""An embedder: what authors of backends subclass and what steps use."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema

from seedbed.errors import ParameterError, UsageError
from seedbed.llm.base_backend import BaseBackend
from seedbed.llm.batch_bounds import BatchBounds
from seedbed.llm.calling.coroutine import awaitable
from seedbed.llm.calling.loop import loop_thread
from seedbed.llm.calling.scope import CallScope
from seedbed.llm.embedding.embeddings import Embeddings, as_array, checked_embeddings, require_numpy
from seedbed.llm.guarded_backends import guard_embedder
from seedbed.llm.messages import text_length
from seedbed.llm.reference_fields import ReferenceField
from seedbed.llm.request import Request
from seedbed.llm.response import Response
from seedbed.plugins.class_references import class_named
from seedbed.plugins.fields.build import build
from seedbed.plugins.kinds import kind_of
from seedbed.plugins.names import split_reference
from seedbed.plugins.registry import Registry, current_registry

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


def _from_reference(reference: str, /, **fields: Any) -> Embedder:
    return get_embedder(reference, **fields)


_FIELD = ReferenceField("Embedder", "openai/text-embedding-3-small", _from_reference)


class Embedder(BaseBackend):
    """A backend bound to one model that turns texts into vectors; its fields are what users set.

        embedder = get_embedder("openai/text-embedding-3-small")
        vectors = embedder.vectors(["a river", "a stream"])     # a numpy array of shape (2, 1536)

    A backend implements `embed` and nothing else: no retries, limits, caching or sleeping. The gateway does
    all of that, as for an `LLM`. A step declares a field `embedder: Embedder`; users give it a reference, and
    pipeline files also `{use: REFERENCE, with: {...}}`.
    """

    repeatable: ClassVar[bool] = False
    """Whether the same vectors can be made again at no cost: then runs don't keep them."""

    batch_bytes: ClassVar[int | None] = None
    """The most bytes of UTF-8 in one call, for servers that limit it; a longer text is a call of its own."""

    batch_size: int = Field(default=64, ge=1, description="The most texts in one call.")

    _noun: ClassVar[str] = "embedder"
    # A server may have one model for both, and an answer in text must not be taken for vectors.
    _mark: ClassVar[tuple[str, ...]] = ("embedder",)
    _no_settings: ClassVar[frozenset[str]] = frozenset({"batch_size"})

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        guard_embedder(cls)
        super().__pydantic_init_subclass__(**kwargs)
        cls._is_journalled = not cls.repeatable

    @abstractmethod
    async def embed(self, texts: Sequence[str]) -> Embeddings:
        """Return the vectors of texts, one for each, in their order; raise a typed LLMError.

        There are at most `batch_size` texts, which may be those of several rows of a run. Runs on the loop
        that all calls share, and is cancelled at the time-out: what computes goes to a thread. Vectors alone
        are fine, too: a numpy array, or a list of lists. Any other exception becomes an LLMError that names
        the line.
        """

    def vectors(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return the vectors of texts as a numpy array of shape (texts, dimensions), of 32-bit floats.

        Works in scripts, threads and notebooks. More than `batch_size` texts are several calls, which run
        concurrently. If some fail, it raises the first error after all have ended. Raises LoopThreadError on
        the loop that answers it: `await avectors(...)` there.
        """
        requests = self._requests(texts)
        return as_array(loop_thread().run(self._embedded(requests, self._calling_scope()), "avectors(...)"))

    async def avectors(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return the vectors of texts; `vectors`, but awaited."""
        requests = self._requests(texts)
        return as_array(await loop_thread().arun(self._embedded(requests, self._calling_scope())))

    async def respond(self, request: Request) -> Response:
        """Ask the backend once for the vectors of a request's texts, and check them."""
        texts = tuple(message["content"] for message in request.messages)
        answer = await awaitable(self.embed(texts), self, "embed")
        return checked_embeddings(self.reference, texts, answer)

    def estimate_tokens(self, request: Request) -> int:
        """Estimate the tokens of a request before it's sent."""
        return text_length(request.messages) // 3

    def _requests(self, texts: Sequence[str]) -> list[Request]:
        _check_texts(texts)
        # Before anything is paid for.
        require_numpy()
        return [_request(batch) for batch in _batches(texts, self._batch_bounds)]

    @property
    def _batch_bounds(self) -> BatchBounds:
        return BatchBounds(self.batch_size, self.batch_bytes)

    async def _embedded(self, requests: list[Request], scope: CallScope | None) -> list[Embeddings]:
        found: list[Embeddings] = []
        for answer in await self._answers(requests, scope):
            if isinstance(answer, BaseException):
                raise answer
            assert isinstance(answer, Embeddings)
            found.append(answer)
        return found

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return _FIELD.core_schema(cls, source, handler)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return _FIELD.json_schema(cls, schema, handler)


def get_embedder(reference: str, /, *, registry: Registry | None = None, **fields: Any) -> Embedder:
    """Return the embedder that `backend/model` or `PATH.py:Class/model` names, with `fields` set.

        get_embedder("openai/text-embedding-3-small", dimensions=256)

    Raises `UsageError` for a reference in another form, `ParameterError` for invalid fields, and the
    `PluginError`s.
    """
    backend, model = split_reference(reference, "embedder", "static/wordllama")
    cls: type[Embedder] = class_named(
        kind_of("seedbed.embedders"), backend, registry=registry or current_registry()
    )
    if "model" in fields:
        raise ParameterError(f"the model is given twice: in {reference!r} and as model=")
    return build(cls, {"model": model, **fields}, f"the embedder {reference!r}").referred_to_as(reference)


def _request(texts: Sequence[str]) -> Request:
    return Request(tuple({"role": "user", "content": text} for text in texts), n=0)


def _batches(texts: Sequence[str], bounds: BatchBounds) -> Iterator[Sequence[str]]:
    """Yield the texts in order, in batches that keep the bounds."""
    start = size = 0
    for end, text in enumerate(texts):
        length = bounds.size_of([text])
        if end > start and not bounds.fit(end - start + 1, size + length):
            yield texts[start:end]
            start, size = end, 0
        size += length
    if start < len(texts):
        yield texts[start:]


def _check_texts(texts: object) -> None:
    if isinstance(texts, str | bytes) or not isinstance(texts, Sequence):
        raise UsageError(
            f"texts must be a list of texts, not {type(texts).__name__}", 'write ["a text", "another"]'
        )
    for index, text in enumerate(texts):
        if not isinstance(text, str):
            raise UsageError(f"texts[{index}] is {type(text).__name__}, not a str")
