"""Pydantic models of every kind that a typed row may have, made by hypothesis."""

from __future__ import annotations

import datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, Optional
from uuid import UUID

from hypothesis import strategies as st
from pydantic import BaseModel, Field, create_model


class Colour(Enum):
    """Several values, with a docstring that becomes a description."""

    RED = "red"
    BLUE = "blue"


class Only(Enum):
    """One value."""

    ONE = 1


class Node(BaseModel):
    """A type that holds itself."""

    name: str
    children: list[Node] = Field(default_factory=list, description="Those below it.")
    parent: Node | None = Field(None, description="The one above it.")


class Cat(BaseModel):
    """One of a discriminated union."""

    kind: Literal["cat"]
    lives: int = 9


class Dog(BaseModel):
    """The other one."""

    kind: Literal["dog"] = "dog"
    tricks: list[str]


class Empty(BaseModel):
    """No fields at all."""


class Open(BaseModel):
    """More fields than it says."""

    model_config = {"extra": "allow"}
    name: str


PLAIN: tuple[Any, ...] = (
    str,
    int,
    float,
    bool,
    type(None),
    Colour,
    Only,
    Cat,
    Empty,
    Open,
    Literal["a"],
    Literal["a", "b", 3],
    Literal[1, True, None],
    int | None,
    str | int | None,
    Annotated[Cat | Dog, Field(discriminator="kind")],
    datetime.date,
    datetime.datetime,
    datetime.timedelta,
    UUID,
    Decimal,
    bytes,
    Annotated[str, Field(min_length=1, max_length=9)],
    Annotated[int, Field(ge=0, lt=10)],
    Annotated[int, Field(le=2**80)],
    Annotated[float, Field(gt=0, lt=5)],
    Annotated[int, Field(multiple_of=3)],
    Annotated[list[str], Field(min_length=2, max_length=4)],
    tuple[int, int],
)
"""What has no construct that a dialect might lack."""

NARROWED: tuple[Any, ...] = (set[int], Annotated[str, Field(pattern="^[a-z]+$")])
"""What answers that are made up do not heed."""

SPECIAL: tuple[Any, ...] = (Any, dict, list, dict[str, int], dict[str, Any], tuple[int, str], Node)
"""What some dialects have no words for."""


def models(leaves: tuple[Any, ...] = PLAIN + NARROWED + SPECIAL) -> st.SearchStrategy[type[BaseModel]]:
    """Return a strategy for classes with fields of these types, in lists, options and other models."""
    types = st.recursive(
        st.sampled_from(leaves),
        lambda inner: st.one_of(
            inner.map(lambda one: list[one]),  # type: ignore[valid-type]
            inner.map(Optional.__getitem__),
            st.lists(_fields(inner), min_size=1, max_size=3).map(_model),
        ),
        max_leaves=6,
    )
    return st.lists(_fields(types), min_size=1, max_size=4).map(_model)


def _fields(types: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, Any]]:
    about = st.sampled_from(({}, {"description": "Words."}, {"examples": ["x"]}, {"title": "T"}))
    return st.tuples(types, st.one_of(about, about.map(lambda words: {**words, "default": None})))


def _model(fields: list[tuple[Any, dict[str, Any]]]) -> type[BaseModel]:
    named: dict[str, Any] = {
        f"field_{number}": (kind, Field(**about)) for number, (kind, about) in enumerate(fields)
    }
    return create_model("Made", **named)
