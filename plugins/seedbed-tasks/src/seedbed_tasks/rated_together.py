"""Scores for several texts that a model sees together, so that they're relative to each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field, create_model

from seedbed import Message, PromptTemplate
from seedbed_tasks.pointwise import as_number
from seedbed_tasks.reasons import Reason


class Rated(BaseModel):
    """What a model says of one text: the rationale, and the score that follows from it."""

    # The order of the fields is that of the text: the model gives its reason before it decides.
    rationale: Reason = Field(description="Why, in one or two sentences.")
    score: int = Field(description="The score.")


def ratings_type(count: int, low: int, high: int) -> type[BaseModel]:
    """Return the type of an answer that rates so many texts, each from `low` to `high`.

    How many there are and which scores there are is in its schema, so that backends that decode by a schema
    keep to it; without that, a small model goes on to rate texts that aren't there until it's cut.
    """
    points: Any = Annotated[Literal[tuple(range(low, high + 1))], BeforeValidator(as_number)]
    one = create_model("Rated", __base__=Rated, score=(points, Field(description="The score.")))
    ratings: Any = Field(min_length=count, max_length=count, description="One for each text, in their order.")
    return create_model("Ratings", ratings=(list[one], ratings))  # type: ignore[valid-type]


def in_row_order(shown: Sequence[int], answer: Any) -> list[Rated]:
    """Return the ratings in the order of the row; `shown` has the place in the row of each text shown."""
    by_place = dict(zip(shown, answer.ratings, strict=True))
    return [by_place[place] for place in range(len(shown))]


def prompt(template: str, variables: Mapping[str, Any]) -> list[Message]:
    """Return the messages of one prompt."""
    return [{"role": "user", "content": PromptTemplate(template).render(variables)}]
