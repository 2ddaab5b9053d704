"""The checks of rows against texts, patterns and schemas that are made to break them."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.processor_time import processor_seconds

from seedbed import InvalidRowError, ParameterError, Reject, UsageError, get_step
from seedbed_data.scrubbing import Found, Scrubbing

SIZE = 1_000_000


def masked(step: str, text: Any) -> Any:
    return get_step(step).process({"text": text})["text"]


@pytest.mark.variants(4)
@pytest.mark.parametrize(
    "text", ["-eyJ", "://a:", "sk-proj-", "https://a", "a@", "1.", "-----BEGIN PRIVATE KEY-----"]
)
@pytest.mark.parametrize("step", ["pii", "secrets"])
def test_a_text_of_half_starts_takes_time_in_proportion(step: str, text: str) -> None:
    # Ratios of one process's own time: a quadratic pattern takes 64 times as long for 8 times the text.
    ratios = (_ratio(step, text) for _ in range(3))
    assert any(ratio < 24 for ratio in ratios), "out of proportion, three times"


def _ratio(step: str, text: str) -> float:
    short, long = (_seconds(step, text * (size // len(text))) for size in (SIZE // 40, SIZE // 5))
    return long / max(short, 0.02)


def _seconds(step: str, text: str) -> float:
    return processor_seconds(lambda: masked(step, text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("BE68 5390 0754 7034 BANK OF X", "[IBAN] BANK OF X"),
        ("BE68 5390 0754 7034 THE END", "[IBAN] THE END"),
        ("请联系a@b.com谢谢", "请联系[EMAIL]谢谢"),
        ("電話は+49 30 901820です", "電話は[PHONE]です"),
        ("卡号4111 1111 1111 1111。", "卡号[CREDIT-CARD]。"),
        ("jürgen@müller.de", "[EMAIL]"),
        ("\ud800 a@b.co", "\ud800 [EMAIL]"),
        ("4111\u00a01111\u00a01111\u00a01111", "[CREDIT-CARD]"),
        ("+33\u202f1\u00a023\u00a045\u00a067\u00a089", "[PHONE]"),
        ("+1 (555) 213\u20119999", "[PHONE]"),
        ("\uff14111 1111 1111 1111", "[CREDIT-CARD]"),
        ("00 33 1 23 45 67 89", "[PHONE]"),
        ("a@b.com- and a@b.com-", "[EMAIL]- and [EMAIL]-"),
        ("a@b.com-pany.de", "[EMAIL]"),
        ("::ffff:8.8.8.8", "[IP]"),
        ("2001:4860:4860::8888", "[IP]"),
        ("a::b, dead::beef and 1::2", "a::b, dead::beef and 1::2"),
    ],
)
def test_personal_data_is_found_in_any_company(text: str, expected: str) -> None:
    assert masked("pii", text) == expected


class Words(Scrubbing):
    """Finds what it's given."""

    places: list[tuple[str, int, int]] = []

    def found_in(self, text: str) -> list[Found]:
        return [Found(*place) for place in self.places]


PLACES = st.lists(
    st.tuples(st.sampled_from("ab"), st.integers(0, 30), st.integers(1, 9)).map(
        lambda one: (one[0], one[1], one[1] + one[2])
    )
)


@given(places=PLACES)
def test_a_mask_leaves_nothing_of_what_is_found_and_all_of_the_rest(
    places: list[tuple[str, int, int]],
) -> None:
    text = "".join(chr(0x4E00 + place) for place in range(40))
    made = Words(places=places).process({"text": text})["text"]
    inside = {text[place] for _, start, end in places for place in range(start, end)}
    left = [letter for letter in made if letter in text]
    assert left == [letter for letter in text if letter not in inside]


@given(places=PLACES)
def test_what_is_found_is_listed_in_order_and_apart(places: list[tuple[str, int, int]]) -> None:
    (found,) = (Words(places=places, action="find").process({"text": "x" * 40})["found"],)
    assert all(first["end"] <= second["start"] for first, second in pairwise(found))


def test_a_value_too_deep_to_be_searched_fails_its_row() -> None:
    value: Any = "a@b.co"
    for _ in range(3000):
        value = [value]
    with pytest.raises(InvalidRowError, match="too deep"):
        masked("pii", value)


def check(schema: Any, value: Any) -> None:
    get_step("validate", column="a", json_schema=schema).process({"a": value})


BOMB = "^(a|aa)+$"


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"pattern": BOMB}, "a" * 60 + "!"),
        ({"patternProperties": {BOMB: {}}}, {"a" * 60 + "!": 1}),
        ({"patternProperties": {BOMB: {}}, "additionalProperties": False}, {"a" * 60 + "!": 1}),
        ({"additionalProperties": {"pattern": BOMB}}, {"x": "a" * 60 + "!"}),
    ],
)
def test_a_pattern_without_end_fails_its_row(
    schema: Any, value: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seedbed_data.schema_keywords._SECONDS", 0.05)
    with pytest.raises(InvalidRowError, match="takes more than"):
        check(schema, value)


@pytest.mark.parametrize(
    "schema", [{"$ref": "#"}, {"$defs": {"a": {"allOf": [{"$ref": "#/$defs/a"}]}}, "$ref": "#/$defs/a"}]
)
def test_a_schema_that_refers_to_itself_without_end_fails_the_row(schema: Any) -> None:
    with pytest.raises(InvalidRowError, match="refers to itself without end"):
        check(schema, 1)


def test_a_schema_nested_too_deep_is_refused() -> None:
    schema: dict[str, Any] = {"type": "object"}
    for _ in range(500):
        schema = {"properties": {"a": schema}}
    with pytest.raises(UsageError, match="nested too deep"):
        get_step("validate", json_schema=schema).load()


@pytest.mark.slow
def test_many_items_are_compared_at_once() -> None:
    check({"uniqueItems": True}, [{"x": number} for number in range(100_000)])


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([1.0, 0.0, "a", "1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=6,
)
SCHEMAS: list[dict[str, Any]] = [
    {"uniqueItems": True},
    {"items": {"uniqueItems": True}},
    {"pattern": "^a"},
    {"patternProperties": {"a": {"type": "number"}}, "additionalProperties": False},
    {"properties": {"a": {}}, "additionalProperties": {"type": "string"}},
    {"additionalProperties": False},
    {"additionalProperties": True},
]


@given(value=VALUES, schema=st.sampled_from(SCHEMAS))
def test_our_keywords_say_what_those_of_jsonschema_say(value: Any, schema: dict[str, Any]) -> None:
    from jsonschema import Draft202012Validator

    if Draft202012Validator(schema).is_valid(value):
        check(schema, value)
    else:
        with pytest.raises(Reject):
            check(schema, value)


@pytest.mark.parametrize("text", ["1e999", "[-1e999]", "NaN", "[" * 100_000, "1" * 5000, "\ufeff{}"])
def test_what_no_row_can_hold_is_no_json(text: str) -> None:
    with pytest.raises(Reject, match="'a' is no JSON"):
        get_step("validate", column="a", parse="json", into="b").process({"a": text})


def test_numbers_of_json_keep_their_value() -> None:
    row = get_step("validate", column="a", parse="json", into="b").process(
        {"a": json.dumps([0.1, 1e300, -0.0])}
    )
    assert row["b"] == [0.1, 1e300, 0.0]


@pytest.mark.parametrize(
    "fields",
    [
        {"refusals": [""]},
        {"boilerplate": [""]},
        {"top_runs": {0: 0.1}},
        {"duplicate_runs": {2: float("nan")}},
    ],
)
def test_thresholds_that_reject_all_or_nothing_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ParameterError):
        get_step("quality-heuristics", **fields)
