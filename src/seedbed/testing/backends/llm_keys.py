"""The contract of a backend, part six: the key comes from its variable, and goes only to allowed hosts."""

from __future__ import annotations

from typing import Any

import pytest

from seedbed.errors import AuthenticationError, UsageError
from seedbed.llm.base_backend import BaseBackend
from seedbed.llm.keys.file_origin import made_in_file
from seedbed.testing.backends.llm_facts import KEY, PATIENCE, LLMFacts, ask, only, start
from seedbed.testing.servers.scripted_server import ScriptedServer

STRANGER = "http://stranger.invalid:1"


class LLMKeyContract(LLMFacts):
    """If a backend has a `key_env_var`, Seedbed reads its key, and `resolve_key()` returns it."""

    def test_the_key_is_that_of_its_variable(
        self, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Without the field `api_key`, the backend sends the key from its environment variable.

        `plugins show` names this variable, so it must be the one that is used.
        """
        llm = self._without_key(server.url)
        monkeypatch.setenv(self._variable(llm), KEY)
        ask(llm)
        assert only(server, self.protocol).key == KEY, "send what `resolve_key()` returns"

    def test_a_missing_key_is_named(self, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
        """If a key is needed but missing, the error names the variable, and nothing is sent.

        The user knows at once what to set, and doesn't have to wait for the server's refusal.
        """
        llm = self._without_key(server.url)
        variable = self._variable(llm)
        monkeypatch.delenv(variable, raising=False)
        if not llm.key_source.needed:
            pytest.skip(f"{self.subject} does not need a key")
        with pytest.raises(AuthenticationError, match=variable):
            start(llm).result(PATIENCE)
        assert server.count == 0, "a request was sent without a key: call `resolve_key()` before sending"

    def test_a_file_has_no_key_sent_elsewhere(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """If a pipeline file names the host, keys from the environment aren't sent there: UsageError.

        A stranger may have written the file, and may own the host.
        """
        with made_in_file("stranger.yaml"):
            llm = self._without_key(STRANGER)
        variable = self._variable(llm)
        monkeypatch.setenv(variable, KEY)
        with pytest.raises(UsageError, match=r"stranger\.invalid") as caught:
            start(llm).result(PATIENCE)
        assert variable in str(caught.value), (
            "get the key from `resolve_key()`, whose error names its variable"
        )
        assert "stranger.yaml" in str(caught.value), (
            "get the key from `resolve_key()`, whose error names the file"
        )

    def _without_key(self, url: str) -> Any:
        fields: dict[str, Any] = self.protocol.fields(url, KEY)
        declared = bool(self.llm_class.key_sources())
        self.skip_undeclared("key_env_var", declared)
        return self.new_llm(**{name: value for name, value in fields.items() if value != KEY})

    def _variable(self, llm: BaseBackend) -> str:
        variable = llm.key_source.env_var
        if variable is None:
            pytest.skip(f"{self.subject} does not declare a 'key_env_var' with these fields")
        return variable
