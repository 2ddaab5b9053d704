"""What LLMs and embedders share: how a backend is loaded, and how calls reach it."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, Self, TypeVar

from pydantic import PrivateAttr

from seedbed.llm.backend_settings import BackendSettings
from seedbed.llm.batch_bounds import BatchBounds
from seedbed.llm.calling.gateway import Gateway, default_gateway
from seedbed.llm.calling.scope import CallScope, calling_scope
from seedbed.llm.capabilities import Capabilities
from seedbed.llm.model_loading import Loading
from seedbed.llm.request import Request, own_copy
from seedbed.llm.resources import Resources
from seedbed.llm.response import Response
from seedbed.plugins.fields.build import build
from seedbed.plugins.fields.copies import copied

T = TypeVar("T")

_PLAIN = Capabilities()


class BaseBackend(BackendSettings):
    """A backend bound to one model: what `LLM` and `Embedder` have in common."""

    _is_journalled: ClassVar[bool] = True
    """Whether a run keeps the answers, so that they're never bought again."""

    _loading: Loading = PrivateAttr(default_factory=Loading)
    _gateway: Gateway | None = PrivateAttr(default=None)
    _scope: CallScope | None = PrivateAttr(default=None)
    _limits_key: tuple[str, str] | None = PrivateAttr(default=None)
    _offered: Capabilities | None = PrivateAttr(default=None)
    _resources_declared: Resources | None = PrivateAttr(default=None)
    _elsewhere: Callable[[Request], Awaitable[Response]] | None = PrivateAttr(default=None)

    @abstractmethod
    async def respond(self, request: Request) -> Response:
        """Ask the model once; raise a typed LLMError."""

    @abstractmethod
    def estimate_tokens(self, request: Request) -> int:
        """Estimate the tokens of a request before it's sent."""

    async def check(self) -> None:
        """Raise a typed LLMError if it's clear, at no cost, that requests will fail; runs call it first."""

    def load(self) -> None:
        """Prepare the model: read files, start processes. Called once, before the first request."""

    def unload(self) -> None:
        """Release what `load` took; the next request loads again. An override calls `super().unload()`."""
        self._loading.done = False
        # The environment may have another key by then.
        self._key = None

    def ensure_loaded(self) -> None:
        """Load the model unless it's loaded; safe to call from several threads."""
        self._private("_loading").ensure(self)

    @property
    def offered(self) -> Capabilities:
        """What may be asked for, besides text."""
        return _PLAIN

    @property
    def needed_packages(self) -> dict[str, str]:
        """Packages that not every model of its distribution needs, by what `import` calls them.

        The values are what `pip install` calls them, so that `seedbed check` can say it:
        `{"PIL": "acme[images]"}`.
        """
        return {}

    @property
    def slots(self) -> int | None:
        """How many calls the backend can serve at once; None if that's up to the server."""
        return None

    @property
    def price_id(self) -> str | None:
        """`provider/model` under which prices are listed, "free" if calls cost nothing, None if unknown."""
        return None

    def with_resources(self, **needed: Any) -> Self:
        """Declare what the process needs that loads it, and return it; see `Resources`.

            get_llm("llamacpp/qwen3-4b").with_resources(gpus=1, replicas=2)

        Engines that choose a machine for it go by that; the built-in engine loads everything where it is.
        Answers don't depend on it. Raises ParameterError for what doesn't fit.
        """
        what = f"the resources of the {self._noun} '{self.reference}'"
        self._resources_declared = build(Resources, needed, what)
        return self

    @property
    def limits_key(self) -> tuple[str, str]:
        """Endpoint and credential: limits are kept for each pair."""
        return self._kept("_limits_key", lambda: (self.endpoint, self.credential_id))

    @property
    def _writer(self) -> str:
        """The model's name in the row that is being made: another one's if that answered instead."""
        return self.model_name

    @property
    def _leaves(self) -> tuple[BaseBackend, ...]:
        """The backends that are asked in the end: itself, or the members of a group."""
        return (self,)

    @property
    def _pooled(self) -> tuple[BaseBackend, ...]:
        """The endpoints among which the sender chooses for each call; none if there's just this one."""
        return ()

    @property
    def _is_sticky(self) -> bool:
        """Whether a pool sends equal prefixes to one endpoint."""
        return False

    @property
    def _batch_bounds(self) -> BatchBounds | None:
        """What a request may hold if those of several calls are sent as one; None if they're never."""
        return None

    def bound(self, gateway: Gateway, scope: CallScope | None) -> Self:
        """Return a copy whose calls go through `gateway`, and count in `scope` if no row makes them."""
        # A copy, so that a run's limits and journal don't reach the same LLM outside of the run. It shares
        # the loaded model.
        view = copied(self)
        view._gateway = gateway
        view._scope = scope
        # Kept values are the view's own: fields may have been set since.
        view._identity = None
        view._limits_key = None
        view._offered = None
        view._key = None
        return view

    def _kept(self, name: str, work_out: Callable[[], T]) -> T:
        """Return a value that is worked out once for a run's own view, which doesn't change any more."""
        value: T | None = self._private(name)
        if value is None:
            value = work_out()
            # An LLM in a notebook may get another `base_url` between two calls, so it's worked out again.
            if self._private("_gateway") is not None:
                setattr(self, name, value)
        return value

    def _calling_scope(self) -> CallScope | None:
        """Return the scope of a call that is made here.

        It's taken where the author calls, since the loop that sends the call has another context.
        """
        scope: CallScope | None = self._private("_scope")
        return calling_scope(scope)

    def _ask_once(self, request: Request) -> Awaitable[Response]:
        """Ask the model once: here, or where a run has loaded it instead."""
        elsewhere = self._private("_elsewhere")
        # Its own for each try: a backend that rewrites messages in place would otherwise send them rewritten
        # twice when it's asked again, and change what the author's next turn says.
        own = own_copy(request)
        return self.respond(own) if elsewhere is None else elsewhere(own)

    async def _respond(self, request: Request, scope: CallScope | None) -> Response:
        """Load the model if need be, and return its answer through the gateway; raise a typed LLMError."""
        # In a thread: a model of gigabytes would block every other call while it's read.
        if not self._private("_loading").done:
            await asyncio.to_thread(self.ensure_loaded)
        gateway = self._private("_gateway") or default_gateway()
        if scope is None:
            return await gateway.respond(self, request, None)
        scope.asking += 1
        try:
            return await gateway.respond(self, request, scope)
        finally:
            scope.end_call()

    async def _answers(
        self, requests: list[Request], scope: CallScope | None
    ) -> list[Response | BaseException]:
        """Return the answers to several requests, or errors in their places."""
        asked = [self._respond(one, scope) for one in requests]
        if scope is None:
            return await asyncio.gather(*asked, return_exceptions=True)
        # The tasks of one call aren't the author's, so they get no scopes of their own: inputs count in
        # order.
        scope.asking += 1
        try:
            return await asyncio.gather(*asked, return_exceptions=True)
        finally:
            scope.end_call()
