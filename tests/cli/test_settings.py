from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, SecretStr
from tests.cli.conftest import Result

from seedbed.cli.run.settings import fields_of, parse_settings
from seedbed.errors import ParameterError, UsageError


class Inner(BaseModel):
    width: float | None = None
    label: str = ""
    more: dict[str, Any] = {}


class Fields(BaseModel):
    title: str = ""
    subtitle: str | None = None
    either: int | str = 0
    kind: Literal["1", "2"] = "1"
    count: int = 0
    is_on: bool = False
    words: list[str] = []
    by_name: dict[str, int] = {}
    anything: Any = None
    path: Path = Path()
    key: SecretStr | None = None
    inner: Inner = Field(default_factory=Inner)


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")


def fields(*texts: str, former: BaseModel | None = None) -> dict[str, Any]:
    return fields_of(Fields, parse_settings(texts).own, "the task 'x'", former)


@pytest.mark.parametrize("name", ["title", "subtitle", "either", "kind", "path", "key", "inner.label"])
@pytest.mark.parametrize("text", ["1", "null", "[1]", '"quoted"', "a=b", ""])
def test_a_field_of_text_takes_the_text_as_it_is(name: str, text: str) -> None:
    found = fields(f"{name}={text}")
    assert (found["inner"]["label"] if name == "inner.label" else found[name]) == text


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("count=12", {"count": 12}),
        ("is_on=true", {"is_on": True}),
        ('words=["a", "b"]', {"words": ["a", "b"]}),
        ('by_name={"a": 1}', {"by_name": {"a": 1}}),
        ("by_name.a=1", {"by_name": {"a": 1}}),
        ("anything=[1]", {"anything": [1]}),
        ("anything=word", {"anything": "word"}),
        ("inner.width=0.5", {"inner": {"width": 0.5}}),
        ("inner.width=null", {"inner": {"width": None}}),
        ("inner.more.deep.down=1", {"inner": {"more": {"deep": {"down": 1}}}}),
    ],
)
def test_other_fields_take_json(setting: str, value: dict[str, Any]) -> None:
    assert fields(setting) == value


@given(st.lists(st.text()))
def test_any_list_comes_back_from_its_json(words: list[str]) -> None:
    import json

    assert fields(f"words={json.dumps(words)}") == {"words": words}


def test_settings_of_one_nested_field_join_and_the_last_of_one_name_counts() -> None:
    found = fields("inner.width=1", "inner.label=a", "inner.label=b")
    assert found == {"inner": {"width": 1, "label": "b"}}


def test_the_rest_of_a_nested_field_stays_as_it_was() -> None:
    former = Fields(inner=Inner(width=2.0))
    assert fields("inner.label=a", former=former) == {"inner": {"width": 2.0, "label": "a"}}


def test_settings_for_the_llm_are_kept_apart() -> None:
    settings = parse_settings(["title=a", "llm.temperature=0.2"])
    assert [setting.key for setting in settings.own] == ["title"]
    assert [(setting.key, setting.text) for setting in settings.llm] == [("temperature", "0.2")]


def test_a_class_that_takes_any_field_gets_json_where_it_is_json() -> None:
    own = parse_settings(["a=1", "b=word", "c.d=2"]).own
    assert fields_of(Open, own, "the LLM 'x'") == {"a": 1, "b": "word", "c": {"d": 2}}


@pytest.mark.parametrize("text", ["", "title", "=1", ".title=1", "inner..width=1", "llm=openai/x"])
def test_a_text_of_another_form_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError):
        parse_settings([text])


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("tilte=x", "did you mean 'title'?"),
        ("inner.widht=1", "did you mean 'width'?"),
        ("zzz=1", "its fields are anything, by_name"),
        ("title.part=1", "'title' of the task 'x' has no parts"),
        ("words=[1,", "is not JSON"),
        ('by_name={"a": sk-123}', "is not JSON"),
    ],
)
def test_what_does_not_fit_is_a_parameter_error_that_shows_no_value(setting: str, said: str) -> None:
    with pytest.raises(ParameterError) as caught:
        fields(setting)
    assert said in str(caught.value)
    assert "sk-123" not in str(caught.value)


def test_what_other_frameworks_set_is_told_what_to_do_instead(seedbed: Callable[..., Result]) -> None:
    (Path("p.yaml")).write_text("steps: [{use: 't.py:Haiku', name: one}]")
    for what, setting in (("t.py:Haiku", "input_batch_size=5"), ("p.yaml", "one.input_batch_size=5")):
        more = ("--allow-code", "t.py") if what == "p.yaml" else ()
        result = seedbed("run", what, "--llm", "t.py:Echo/m", "-n", "1", "--set", setting, *more)

        assert result.status == 2
        assert "a step receives one row at a time" in result.error


def test_a_pipeline_file_with_what_other_frameworks_set_is_told_too(seedbed: Callable[..., Result]) -> None:
    (Path("p.yaml")).write_text("steps: [{use: 't.py:Haiku', with: {input_batch_size: 5}}]")
    result = seedbed("run", "p.yaml", "--llm", "t.py:Echo/m", "-n", "1", "--allow-code", "t.py")

    assert result.status == 2
    assert "a step receives one row at a time" in result.error
