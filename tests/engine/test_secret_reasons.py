"""A step that fails with its key in the message leaves none in the run: cards print reasons."""

from __future__ import annotations

import logging
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel, SecretStr
from tests.support.scripted_llm import scripted

from seedbed import GeneratorStep, Reject, Run, SeedbedError, Step, run

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
