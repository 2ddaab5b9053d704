"""Scores for several texts that a model sees together, so that they're relative to each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, Field, create_model, field_validator

from seedbed import InvalidOutputError, Message, PromptTemplate
from seedbed_tasks.reasons import Reason


class Rated(BaseModel):
    """The rationale and the score of one text, in this order, so that the score follows from the
    rationale."""

    rationale: Reason = Field(description="Why, in one or two sentences.")
    score: int = Field(description="The score.")


def ratings_type(count: int, low: int, high: int) -> type[BaseModel]:
    """Return the type of an answer that rates so many texts, each from `low` to `high`."""

    def check(cls: type[BaseModel], ratings: list[Rated]) -> list[Rated]:
        if len(ratings) != count:
            raise ValueError(f"has {len(ratings)} items, not {count}: one for each text, in their order")
        for one in ratings:
            if not low <= one.score <= high:
                raise ValueError(f"the score {one.score} isn't from {low} to {high}")
        return ratings

    return create_model(
        "Ratings",
        ratings=(
            list[Rated],
            Field(
                description="One for each text, in their order.",
                json_schema_extra={"minItems": count, "maxItems": count},
            ),
        ),
        __validators__={"check": field_validator("ratings")(check)},
    )


def in_row_order(shown: Sequence[int], answer: Any) -> list[Rated]:
    """Return the ratings in the order of the row; `shown` has the place in the row of each text shown."""
    by_place = dict(zip(shown, answer.ratings, strict=True))
    if len(by_place) != len(shown):
        raise InvalidOutputError("the answer doesn't rate each text once")
    return [by_place[place] for place in range(len(shown))]


def prompt(template: str, variables: Mapping[str, Any]) -> list[Message]:
    """Return the messages of one prompt."""
    return [{"role": "user", "content": PromptTemplate(template).render(variables)}]
