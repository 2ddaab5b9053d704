from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from seedbed import UsageError
from seedbed.pipeline.reading.problems import Problems
from seedbed.pipeline.variables import filled

DECLARED = {"lang": "English", "count": 5, "loud": False, "tags": ["a", "b"], "open": None}


def fill(value: Any, **given: Any) -> Any:
    return filled({"vars": DECLARED, "value": value}, given, Problems(Path("p.yaml")))["value"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("in ${lang}, ${count} times", "in English, 5 times"),
        ("${count}", 5),
        ("${loud}", False),
        ("loud: ${loud}", "loud: false"),
        ("${tags}", ["a", "b"]),
        ({"a": [{"b": "${lang}"}]}, {"a": [{"b": "English"}]}),
        ("$${lang} is ${lang}", "${lang} is English"),
        ("costs $5 and ${{ price }}", "costs $5 and ${{ price }}"),
        ("${}, $lang, ${ lang }", "${}, $lang, ${ lang }"),
        ({"${lang}": 1}, {"${lang}": 1}),
        (7, 7),
    ],
)
def test_values_are_filled_in(value: Any, expected: Any) -> None:
    assert fill(value) == expected


@pytest.mark.parametrize(
    ("given", "value", "expected"),
    [
        ({"count": "9"}, "${count}", 9),
        ({"count": 9}, "${count}", 9),
        ({"loud": "true"}, "${loud}", True),
        ({"tags": '["c"]'}, "${tags}", ["c"]),
        ({"lang": "7"}, "${lang}", "7"),
        ({"open": "7"}, "${open}", "7"),
        ({"lang": "${count}"}, "${lang}", "${count}"),
    ],
)
def test_what_the_user_sets_has_the_type_of_the_files_value(
    given: dict[str, Any], value: str, expected: Any
) -> None:
    assert fill(value, **given) == expected


@pytest.mark.parametrize(
    ("content", "given", "parts"),
    [
        ({"value": "${lagn}", "vars": DECLARED}, {}, ["${lagn}", "'lang'"]),
        ({"value": "${lang}"}, {}, ["${lang}", "isn't among"]),
        ({"value": "${open}", "vars": DECLARED}, {}, ["'open'", "--set open=VALUE"]),
        ({"vars": DECLARED}, {"lagn": "x"}, ["'lagn'", "did you mean 'lang'?"]),
        ({}, {"lagn": "x"}, ["'lagn'", "no `vars`", "STEP.lagn"]),
        ({"vars": ["lang"]}, {}, ["`vars`", "isn't a mapping"]),
        ({"vars": {"a b": 1}}, {}, ["'a b'"]),
        ({"vars": {1: 1}}, {}, ["'1'"]),
        ({"value": "of ${tags}", "vars": DECLARED}, {}, ["'tags'", "of its own"]),
        ({"value": "${env:HOME}"}, {}, ["value", "${env:NAME}"]),
        ({"with": {"value": "Bearer ${env:HOME}"}}, {}, ["with.value"]),
        ({"with": {"value": ["${env:HOME}"]}}, {}, ["with.value"]),
        ({"with": {"extra": {"value": "${env:HOME}"}}}, {}, ["with.extra.value"]),
    ],
)
def test_what_has_no_value_is_refused(
    content: dict[str, Any], given: dict[str, Any], parts: list[str]
) -> None:
    with pytest.raises(UsageError) as caught:
        filled(content, given, Problems(Path("p.yaml")))
    assert all(part in str(caught.value) for part in parts)


def test_secrets_are_left_for_the_field_that_takes_them() -> None:
    entry = {"use": "openai/m", "with": {"api_key": "${env:TEAM_KEY}"}}
    assert filled({"llm": entry}, {}, Problems(Path("p.yaml"))) == {"llm": entry}
