"""Fields that do not fit are explained one by one, and no secret is shown."""

from __future__ import annotations

import logging
import traceback

import pytest
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from seedbed.errors import ParameterError
from seedbed.plugins.fields.build import build

SECRET = "sk-4f9d1c"


class Inner(BaseModel):
    depth: int = 1
    headers: dict[str, int] = {}


class Thing(BaseModel):
    model: str
    temperature: float = Field(default=1.0, ge=0)
    max_tokens: int = 5
    inner: Inner = Inner()
    api_key: SecretStr | None = None
    password: int = 0
    url: str = ""

    @field_validator("url")
    @classmethod
    def _check_url(cls, value):
        if value and not value.startswith("http"):
            raise ValueError("must begin with http")
        return value


def failure(**fields):
    with pytest.raises(ParameterError) as caught:
        build(Thing, fields, "the thing 'x'")
    error = caught.value
    assert error.__cause__ is None
    assert error.__context__ is None
    assert SECRET not in "".join(traceback.format_exception(error))
    assert SECRET not in repr(error)
    return error


def test_fields_that_fit_make_the_object():
    assert build(Thing, {"model": "m", "temperature": 0.5}, "the thing").temperature == 0.5


def test_every_problem_has_its_line_with_the_path_and_the_value():
    error = failure(temperature=-1, inner={"depth": "deep"}, url="ftp")
    assert error.fact == "the parameters of the thing 'x' do not fit"
    assert error.advice == (
        "model: this field is required",
        "temperature: must be 0 or more, not -1",
        "inner.depth: must be a whole number, not 'deep'",
        "url: must begin with http, not 'ftp'",
    )


def test_an_unknown_field_is_refused_with_a_suggestion_even_where_pydantic_ignores_it():
    assert failure(model="m", temprature=1).advice == (
        "temprature: there is no such field; did you mean 'temperature'?",
    )
    assert "its fields are api_key, inner" in failure(model="m", zzz=1).advice[0]


def test_secrets_are_not_shown():
    failure(model="m", api_key=[SECRET])
    failure(model="m", password=SECRET)
    failure(model="m", api_kye=SECRET)
    failure(api_key=SECRET)
    failure(model="m", inner={"headers": {"Authorization": SECRET}})
    failure(model="m", inner=SECRET + "@host")
    failure(model=[SECRET])


def test_a_field_is_known_by_its_alias_too():
    class Aliased(BaseModel):
        model_config = ConfigDict(extra="forbid")
        size: int = Field(alias="big-size")

    assert build(Aliased, {"big-size": 3}, "it").size == 3


def test_extra_fields_are_left_to_classes_that_take_them(caplog):
    class Open(BaseModel):
        model_config = ConfigDict(extra="allow")

    with caplog.at_level(logging.DEBUG):
        assert build(Open, {"anything": 1}, "it").model_extra == {"anything": 1}
