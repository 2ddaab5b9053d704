"""The manifest of a run has the parameters of its steps, without secrets, so that runs can be compared."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel, SecretStr
from tests.support.scripted_llm import scripted

from seedbed import GenerationParameters, Run, Task, run
from seedbed.store import RunReader


class Settings(BaseModel):
    endpoint: str = "https://me:hunter22@host/x?token=hunter22"
    options: dict[str, str] = {"api_key": "hunter22", "accept": "json"}


class Ask(Task):
    outputs: ClassVar[list[str]] = ["answer"]
    template: str = "{{ question }}?"
    words: list[str] = ["tea", "hunter22"]
    token: SecretStr = SecretStr("hunter22")
    settings: Settings = Settings()
    long: str = ""
    function: Any = None


def described(made: Run) -> dict[str, Any]:
    assert made.folder is not None
    with RunReader.open(made.folder) as reader:
        session = reader.last_session()
    assert session is not None
    step: dict[str, Any] = session.manifest["steps"][0]
    return step


def asked(**fields: Any) -> dict[str, Any]:
    llm = scripted("tea", temperature=0.5)
    return described(run(Ask(llm=llm, **fields), input=[{"question": "What"}], name="ask", restart=True))


def test_the_fields_of_a_step_and_its_models_are_kept() -> None:
    step = asked(generation=GenerationParameters(max_tokens=9))
    assert step["fields"]["template"] == "{{ question }}?"
    assert step["fields"]["llm"]["reference"] == "scripted/scripted"
    assert step["fields"]["llm"]["temperature"] == 0.5
    assert step["fields"]["generation"] == {"max_tokens": 9}
    assert step["columns"] == ["answer", "model_name"]


def test_no_secret_is() -> None:
    assert "hunter22" not in str(asked())
    assert asked()["fields"]["settings"]["options"] == {"accept": "json"}


def test_a_long_value_is_kept_as_its_digest() -> None:
    one, other = (asked(long="x" * 30_000 + end)["fields"]["long"] for end in "ab")
    assert one["bytes"] == other["bytes"] == 30_003
    assert one["digest"] != other["digest"]


def test_a_function_among_the_fields_is_told_apart_by_its_code() -> None:
    one, same, other = (
        asked(function=function)["fields"]["function"]
        for function in (lambda row: row["a"], lambda row: row["a"], lambda row: row["b"])
    )
    assert one == same
    assert one != other
