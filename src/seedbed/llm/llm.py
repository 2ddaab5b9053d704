"""A language model of one backend: what backend authors subclass and callers use."""

from __future__ import annotations

import asyncio
import hashlib
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Self, TypeVar

from pydantic import ConfigDict, Field, PrivateAttr, SecretStr
from pydantic_core import to_jsonable_python

from seedbed.errors import UsageError
from seedbed.llm.calling.gateway import Gateway, default_gateway
from seedbed.llm.calling.loop import loop_thread
from seedbed.llm.calling.scope import CallScope, calling_scope
from seedbed.llm.capabilities import Capabilities
from seedbed.llm.generations import Generations, texts_of
from seedbed.llm.guarded import guard_llm
from seedbed.llm.json_text import json_text
from seedbed.llm.keys.file_origin import FileOrigin, current_origin
from seedbed.llm.keys.key_guard import find_key, untrusted_host
from seedbed.llm.keys.key_source import KeySource
from seedbed.llm.keys.url_secrets import redacted_urls, url_secrets
from seedbed.llm.messages import Message, check_messages, check_raw_prompt, text_length
from seedbed.llm.model_loading import Loading
from seedbed.llm.parameters import GenerationParameters
from seedbed.llm.request import Request
from seedbed.llm.response import Response
from seedbed.llm.schemas.structured import shared_schema
from seedbed.plugins.copies import copied
from seedbed.plugins.defaults import check_defaults
from seedbed.plugins.names import kebab_case
from seedbed.suggestions import did_you_mean

T = TypeVar("T")

_CALL_PARAMETERS = frozenset(GenerationParameters.model_fields) | {
    "schema",
    "tools",
    "tool_choice",
    "raw_prompt",
}


class LLM(GenerationParameters, ABC):
    """A backend bound to one model; its fields are what users set.

    A backend implements `respond` and nothing else: no retries, limits, caching or sleeping. Those are
    the gateway's, through which every call of `generate`, `agenerate` and `acomplete` goes.
    """

    model_config = ConfigDict(extra="forbid", protected_namespaces=(), hide_input_in_errors=True)

    backend: ClassVar[str] = ""
    """The backend's registered name; made from the class's name where a backend says nothing."""

    connection_fields: ClassVar[frozenset[str]] = frozenset({"timeout"})
    """Fields that say how to reach the model and not what it answers: changing them makes no answer void."""

    reasoning_fields: ClassVar[tuple[str, ...]] = ()
    """Fields that set how much the model reasons, named where it spent all its tokens on that."""

    key_env_var: ClassVar[str | None] = None
    """The environment variable of the key. Where a backend names one, `resolve_key()` is the key."""

    needs_key: ClassVar[bool] = True
    """Whether requests without a key are refused, where there is a `key_env_var`."""

    provider_hosts: ClassVar[tuple[str, ...]] = ()
    """The provider's own hosts, `api.acme.com` or `*.acme.com`: a key may go there whatever a file says."""

    base_url_env_var: ClassVar[str | None] = None
    """The environment variable that names another server, which may have the key of the environment too."""

    model: str = Field(min_length=1, description="The model, as the backend names it.")
    timeout: float = Field(default=300.0, gt=0, description="Seconds that one answer may take.")
    api_key: SecretStr | None = Field(
        default=None, description="The key; if unset, that of the backend's environment variable."
    )

    _loading: Loading = PrivateAttr(default_factory=Loading)
    _reference: str = PrivateAttr(default="")
    _gateway: Gateway | None = PrivateAttr(default=None)
    _scope: CallScope | None = PrivateAttr(default=None)
    _identity: bytes | None = PrivateAttr(default=None)
    _limits_key: tuple[str, str] | None = PrivateAttr(default=None)
    _offered: Capabilities | None = PrivateAttr(default=None)
    _key: SecretStr | None = PrivateAttr(default=None)
    _origin: FileOrigin | None = PrivateAttr(default_factory=current_origin)

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        guard_llm(cls)
        check_defaults(cls)
        if not cls.backend:
            cls.backend = kebab_case(cls.__name__.removesuffix("LLM") or cls.__name__)

    @abstractmethod
    async def respond(self, request: Request) -> Response:
        """Translate the request, ask the model once, translate the answer; raise a typed LLMError.

        Runs on the loop that all calls share, and is cancelled at the time-out. What is not declared in
        `capabilities` is not asked for; parameters that the model cannot take are a UsageError. What else is
        raised becomes an LLMError that names the line.
        """

    @property
    def capabilities(self) -> Capabilities:
        """What this instance can be asked for; plain text in and out unless overridden."""
        return Capabilities()

    @property
    def model_name(self) -> str:
        """The model's name, as it stands in the rows."""
        return self.model

    @property
    def reference(self) -> str:
        """What users write for this LLM: `backend/model`."""
        return self._reference or f"{self.backend}/{self.model}"

    def referred_to_as(self, reference: str) -> Self:
        """Have messages call this LLM by the reference that a user wrote."""
        self._reference = reference
        return self

    @property
    def endpoint(self) -> str:
        """Where requests go, without any secret; calls to one endpoint share its limits."""
        return self.backend

    @property
    def credential_id(self) -> str:
        """A digest of the credential, never the credential: limits are kept for each."""
        key = self.resolve_key() if self.key_env_var else ""
        return hashlib.sha256(key.encode()).hexdigest()[:16] if key else ""

    @property
    def key_source(self) -> KeySource:
        """Where this instance's key comes from; made of `key_env_var` and its like unless overridden."""
        return KeySource(self.key_env_var, self.needs_key, self.provider_hosts, self.base_url_env_var)

    @classmethod
    def key_sources(cls) -> tuple[KeySource, ...]:
        """Return the sources of keys that instances may have, as `seedbed plugins show` lists them."""
        if cls.key_env_var is None:
            return ()
        return (KeySource(cls.key_env_var, cls.needs_key, cls.provider_hosts, cls.base_url_env_var),)

    @classmethod
    def takes_key(cls) -> bool:
        """Whether `api_key` means something to the backend: it names a variable, or has the field itself."""
        own = cls.model_fields["api_key"].description != LLM.model_fields["api_key"].description
        return cls.key_env_var is not None or own

    @property
    def origin(self) -> FileOrigin | None:
        """The pipeline file that describes this LLM, or None where code or the user's own words do."""
        origin: FileOrigin | None = self._private("_origin")
        return origin

    @property
    def untrusted_host(self) -> str | None:
        """The host that a file has this LLM ask and that may have no secret of the user's, or None.

        A backend that finds credentials on its own sends none then.
        """
        return untrusted_host(self)

    def resolve_key(self) -> str:
        """Return the key to send: the field `api_key`, else that of `key_env_var`; '' where none is needed.

        Raises AuthenticationError that names the variable where there is none, and UsageError where a file
        would have a key of the environment sent to a host of its choice.
        """
        key: SecretStr | None = self._private("_key")
        if key is None:
            key = self._key = SecretStr(find_key(self))
        return key.get_secret_value()

    @property
    def slots(self) -> int | None:
        """How many calls the backend can serve at once; None where that is the server's affair."""
        return None

    @property
    def price_id(self) -> str | None:
        """`provider/model` under which prices are listed, or None."""
        return None

    @property
    def answer_settings(self) -> dict[str, Any]:
        """The fields that shape answers and are not part of a request, as JSON values; never a secret."""
        own = type(self).model_fields.keys() - GenerationParameters.model_fields.keys()
        own -= {"model", *type(self).connection_fields}
        given = {name: getattr(self, name) for name in sorted(own)}
        values = {
            name: redacted_urls(value) if isinstance(value, str) else value for name, value in given.items()
        }
        return {
            name: to_jsonable_python(value, fallback=lambda _: None)
            for name, value in values.items()
            if value is not None and not isinstance(value, SecretStr)
        }

    @property
    def identity(self) -> bytes:
        """Backend, model and settings as bytes: what an answer depends on beside its request."""
        identity: bytes | None = self._private("_identity")
        if identity is None:
            identity = json_text([self.backend, self.model_name, self.answer_settings])
            self._identity = identity
        return identity

    @property
    def limits_key(self) -> tuple[str, str]:
        """Endpoint and credential, which limits are kept for."""
        return self._kept("_limits_key", lambda: (self.endpoint, self.credential_id))

    @property
    def offered(self) -> Capabilities:
        """The capabilities, worked out once where they cannot change any more."""
        return self._kept("_offered", lambda: self.capabilities)

    def estimate_tokens(self, request: Request) -> int:
        """Estimate the tokens of a request before it is sent: prompt and longest answer."""
        return text_length(request.messages) // 3 + (request.max_tokens or 1024) * request.n

    def secrets(self) -> tuple[str, ...]:
        """Return what must never be shown: SecretStr fields, the key, secrets in URLs. An override adds."""
        values = vars(self).values()
        fields = tuple(value.get_secret_value() for value in values if isinstance(value, SecretStr))
        source = self.key_source
        urls = [value for value in values if isinstance(value, str) and "://" in value]
        urls.append(os.environ.get(source.base_url_env_var or "", ""))
        fields += tuple(secret for url in urls for secret in url_secrets(url))
        known: SecretStr | None = self._private("_key")
        key = known.get_secret_value() if known else os.environ.get(source.env_var or "", "").strip()
        return (*fields, key) if key and key not in fields else fields

    def load(self) -> None:
        """Make the model ready: read files, start what must run. Called once, before the first request."""

    def unload(self) -> None:
        """Give back what `load` took; the next request loads again. An override calls `super().unload()`."""
        self._loading.done = False
        # Another key may be in the environment by then.
        self._key = None

    async def check(self) -> None:
        """Raise a typed LLMError where it shows without cost that requests must fail; a run asks first."""

    def request(self, messages: Sequence[Message], n: int = 1, **parameters: Any) -> Request:
        """Return a request with this LLM's own parameters where `parameters` says nothing.

        `parameters` are fields of `GenerationParameters`, and `schema` (JSON Schema or a pydantic class),
        `tools`, `tool_choice`, `raw_prompt`. Raises UsageError for others and for messages that are none.
        """
        if n < 1:
            raise UsageError(f"cannot make {n} generations", "num_generations is 1 or more")
        # One of its own: a request can be pickled then, and no backend that changes it reaches another.
        merged = {"extra": {}, **self.given()}
        for name, value in parameters.items():
            if name not in _CALL_PARAMETERS:
                raise UsageError(f"unknown parameter '{name}'", *did_you_mean(name, _CALL_PARAMETERS))
            if value is not None:
                merged[name] = value
        if "stop" in merged:
            merged["stop"] = (merged["stop"],) if isinstance(merged["stop"], str) else tuple(merged["stop"])
        if "schema" in merged:
            merged["schema"] = shared_schema(merged["schema"])
        if "tools" in merged:
            merged["tools"] = tuple(merged["tools"])
        checked = check_messages(messages)
        if merged.get("raw_prompt"):
            check_raw_prompt(checked, merged)
        return Request(messages=checked, n=n, **merged)

    async def acomplete(self, messages: Sequence[Message], n: int = 1, **parameters: Any) -> Response:
        """Return the whole response to one input: texts, tool calls, usage, log probabilities.

        `n` answers; `parameters` as in `request`. Raises UsageError as that does, UnsupportedError for
        what the backend does not declare, and the typed LLMError of the last try.
        """
        request = self.request(messages, n, **parameters)
        return await loop_thread().arun(self._respond(request, self._calling_scope()))

    def complete(self, messages: Sequence[Message], n: int = 1, **parameters: Any) -> Response:
        """Return the whole response to one input; the blocking twin of `acomplete`.

        Raises LoopThreadError on the loop that answers it, as in `generate_row` or `format_output`.
        """
        request = self.request(messages, n, **parameters)
        asked = self._respond(request, self._calling_scope())
        return loop_thread().run(asked, twin="acomplete(...)")

    async def agenerate(
        self, inputs: Sequence[Sequence[Message]], num_generations: int = 1, **parameters: Any
    ) -> Generations:
        """Return the texts of `num_generations` answers for each input; the inputs run concurrently.

        Raises GenerationError, after all inputs have finished, where some failed; of a single input, its
        own error.
        """
        requests = self._requests(inputs, num_generations, parameters)
        return await loop_thread().arun(self._generate(requests, self._calling_scope()))

    def generate(
        self, inputs: Sequence[Sequence[Message]], num_generations: int = 1, **parameters: Any
    ) -> Generations:
        """Return the texts of `num_generations` answers for each input; `agenerate`, blocking.

        Works in scripts, threads and notebooks. Raises GenerationError as `agenerate` does, and
        LoopThreadError as `complete` does.
        """
        requests = self._requests(inputs, num_generations, parameters)
        asked = self._generate(requests, self._calling_scope())
        return loop_thread().run(asked, twin="agenerate(...)")

    def bound(self, gateway: Gateway, scope: CallScope | None) -> Self:
        """Return this LLM with its calls sent through `gateway`, those of unknown row counted in `scope`."""
        view = copied(self)
        view._gateway = gateway
        view._scope = scope
        view._identity = None
        view._limits_key = None
        view._offered = None
        view._key = None
        return view

    def ensure_loaded(self) -> None:
        """Load the model unless that is done; safe to call from several threads."""
        self._private("_loading").ensure(self)

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        for name, value in super().__repr_args__():
            yield name, redacted_urls(value) if isinstance(value, str) else value

    def _kept(self, name: str, work_out: Callable[[], T]) -> T:
        """Return what is worked out once for a run's own view, which does not change any more."""
        value: T | None = self._private(name)
        if value is None:
            value = work_out()
            if self._private("_gateway") is not None:
                setattr(self, name, value)
        return value

    def _private(self, name: str) -> Any:
        """Return a private attribute in 0.03 us where pydantic's own way takes 1.2."""
        assert self.__pydantic_private__ is not None
        return self.__pydantic_private__[name]

    def _requests(
        self, inputs: Sequence[Sequence[Message]], n: int, parameters: Mapping[str, Any]
    ) -> list[Request]:
        if isinstance(inputs, str | Mapping) or any(isinstance(item, str | Mapping) for item in inputs):
            raise UsageError(
                "inputs must be a list of conversations, each a list of messages",
                'write inputs=[[{"role": "user", "content": "..."}]]',
            )
        return [self.request(messages, n, **parameters) for messages in inputs]

    def _calling_scope(self) -> CallScope | None:
        """Return whose calls are made here: taken where the author asks, and not where the call is sent."""
        scope: CallScope | None = self._private("_scope")
        return calling_scope(scope)

    async def _respond(self, request: Request, scope: CallScope | None) -> Response:
        if not self._private("_loading").done:
            await asyncio.to_thread(self.ensure_loaded)
        gateway = self._private("_gateway") or default_gateway()
        if scope is None:
            return await gateway.respond(self, request, None)
        scope.asking += 1
        try:
            return await gateway.respond(self, request, scope)
        finally:
            scope.asking -= 1

    async def _answers(
        self, requests: list[Request], scope: CallScope | None
    ) -> list[Response | BaseException]:
        asked = [self._respond(one, scope) for one in requests]
        if scope is None:
            return await asyncio.gather(*asked, return_exceptions=True)
        # The tasks of one call are no tasks of the author's: its inputs are counted in their order.
        scope.asking += 1
        try:
            return await asyncio.gather(*asked, return_exceptions=True)
        finally:
            scope.asking -= 1

    async def _generate(self, requests: list[Request], scope: CallScope | None) -> Generations:
        return texts_of(await self._answers(requests, scope))
