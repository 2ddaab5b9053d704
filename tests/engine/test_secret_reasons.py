"""A step that fails with its key in the message leaves none in the run: cards print reasons."""

from __future__ import annotations

import logging
import os
import traceback
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel, SecretStr
from tests.support.scripted_llm import scripted

from seedbed import DatasetError, GeneratorStep, Reject, Run, SeedbedError, Step, run
from seedbed.llm.keys.environment_secrets import environment_secrets

KEY = "q7-0123456789-canary-abcdef"


class Account(BaseModel):
    password: SecretStr


class Fetch(Step):
    keeps: ClassVar[bool] = True
    token: SecretStr = SecretStr("")
    account: Account | None = None
    api_key: str = ""
    kind: str = "raises"

    def load(self) -> None:
        if self.kind == "load":
            raise RuntimeError(f"load with {self.key}")

    def unload(self) -> None:
        if self.kind == "unload":
            raise RuntimeError(f"unload with {self.key}")

    @property
    def key(self) -> str:
        nested = self.account.password.get_secret_value() if self.account else ""
        return self.token.get_secret_value() or nested or self.api_key

    def process(self, row: dict[str, Any]) -> dict[str, Any]:
        if self.kind == "raises":
            raise ValueError(f"refused {self.key}, {self.key[:14]}...")
        if self.kind == "rejects":
            raise Reject(f"refused {self.key}")
        return row


class Source(GeneratorStep):
    token: SecretStr

    def process(self, offset: int = 0) -> Any:
        yield [{"a": 1}], False
        raise ValueError(f"refused {self.token.get_secret_value()}")


def shown(made: Run) -> str:
    kept = [path.read_bytes().decode("utf-8", "replace") for path in made.folder.rglob("*") if path.is_file()]
    return "\n".join([*map(str, made.failures), str(made.reasons), str(made.rejections), *kept])


@pytest.mark.parametrize("kind", ["raises", "rejects"])
@pytest.mark.parametrize("field", [{"token": KEY}, {"account": {"password": KEY}}, {"api_key": KEY}], ids=str)
def test_a_step(kind: str, field: dict[str, Any]) -> None:
    made = run(Fetch(kind=kind, **field), input=[{"a": 1}, {"a": 2}], name="r")
    assert "refused [secret]" in shown(made)
    assert KEY[:14] not in shown(made)


def test_a_source() -> None:
    made = run(Source(token=SecretStr(KEY)), name="r")
    assert "refused [secret]" in shown(made)
    assert KEY not in shown(made)


def test_an_error_of_a_step_that_asks_a_model_with_a_key() -> None:
    class Judge(Step):
        judge: Any = None

        def process(self, row: dict[str, Any]) -> dict[str, Any]:
            raise ValueError(f"refused {KEY}")

    made = run(Judge(judge=scripted(api_key=KEY)), input=[{"a": 1}], name="r")
    assert KEY not in shown(made)


@pytest.mark.parametrize("kind", ["load", "unload"])
def test_before_and_after_the_rows(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    said = ""
    try:
        run(Fetch(token=SecretStr(KEY), kind=kind), input=[{"a": 1}])
    except SeedbedError as error:
        said = f"{error}{error!r}{error.__cause__!r}"
    assert f"{kind} with [secret]" in said + caplog.text
    assert KEY not in said + caplog.text


class Reading(GeneratorStep):
    """Asks a server by a library that finds its key in the environment, and is told what it sent."""

    ids_from_content: ClassVar[bool] = True
    at: str = "row"

    def load(self) -> None:
        if self.at == "load":
            raise RuntimeError(f"401: no such token {os.environ['ACME_TOKEN']}")

    def process(self, offset: int = 0) -> Any:
        yield {"a": 1}
        try:
            raise RuntimeError(f"header: Bearer {os.environ['ACME_TOKEN']}")
        except RuntimeError as error:
            if self.at == "ours":
                raise DatasetError(f"refused {os.environ['PGPASSWORD']}") from error
            raise


class Asking(Step):
    def process(self, row: dict[str, Any]) -> dict[str, Any]:
        raise ValueError(f"403 for {os.environ['ACME_TOKEN']}")


@pytest.mark.parametrize("at", ["load", "row", "ours", "step"])
def test_a_key_that_a_library_finds_in_the_environment(
    at: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("ACME_TOKEN", KEY)
    monkeypatch.setenv("PGPASSWORD", "tide-and-moon")
    made = None
    try:
        step = Asking() if at == "step" else Reading(at=at)
        made = run(step, input=[{"a": 1}] if at == "step" else None, name="r")
        error = made.stopped_by
    except SeedbedError as raised:
        error = raised

    told = "".join(traceback.format_exception(error)) if error else ""
    told += caplog.text + (shown(made) if made else "")
    assert "[secret]" in told
    assert KEY[:14] not in told
    assert "tide-and-moon" not in told


def test_what_is_no_key_in_the_environment_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "SSH_AUTH_SOCK": "/tmp/ssh-a1/agent.1234567",
        "GOOGLE_APPLICATION_CREDENTIALS": "~/keys/service-1234567.json",
        "RAY_AUTH_MODE": "token-of-the-cluster-1",
        "TEAM_TOKEN": "x",
        "ACME_KEY": "a long text of words without any number",
    }.items():
        monkeypatch.setenv(name, value)
        assert value not in environment_secrets()
