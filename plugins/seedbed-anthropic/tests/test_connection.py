"""Keys, addresses and headers are found where the SDK finds them, and a missing key is told at once."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any

import pytest
from tests.support.fault_server import FaultServer, Reply

from seedbed import AuthenticationError, ParameterError, UsageError
from seedbed_anthropic import AnthropicLLM
from seedbed_anthropic.connection import Connection, connect, secrets_in

KEY = "sk-ant-very-secret-key"


def connection(**settings: Any) -> Connection:
    nothing: dict[str, Any] = {"api_key": None, "auth_token": None, "base_url": None, "default_headers": {}}
    return connect(**nothing | settings)


@pytest.fixture(autouse=True)
def _no_profile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


@pytest.mark.slow
def test_a_missing_key_is_told_before_any_request() -> None:
    llm = AnthropicLLM(model="claude")
    for attempt in (
        llm.load,
        lambda: asyncio.run(llm.check()),
        lambda: llm.generate([[{"role": "user", "content": "x"}]]),
    ):
        with pytest.raises(AuthenticationError) as caught:
            attempt()
        assert "ANTHROPIC_API_KEY" in str(caught.value)
        assert "--set llm.api_key=" in str(caught.value)


def test_another_server_needs_no_key() -> None:
    found = connection(base_url="http://localhost:8080")
    assert not {"authorization", "x-api-key"} & found.headers.keys()
    assert found.credential_id == ""


def test_the_fields_win_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "of-the-environment")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://environment:1/")
    assert connection().headers["authorization"] == "Bearer of-the-environment"
    assert connection().base_url == "http://environment:1"
    set_by_hand = connection(auth_token="of-the-field", base_url="http://field:2/proxy/v1/")
    assert set_by_hand.headers["authorization"] == "Bearer of-the-field"
    assert set_by_hand.base_url == "http://field:2/proxy"


@pytest.mark.parametrize(
    "url",
    ["http://[::1", "http://host:65536", "http://host:0", "http://host..example", "http://me:hunter2/x@host"],
)
def test_an_address_that_is_none_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(UsageError, match=r"the base URL .*of Anthropic") as caught:
        connection(base_url=url)
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


def test_a_header_of_the_users_is_credential_enough() -> None:
    assert connection(default_headers={"X-Api-Key": KEY}).headers["x-api-key"] == KEY


def test_key_and_token_exclude_each_other() -> None:
    with pytest.raises(ParameterError, match="exclude each other"):
        AnthropicLLM(model="claude", api_key="a", auth_token="b")


@pytest.mark.parametrize("url", ["localhost:8080", "ftp://host", "http://", "http://host?x=1", "http://[::1"])
def test_a_base_url_that_names_no_server_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="base URL"):
        AnthropicLLM(model="claude", base_url=url)


def test_a_key_copied_with_a_line_break_is_told() -> None:
    with pytest.raises(AuthenticationError, match="line break") as caught:
        connection(api_key=f"{KEY}\nmore")
    assert KEY not in str(caught.value)


def test_identity_of_endpoint_and_credential_shows_no_secret() -> None:
    llm = AnthropicLLM(model="claude", api_key=KEY, base_url="http://user:password@host:1/api")
    assert llm.endpoint == "http://host:1/api"
    assert KEY not in llm.credential_id
    assert llm.credential_id == connection(api_key=KEY).credential_id
    assert llm.credential_id != connection(api_key="another-key").credential_id
    assert KEY not in repr(llm.connection)
    assert KEY in llm.secrets()


def test_only_anthropic_itself_has_prices() -> None:
    assert AnthropicLLM(model="claude").price_id == "anthropic/claude"
    assert AnthropicLLM(model="claude", base_url="http://localhost:1").price_id is None


def test_what_must_not_be_shown_of_headers() -> None:
    headers = {"authorization": f"Bearer {KEY}", "anthropic-version": "2026-10-21", "x-flag": "1"}
    assert set(secrets_in(headers)) == {f"Bearer {KEY}", KEY}


def test_a_profile_of_the_sdk_signs_the_requests(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, fault_server: FaultServer, message: dict[str, Any]
) -> None:
    (tmp_path / "configs").mkdir()
    (tmp_path / "credentials").mkdir()
    profile = {"version": "1.0", "authentication": {"type": "user_oauth"}, "base_url": fault_server.url}
    (tmp_path / "configs/dev.json").write_text(json.dumps(profile))
    token = {"version": "1.0", "type": "oauth_token", "access_token": "token-of-the-profile"}
    credentials = tmp_path / "credentials/dev.json"
    credentials.write_text(json.dumps(token))
    credentials.chmod(0o600)
    monkeypatch.setenv("ANTHROPIC_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("ANTHROPIC_PROFILE", "dev")
    fault_server.answer_with(Reply(body=message))
    AnthropicLLM(model="claude").complete([{"role": "user", "content": "x"}])
    assert fault_server.received[0].headers["authorization"] == "Bearer token-of-the-profile"


def test_a_broken_profile_is_an_authentication_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ANTHROPIC_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("ANTHROPIC_PROFILE", "missing")
    with pytest.raises(AuthenticationError):
        AnthropicLLM(model="claude").load()


def test_importing_the_plugin_imports_neither_sdk_nor_transport() -> None:
    code = (
        "import sys, seedbed_anthropic; assert seedbed_anthropic.seedbed_llm; "
        "print([name for name in ('anthropic', 'aiohttp', 'pydantic') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


@pytest.mark.slow
def test_the_class_can_be_looked_up_without_the_sdk() -> None:
    code = (
        "import sys, seedbed_anthropic; cls = seedbed_anthropic.seedbed_llm('anthropic'); "
        "assert cls is seedbed_anthropic.AnthropicLLM; cls(model='claude').capabilities; "
        "print('anthropic' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
