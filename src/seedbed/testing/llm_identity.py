"""The contract of a backend, fifth part: what it says of itself is stable, and shows no key."""

from __future__ import annotations

import copy
import logging
import pickle
import traceback
from typing import ClassVar

import pytest

from seedbed.llm.llm import LLM
from seedbed.testing.import_cost import is_importable, modules_loaded
from seedbed.testing.llm_facts import KEY, PATIENCE, LLMFacts, ask, start
from seedbed.testing.scripted_server import Reply, ScriptedServer
from seedbed.testing.wire import Refusal

GIVEN = "from seedbed import LLM, get_json, post_json, parse_body"
"""What every backend may import: its cost is Seedbed's own."""

REMEDY = "the key is shown: declare the field that holds it as SecretStr"


class LLMIdentityContract(LLMFacts):
    """What a backend says of itself holds still, shows no key, and costs nothing before it is used."""

    import_budget: ClassVar[int] = 200
    """How many modules the backend's own may import beyond Seedbed's; an SDK has hundreds."""

    def test_it_is_the_same_for_the_same_fields(self) -> None:
        """Two instances with equal fields are one to limits, journals and prices.

        Otherwise limits are learnt twice, and a run that is resumed pays again for what it has.
        """
        first, second = (self._standing() for _ in "ab")
        assert _identity(first) == _identity(second)
        assert isinstance(first.model_name, str)
        assert first.model_name

    def test_another_key_is_another_credential(self, server: ScriptedServer) -> None:
        """The credential's identity is that of the key: equal for equal keys, another for another.

        Limits are kept for each, since providers count by key.
        """
        first, second = self.llm_at(server), self.llm_at(server, key="sk-contract-another-key")
        assert first.credential_id != second.credential_id
        assert first.identity == second.identity, "an answer does not depend on the key"

    def test_the_key_is_in_no_identity(self, llm: LLM, server: ScriptedServer) -> None:
        """No key in names, endpoint, identity or settings.

        They are stored with the rows, and datasets are published.
        """
        ask(llm)
        assert KEY not in f"{_identity(llm)} {llm.reference} {llm.answer_settings}", REMEDY

    def test_the_key_is_in_no_repr(self, llm: LLM, server: ScriptedServer) -> None:
        """No key in `repr`, `str` or a dump of the instance, before and after a call.

        They end up in notebooks, tickets and logs.
        """
        for _ in range(2):
            shown = f"{llm!r} {llm!s} {llm.model_dump()} {llm.model_dump(mode='json')}"
            assert KEY not in shown, REMEDY
            ask(llm)

    def test_the_key_is_in_no_pickle(self, llm: LLM, server: ScriptedServer) -> None:
        """A pickle of the instance has no key, or cannot be made.

        Pickles are written to caches and sent to other machines.
        """
        ask(llm)
        try:
            pickled = pickle.dumps(llm)
        except Exception:  # noqa: BLE001 - that it cannot be made is enough
            return
        assert KEY.encode() not in pickled, REMEDY

    def test_the_key_is_in_no_error(self, llm: LLM, server: ScriptedServer) -> None:
        """No key in an error, its repr or its traceback, although the server quotes it.

        `secrets()` must know every key: the gateway takes out what it names.
        """
        for reply in self._replies_that_quote_the_key():
            server.answer_with(reply)
            if error := start(llm).exception(PATIENCE):
                shown = "".join(traceback.format_exception(error))
                assert KEY not in f"{shown} {error!r} {error.args}", f"{REMEDY}, or name it in `secrets()`"

    def test_the_key_is_in_no_log(
        self, llm: LLM, server: ScriptedServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        """No key in the log, at any level, of an answered and of a failed call.

        Logs are kept for long, and shown to many.
        """
        caplog.set_level(logging.DEBUG)
        ask(llm)
        server.answer_with(*self._replies_that_quote_the_key())
        start(llm).exception(PATIENCE)
        assert KEY not in caplog.text, "the key is in the log"

    def test_making_one_sends_nothing(self, llm: LLM, server: ScriptedServer) -> None:
        """Making an instance and asking what it is sends no request: the first call does.

        A pipeline is checked before anything is paid for, and shown in places without a network.
        """
        _ = (_identity(llm), llm.capabilities, repr(llm))
        copy.copy(llm)
        assert server.count == 0
        ask(llm)
        assert server.count == 1

    def test_its_module_imports_no_sdk(self) -> None:
        """Importing the class loads few modules: an SDK is imported in `load`, or not at all.

        It is imported to be listed, checked and shown, by everyone who has it installed.
        """
        module = self.llm_class.__module__
        if not is_importable(module):
            pytest.skip("the class does not declare a module of its own: it is made in a test")
        loaded = modules_loaded(f"import {module}", given=GIVEN)
        packages = sorted({name.partition(".")[0] for name in loaded})
        assert len(loaded) <= self.import_budget, f"'{module}' loads {len(loaded)} modules: {packages}"

    def _standing(self) -> LLM:
        if self.wire is None:
            return self.new_llm()
        return self.new_llm(**self.wire.fields("http://127.0.0.1:9", KEY))

    def _replies_that_quote_the_key(self) -> list[Reply]:
        refusals = (Refusal(status, f"the key {KEY} is wrong") for status in (400, 401, 429, 500))
        page = f"<html><title>{KEY}</title></html>"
        return [*map(self.protocol.refusal, refusals), Reply(200, page), Reply(502, page)]


def _identity(llm: LLM) -> tuple[object, ...]:
    return (llm.identity, llm.model_name, llm.endpoint, llm.credential_id, llm.price_id, llm.limits_key)
