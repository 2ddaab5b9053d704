"""Loading the LLMs and steps of a run, and unloading them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from seedbed.engine.backend_fields import replace_backends
from seedbed.engine.stopping.cancellation import CANCELLED, is_cancelled
from seedbed.errors import SeedbedError
from seedbed.llm.base_backend import BaseBackend
from seedbed.llm.calling.coroutine import awaitable
from seedbed.llm.calling.gateway import Gateway
from seedbed.llm.calling.loop import off_loop
from seedbed.llm.calling.scope import CallScope
from seedbed.llm.keys.environment_secrets import environment_secrets
from seedbed.llm.keys.file_origin import made_by
from seedbed.llm.keys.held_secrets import secrets_of_step
from seedbed.llm.keys.key_guard import asking
from seedbed.llm.keys.redaction import redact_error, redact_message, showable
from seedbed.plugins.authoring.class_errors import told
from seedbed.tasks.base_step import BaseStep
from seedbed.tracebacks import where

logger = logging.getLogger(__name__)


class Loaded:
    """The LLMs and steps that a process has loaded; their calls go through `gateway`."""

    def __init__(self, gateway: Gateway, seed: int) -> None:
        self._gateway = gateway
        self._seed = seed
        self._steps: list[BaseStep] = []

    async def check(
        self, backends: Iterable[BaseBackend], check_price: Callable[[BaseBackend], None] | None
    ) -> None:
        """Check prices, keys and servers of LLMs; raise a typed error for the first that isn't usable."""
        for llm in backends:
            # Cheap checks first, of all LLMs: nothing is loaded, bought or waited for before they pass.
            with blaming(f"the {llm._noun} '{llm.reference}'", llm.secrets()):
                for leaf in llm._leaves if check_price is not None else ():
                    await asyncio.to_thread(check_price, leaf)  # type: ignore[arg-type]
                for leaf in llm._leaves:
                    if leaf.key_env_var is not None:
                        leaf.resolve_key()
                with asking(llm):
                    await awaitable(llm.check(), llm, "check")

    async def load(self, backends: Iterable[BaseBackend], steps: Iterable[BaseStep]) -> None:
        """Load LLMs and then steps, which get views of their LLMs."""
        for llm in backends:
            with blaming(f"the {llm._noun} '{llm.reference}'", llm.secrets()):
                await asyncio.to_thread(llm.ensure_loaded)
        for step in steps:
            replace_backends(step, self._views_for(step))
            # A step from a file may make its LLM while it loads, from what the file says: that LLM gets no
            # keys that the user hasn't allowed for the file's hosts.
            secrets = [*secrets_of_step(step), *environment_secrets()]
            with blaming(f"step '{step.name}'", secrets), made_by(step._origin):
                await asyncio.to_thread(step.load)
            self._steps.append(step)

    def _views_for(self, step: BaseStep) -> Callable[[BaseBackend], BaseBackend]:
        scope = CallScope(self._seed, step.name, "")
        return lambda llm: llm.bound(self._gateway, scope)

    async def unload(self) -> None:
        """Unload the steps that were loaded, the last one first; log what can't be unloaded."""
        while self._steps:
            step = self._steps.pop()
            try:
                await off_loop(step.unload)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - the rows are made: too late to fail
                place = where(error)
                raised = f"\n  raised in {place}" if place else ""
                fact = redact_message(told(error).fact, [*secrets_of_step(step), *environment_secrets()])
                logger.warning("step '%s' could not be unloaded: %s%s", step.name, fact, raised)


@contextmanager
def blaming(what: str, secrets: Iterable[str] = ()) -> Iterator[None]:
    """Name whose code raised an error that isn't ours, and keep secrets out of the message."""
    try:
        yield
    except SeedbedError as error:
        redact_error(error, secrets)
        raise
    except (Exception, *CANCELLED) as error:
        if isinstance(error, CANCELLED) and is_cancelled():
            raise
        fact, advice = told(error)
        place = where(error)
        lines = (*((f"raised in {place}",) if place else ()), *advice)
        raise SeedbedError(
            f"{what} could not be loaded: {redact_message(fact, secrets)}",
            *(redact_message(line, secrets) for line in lines),
        ) from showable(error, secrets)
