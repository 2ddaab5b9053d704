"""What is wrong with a field, in plain words and with the value."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field, field_validator

from seedbed import ParameterError
from seedbed.plugins.fields.build import build


class Settings(BaseModel):
    count: int = Field(default=1, ge=1, lt=10)
    share: float = Field(default=0.5, gt=0, le=1)
    on: bool = False
    word: str = Field(default="abc", min_length=2, pattern="^[a-z]+$")
    words: list[str] = Field(default=["a"], min_length=1, max_length=2)
    either: int | list[str] = 1
    style: Literal["calm", "wild"] = "calm"
    column: str = "text"

    @field_validator("column")
    @classmethod
    def _check(cls, value: str) -> str:
        if value == "odd":
            raise ValueError("there is no such column")
        if value == "even":
            raise ValueError("the column 'even' is taken")
        return value


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("count", "many", "must be a whole number, not 'many'"),
        ("count", 0, "must be 1 or more, not 0"),
        ("count", 10, "must be less than 10, not 10"),
        ("share", "half", "must be a number, not 'half'"),
        ("share", 0, "must be more than 0, not 0"),
        ("share", 2, "must be at most 1, not 2"),
        ("on", 7, "must be true or false, not 7"),
        ("word", 7, "must be text, not 7"),
        ("word", ["a", "b"], "must be text, not a list"),
        ("count", {"a": 1}, "must be a whole number, not an object"),
        ("word", "a", "must have at least 2 characters, not 'a'"),
        ("word", "A b", "must match pattern '^[a-z]+$', not 'A b'"),
        ("words", "a", "must be a list, not 'a'"),
        ("words", [], "must have at least 1 item, not 0"),
        ("words", ["a"] * 3, "must have at most 2 items, not 3"),
        ("either", "x", "must be a whole number or a list, not 'x'"),
        ("style", "mild", "must be 'calm' or 'wild', not 'mild'"),
        ("column", "odd", "there is no such column (given: 'odd')"),
        ("column", "even", "the column 'even' is taken"),
    ],
)
def test_a_field_that_does_not_fit_is_said_as_people_would(field: str, value: Any, said: str) -> None:
    with pytest.raises(ParameterError) as caught:
        build(Settings, {field: value}, what="settings")
    assert f"{field}: {said}\n" in f"{caught.value}\n"


def test_what_may_hold_a_secret_is_not_quoted() -> None:
    with pytest.raises(ParameterError) as caught:
        build(Settings, {"count": "https://me:pw@host"}, what="settings")
    assert "pw" not in str(caught.value)
    with pytest.raises(ParameterError, match="must be a whole number, not an object") as caught:
        build(Settings, {"count": {"key": "pw"}}, what="settings")
    assert "pw" not in str(caught.value)
