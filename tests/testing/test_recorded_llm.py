"""What is recorded once is replayed for ever: without the model, in any order, without a key."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import orjson
import pytest
from pydantic import BaseModel, SecretStr
from tests.support.scripted_llm import ALL, user
from tests.testing.plain_backend import PlainLLM

from seedbed import (
    LLM,
    AuthenticationError,
    ContextOverflowError,
    Gateway,
    GeneratorTask,
    LLMError,
    Request,
    Response,
    RetryPolicy,
    SchemaDialect,
    ServerError,
    Usage,
    UsageError,
    run,
)
from seedbed.testing import ChatCompletions, LLMContract, RecordedLLM, ScriptedLLM, ScriptedServer
from seedbed_openai import OpenAILLM

KEY = "sk-recorded-0123456789"


class TestRecording(LLMContract):
    """It is the LLM that it stands in for, while it records."""

    llm_class = RecordedLLM
    wire = ChatCompletions()

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def new_llm(self, **fields: Any) -> RecordedLLM:
        inner = PlainLLM(**{"model": self.model, "timeout": self.patience, **fields})
        return RecordedLLM(inner, self.folder / f"{secrets.token_hex(4)}.jsonl")


class Absent(LLM):
    """A model that cannot be had any more."""

    def load(self) -> None:
        raise AuthenticationError("no key")

    @property
    def credential_id(self) -> str:
        raise AuthenticationError("no key")

    async def respond(self, request: Request) -> Response:
        raise AssertionError("it is asked")


class Colours(GeneratorTask):
    template: str = "Name colour {{ number }}."

    def sample(self, index, rng):
        return {"number": index}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cassettes" / "colours.jsonl"


def counting(**fields: Any) -> ScriptedLLM:
    """Return a model that answers differently each time."""
    llm = ScriptedLLM(
        lambda request: Response.of_text(
            f"{request.messages[-1]['content']} {len(llm.requests)}", Usage(11, len(llm.requests))
        ),
        **{"model": "m", **fields},
    )
    return llm


def test_a_run_is_replayed_without_the_model(path: Path) -> None:
    recorded = run(Colours(llm=RecordedLLM(counting(), path)), 20, name="recorded")
    replayed = run(Colours(llm=RecordedLLM(Absent(model="m"), path)), 20, name="replayed")

    assert list(replayed.rows()) == list(recorded.rows())
    assert {row["model_name"] for row in replayed.rows()} == {"m"}


def test_the_order_of_calls_does_not_matter(path: Path) -> None:
    first, second = user("one"), user("two")
    made = RecordedLLM(counting(), path).generate([first, second])

    replayed = RecordedLLM(Absent(model="m"), path)

    assert replayed.generate([second]) + replayed.generate([first]) == made[::-1]


def test_equal_requests_get_their_answers_in_order(path: Path) -> None:
    llm = RecordedLLM(counting(), path)
    made = [llm.complete(user("x")) for _ in range(3)]
    assert len({response.choices[0].text for response in made}) == 3

    replayed = RecordedLLM(Absent(model="m"), path)

    again = [replayed.complete(user("x")) for _ in range(3)]
    assert [(r.choices, r.usage) for r in again] == [(r.choices, r.usage) for r in made]
    with pytest.raises(LLMError, match="has no answer left to 'x'"):
        replayed.complete(user("x"))


@pytest.mark.parametrize("changed", [{"temperature": 0.5}, {"seed": 0}, {"extra": {"a": 1}}])
def test_another_request_is_not_on_the_cassette(path: Path, changed: dict[str, Any]) -> None:
    RecordedLLM(counting(), path).complete(user("x"))

    with pytest.raises(LLMError, match="has no answer left to 'x'") as caught:
        RecordedLLM(counting(offers=ALL), path).complete(user("x"), **changed)

    assert caught.value.fatal
    assert "set record='missing'" in str(caught.value)


def test_what_a_request_is_known_by_is_what_it_was_before_there_were_raw_prompts(path: Path) -> None:
    llm = RecordedLLM(counting(), path)
    llm.complete(user("one"), temperature=0.5)

    line = json.loads(path.read_text())
    known = ["m", list(llm.request(user("one"), temperature=0.5))[:12]]
    encoded = orjson.dumps(known, default=dict, option=orjson.OPT_SORT_KEYS)
    assert line["digest"] == hashlib.blake2b(encoded, digest_size=16).hexdigest()
    assert "raw_prompt" not in line["request"]


def test_a_typed_answer_is_found_whatever_the_dialect_of_the_real_one(path: Path) -> None:
    class Kind(BaseModel):
        kind: Literal["a"]

    offers = replace(ALL, schema_dialect=SchemaDialect(name="Acme"))
    real = counting(offers=offers)
    recorded = RecordedLLM(real, path).complete(user("one"), schema=Kind)

    assert real.requests[0].schema["properties"]["kind"]["enum"] == ["a"]
    assert (
        RecordedLLM(ScriptedLLM(model="m", offers=ALL), path).complete(user("one"), schema=Kind) == recorded
    )


def test_the_parameters_of_the_real_one_are_asked_with(path: Path) -> None:
    inner = counting(temperature=0.25)

    RecordedLLM(inner, path, top_p=0.5).complete(user("x"))

    (sent,) = inner.requests
    assert (sent.temperature, sent.top_p) == (0.25, 0.5)


def test_what_is_missing_is_added_on_request(path: Path) -> None:
    RecordedLLM(counting(), path).complete(user("one"))
    inner = counting()

    more = RecordedLLM(inner, path, record="missing")
    more.generate([user("one"), user("two")])

    assert [request.messages[0]["content"] for request in inner.requests] == ["two"]
    assert len(path.read_text().splitlines()) == 2


def test_a_cassette_that_is_only_replayed_is_never_made(path: Path) -> None:
    with pytest.raises(LLMError, match="has no answer left"):
        RecordedLLM(counting(), path, record="never").complete(user("x"))
    assert not path.exists()


def test_an_error_of_the_request_is_replayed_and_one_of_the_moment_is_not_kept(path: Path) -> None:
    once = Gateway(retry=RetryPolicy(tries=1))
    errors = [ServerError("down", status=500), ContextOverflowError("too long", "shorten it", status=400)]
    llm = RecordedLLM(ScriptedLLM(*errors, model="m"), path).bound(once, None)
    for error in errors:
        with pytest.raises(type(error)):
            llm.complete(user("x"))

    with pytest.raises(ContextOverflowError, match="too long\n  shorten it") as caught:
        RecordedLLM(Absent(model="m"), path).complete(user("x"))

    assert caught.value.status == 400


def test_no_key_is_on_the_cassette(path: Path) -> None:
    def quoting(request: Request) -> Response:
        return Response(choices=Response.of_text(f"Your key is {KEY}.").choices, raw={KEY: [f"{KEY}!"]})

    llm = RecordedLLM(ScriptedLLM(quoting, api_key=SecretStr(KEY)), path)
    llm.complete(user(f"Is {KEY} my key?"))

    text = path.read_text()
    assert KEY not in text
    assert text.count("[secret]") == 4


def test_a_provider_is_recorded_over_http_and_replayed_without_a_key(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with ScriptedServer() as server:
        server.answer_with(ChatCompletions().answer(Response.of_text("Blue.", Usage(11, 7))))
        real = OpenAILLM(model="m", **ChatCompletions().fields(server.url, KEY))
        recorded = RecordedLLM(real, path).complete(user("Name a colour."))

    replayed = RecordedLLM(OpenAILLM(model="m"), path).complete(user("Name a colour."))

    assert replayed.usage == recorded.usage == Usage(11, 7)
    assert replayed.raw == recorded.raw
    assert KEY not in path.read_text()


@pytest.mark.parametrize("line", ["{broken", "[]", '{"digest": "a"}'])
def test_a_line_that_is_no_answer_is_named(path: Path, line: str) -> None:
    RecordedLLM(counting(), path).complete(user("x"))
    with path.open("a") as file:
        file.write(line + "\n")

    with pytest.raises(UsageError, match="line 2 of the cassette"):
        RecordedLLM(counting(), path)
