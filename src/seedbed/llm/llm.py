"""A language model of one backend: what backend authors subclass and what callers use."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema

from seedbed.errors import ParameterError, UsageError
from seedbed.llm.base_backend import BaseBackend
from seedbed.llm.calling.loop import loop_thread
from seedbed.llm.calling.scope import CallScope
from seedbed.llm.capabilities import Capabilities
from seedbed.llm.generations import Generations, texts_of
from seedbed.llm.guarded_backends import guard_llm
from seedbed.llm.messages import Message, text_length
from seedbed.llm.parameters import GenerationParameters
from seedbed.llm.reference_fields import ReferenceField
from seedbed.llm.request import Request
from seedbed.llm.request_building import build_request, check_inputs
from seedbed.llm.response import Response
from seedbed.plugins.class_references import class_named
from seedbed.plugins.fields.build import build
from seedbed.plugins.kinds import PluginKind, kind_of
from seedbed.plugins.names import split_llm_reference
from seedbed.plugins.registry import Registry, current_registry
from seedbed.suggestions import did_you_mean


def _from_reference(reference: str, /, **fields: Any) -> LLM:
    return get_llm(reference, registry=current_registry(), **fields)


_FIELD = ReferenceField("LLM", "openai/gpt-4.1-mini", _from_reference)


class LLM(BaseBackend, GenerationParameters):
    """A backend bound to one model; its fields are what users set.

        llm = get_llm("openai/gpt-4.1-mini", temperature=0.2)
        texts = llm.generate([[{"role": "user", "content": "Name a river."}]], num_generations=2)

    A backend implements `respond` and nothing else: no retries, limits, caching or sleeping. The gateway does
    all of that, for every call of `generate`, `agenerate`, `complete` and `acomplete`. A step declares a
    field `judge: LLM` or `judges: list[LLM]`; users give it references, or `{use: REFERENCE, with: {...}}`.
    """

    reasoning_fields: ClassVar[tuple[str, ...]] = ()
    """Fields that set how much the model reasons; an error names them if it spent all its tokens on that."""

    _no_settings: ClassVar[frozenset[str]] = frozenset(GenerationParameters.model_fields)

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        guard_llm(cls)
        super().__pydantic_init_subclass__(**kwargs)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return _FIELD.core_schema(cls, source, handler)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return _FIELD.json_schema(cls, schema, handler)

    @abstractmethod
    async def respond(self, request: Request) -> Response:
        """Translate the request, ask the model once, translate the answer; raise a typed LLMError.

        Runs on the loop that all calls share, and is cancelled at the time-out. Nothing is asked for that
        `capabilities` doesn't declare; parameters that the model can't take are a UsageError. Any other
        exception becomes an LLMError that names the line.
        """

    @property
    def capabilities(self) -> Capabilities:
        """What this instance can be asked for; plain text in and out unless overridden."""
        return Capabilities()

    @property
    def offered(self) -> Capabilities:
        """The capabilities, worked out once if they can't change any more."""
        return self._kept("_offered", lambda: self.capabilities)

    def estimate_tokens(self, request: Request) -> int:
        """Estimate the tokens of a request before it's sent: prompt and longest answer."""
        # Three characters per token. It only has to be roughly right: limits scale it by what answers report.
        return text_length(request.messages) // 3 + (request.max_tokens or 1024) * request.n

    def request(self, messages: Sequence[Message], n: int = 1, **parameters: Any) -> Request:
        """Return a request with this LLM's own parameters, unless `parameters` set them.

        `parameters` are fields of `GenerationParameters`, and `schema` (JSON Schema or a pydantic class),
        `tools`, `tool_choice`, `raw_prompt`, `explained`, as in `Request`. Raises UsageError for any others
        and for invalid messages.
        """
        return build_request(self, messages, n, parameters)

    async def acomplete(self, messages: Sequence[Message], n: int = 1, **parameters: Any) -> Response:
        """Return the whole response to one input: texts, tool calls, usage, log probabilities.

        `n` is the number of answers; `parameters` are as in `request`. Raises UsageError as that does,
        UnsupportedError for what the backend doesn't declare, and the typed LLMError of the last try.
        """
        request = self.request(messages, n, **parameters)
        return await loop_thread().arun(self._respond(request, self._calling_scope()))

    def complete(self, messages: Sequence[Message], n: int = 1, **parameters: Any) -> Response:
        """Return the whole response to one input; `acomplete`, but blocking.

        Raises LoopThreadError on the loop that answers it, for example in `generate_row` or `format_output`.
        """
        request = self.request(messages, n, **parameters)
        asked = self._respond(request, self._calling_scope())
        return loop_thread().run(asked, twin="acomplete(...)")

    async def agenerate(
        self, inputs: Sequence[Sequence[Message]], num_generations: int = 1, **parameters: Any
    ) -> Generations:
        """Return the texts of `num_generations` answers for each input; the inputs run concurrently.

        If some fail, it raises GenerationError after all inputs have finished; for a single input, that
        input's own error.
        """
        requests = self._requests(inputs, num_generations, parameters)
        return await loop_thread().arun(self._generate(requests, self._calling_scope()))

    def generate(
        self, inputs: Sequence[Sequence[Message]], num_generations: int = 1, **parameters: Any
    ) -> Generations:
        """Return the texts of `num_generations` answers for each input; `agenerate`, but blocking.

        Works in scripts, threads and notebooks. Raises GenerationError as `agenerate` does, and
        LoopThreadError as `complete` does.
        """
        requests = self._requests(inputs, num_generations, parameters)
        asked = self._generate(requests, self._calling_scope())
        return loop_thread().run(asked, twin="agenerate(...)")

    def _requests(
        self, inputs: Sequence[Sequence[Message]], n: int, parameters: Mapping[str, Any]
    ) -> list[Request]:
        # All before the first is sent, so that a mistake in the last one costs nothing.
        check_inputs(inputs)
        return [self.request(messages, n, **parameters) for messages in inputs]

    async def _generate(self, requests: list[Request], scope: CallScope | None) -> Generations:
        return texts_of(await self._answers(requests, scope))


def get_llm(reference: str, /, *, registry: Registry | None = None, **fields: Any) -> LLM:
    """Return the LLM that `backend/model` or `PATH.py:Class/model` names, with `fields` set.

        get_llm("openai/gpt-4.1-mini", temperature=0.2)

    Raises `UsageError` for a reference in another form, `ParameterError` for invalid fields, and the
    `PluginError`s.
    """
    cls, model = llm_class(reference, registry=registry)
    if not model:
        return build(cls, fields, f"the LLM {reference!r}")
    if "model" in fields:
        raise ParameterError(f"the model is given twice: in {reference!r} and as model=")
    return build(cls, {"model": model, **fields}, f"the LLM {reference!r}").referred_to_as(reference)


def llm_class(reference: str, *, registry: Registry | None = None) -> tuple[type[LLM], str]:
    """Return the class and the model that an LLM reference names; `pool` and `fallback` need no model."""
    name, _, model = reference.partition("/")
    kind: PluginKind[LLM] = kind_of("seedbed.llms")
    if name in kind.built_in:
        # Their classes derive from `LLM`, so they're imported when they're used.
        return kind.built_in[name].load(), model
    if not model and (meant := did_you_mean(name, kind.built_in)):
        raise UsageError(f"there is no LLM {reference!r}", *meant, "any other is of the form BACKEND/MODEL")
    backend, model = split_llm_reference(reference)
    return class_named(kind, backend, registry=registry), model
