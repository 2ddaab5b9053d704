"""The contract of a backend, part five: its identity is stable, and it never shows its key."""

from __future__ import annotations

import asyncio
import copy
import functools
import logging
import pickle
import sys
import traceback
from typing import Any, ClassVar

import pytest

from seedbed.errors import SeedbedError
from seedbed.llm.base_backend import BaseBackend
from seedbed.llm.calling.coroutine import awaitable
from seedbed.llm.calling.loop import loop_thread
from seedbed.testing.backends.llm_facts import KEY, PATIENCE, LLMFacts, ask, start
from seedbed.testing.packages.import_cost import is_importable, modules_loaded
from seedbed.testing.servers.exchange import Reply
from seedbed.testing.servers.scripted_server import ScriptedServer
from seedbed.testing.servers.wire import Refusal

GIVEN = "from seedbed import LLM, get_json, post_json, parse_body"
"""What every backend may import: this cost is Seedbed's own."""

REMEDY = "the key is shown: declare the field that holds it as SecretStr"


class LLMIdentityContract(LLMFacts):
    """A backend's identity is stable, shows no key, and costs nothing before the backend is used."""

    import_budget: ClassVar[int] = 200
    """How many modules the backend's module may import on top of Seedbed's; an SDK imports hundreds."""

    def test_it_is_the_same_for_the_same_fields(self) -> None:
        """Two instances with equal fields have the same identity, for limits, journals and prices.

        Otherwise limits are learned twice, and a resumed run pays again for answers that it has.
        """
        first, second = (self._standing() for _ in "ab")
        assert _identity(first) == _identity(second), (
            "identity, model_name, endpoint, credential_id, price_id and limits_key must depend on fields"
        )
        assert isinstance(first.model_name, str), "model_name must be text"
        assert first.model_name, "model_name is empty"

    def test_the_fields_that_it_names_exist(self) -> None:
        """Each name in `connection_fields` and `reasoning_fields` is the name of a field.

        If one is misspelt, a run at another address pays again for answers that it has.
        """
        cls = self.llm_class
        named = {*cls.connection_fields, *getattr(cls, "reasoning_fields", ())}
        unknown = sorted(named - {*cls.model_fields})
        assert not unknown, f"there are no such fields: {', '.join(unknown)}"

    def test_its_check_ends_or_raises_a_typed_error(self, llm: BaseBackend) -> None:
        """`check` returns, or raises one of Seedbed's errors.

        Each run calls it before its first row, and shows what it raises.
        """
        checking = asyncio.run_coroutine_threadsafe(_checked(llm), loop_thread().loop)
        try:
            error = checking.exception(self.patience)
        except TimeoutError:
            pytest.fail(f"`check` has not ended after {self.patience:g} s: give what it asks a `timeout`")
        assert error is None or isinstance(error, SeedbedError), (
            f"`check` raised {error!r}, which isn't one of Seedbed's errors"
        )

    def test_another_key_is_another_credential(self, server: ScriptedServer) -> None:
        """`credential_id` depends on the key: the same for equal keys, different for different ones.

        Seedbed keeps limits per key, as providers do.
        """
        first, second = self.llm_at(server), self.llm_at(server, key="sk-contract-another-key")
        assert first.credential_id != second.credential_id, (
            "two keys have one credential_id: derive it from the key"
        )
        assert first.identity == second.identity, "an answer does not depend on the key"

    def test_the_key_is_in_no_identity(self, llm: BaseBackend, server: ScriptedServer) -> None:
        """The key is not in names, endpoint, identity or settings.

        These are stored with the rows, and people publish datasets.
        """
        ask(llm)
        assert KEY not in f"{_identity(llm)} {llm.reference} {llm.answer_settings}", REMEDY

    def test_the_key_is_in_no_repr(self, llm: BaseBackend, server: ScriptedServer) -> None:
        """The key is not in `repr`, `str` or a dump of the instance, before and after a call.

        These end up in notebooks, tickets and logs.
        """
        for _ in range(2):
            shown = f"{llm!r} {llm!s} {llm.model_dump()} {llm.model_dump(mode='json')}"
            assert KEY not in shown, REMEDY
            ask(llm)

    def test_the_key_is_in_no_pickle(self, llm: BaseBackend, server: ScriptedServer) -> None:
        """A pickle of the instance, before and after a call, doesn't have the key, or can't be made.

        Pickles are written to caches and sent to other machines.
        """
        for _ in range(2):
            assert KEY.encode() not in _pickled(llm), REMEDY
            ask(llm)

    def test_the_key_is_in_no_error(self, llm: BaseBackend, server: ScriptedServer) -> None:
        """The key is not in an error, its repr or its traceback, even if the server quotes it.

        `secrets()` must return every key: the gateway removes them from errors.
        """
        for reply in self._replies_that_quote_the_key():
            server.answer_with(reply)
            if error := start(llm).exception(PATIENCE):
                shown = "".join(traceback.format_exception(error))
                assert KEY not in f"{shown} {error!r} {error.args}", f"{REMEDY}, or name it in `secrets()`"

    def test_the_key_is_in_no_log(
        self, llm: BaseBackend, server: ScriptedServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The key is not in the log, at any level, neither for answered nor for failed calls.

        Logs are kept for a long time and seen by many people.
        """
        caplog.set_level(logging.DEBUG)
        ask(llm)
        server.answer_with(*self._replies_that_quote_the_key())
        start(llm).exception(PATIENCE)
        assert KEY not in caplog.text, "the key is in the log: do not log requests or their headers"

    def test_making_one_sends_nothing(self, llm: BaseBackend, server: ScriptedServer) -> None:
        """Making an instance and reading its properties sends no request; only a call does.

        Pipelines are checked before anything is paid for, and shown on machines without a network.
        """
        _ = (_identity(llm), llm.offered, repr(llm))
        copy.copy(llm)
        assert server.count == 0, "a request was sent before the first call: connect in `load`"
        ask(llm)
        assert server.count == 1, f"the first call sent {server.count} requests"

    def test_its_module_imports_no_sdk(self) -> None:
        """Importing the class loads few modules: import an SDK in `load`, or not at all.

        Everyone who has the backend installed imports it, just to list, check or show it.
        """
        module = self.llm_class.__module__
        if not is_importable(module):
            pytest.skip("the class does not declare a module of its own: it is made in a test")
        loaded = _loaded(module, tuple(sys.path))
        packages = sorted({name.partition(".")[0] for name in loaded})
        assert len(loaded) <= self.import_budget, (
            f"'{module}' loads {len(loaded)} modules, of {packages}: import them in `load`"
        )

    def _standing(self) -> Any:
        if self.wire is None:
            return self.new_llm()
        return self.new_llm(**self.wire.fields("http://127.0.0.1:9", KEY))

    def _replies_that_quote_the_key(self) -> list[Reply]:
        refusals = (Refusal(status, f"the key {KEY} is wrong") for status in (400, 401, 429, 500))
        page = f"<html><title>{KEY}</title></html>"
        return [*map(self.protocol.refusal, refusals), Reply(200, page), Reply(502, page)]


@functools.cache
def _loaded(module: str, path: tuple[str, ...]) -> list[str]:
    # A process of its own takes a third of a second, and a module may have several classes.
    return modules_loaded(f"import {module}", given=GIVEN)


async def _checked(llm: BaseBackend) -> None:
    await awaitable(llm.check(), llm, "check")


def _identity(llm: BaseBackend) -> tuple[object, ...]:
    return (llm.identity, llm.model_name, llm.endpoint, llm.credential_id, llm.price_id, llm.limits_key)


def _pickled(llm: BaseBackend) -> bytes:
    try:
        return pickle.dumps(llm)
    except Exception:  # noqa: BLE001 - an instance that can't be pickled leaks nothing
        return b""
