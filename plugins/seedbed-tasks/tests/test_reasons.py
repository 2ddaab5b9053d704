"""The bounds that a grammar holds, so that a model that repeats itself comes to its verdict."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter

from seedbed_tasks.function_calls import Verdict
from seedbed_tasks.instruction_backtranslation import InstructionBacktranslation
from seedbed_tasks.listwise import ranking_type
from seedbed_tasks.pairwise import Preference
from seedbed_tasks.pointwise import verdict_type
from seedbed_tasks.rated_together import Rated, ratings_type
from seedbed_tasks.reasons import LONGEST_REASON

VERDICTS: dict[str, tuple[type[BaseModel], dict[str, Any]]] = {
    "pointwise": (verdict_type([1, 2]), {"score": 1}),
    "pairwise": (Preference, {"winner": "A"}),
    "listwise": (ranking_type(2), {"ranking": [2, 1]}),
    "rated together": (Rated, {"score": 1}),
    "function calls": (Verdict, {"passes": True}),
    "backtranslation": (InstructionBacktranslation.Output, {"score": 1}),
}


@pytest.mark.parametrize("name", VERDICTS)
def test_a_reason_is_bounded_in_the_schema_but_a_longer_one_is_taken(name: str) -> None:
    verdict, fields = VERDICTS[name]
    (reason,) = set(verdict.model_fields) - set(fields)

    assert verdict.model_json_schema()["properties"][reason]["maxLength"] == LONGEST_REASON
    longer = "because " * LONGEST_REASON
    assert getattr(verdict.model_validate({**fields, reason: longer}), reason) == longer


@pytest.mark.parametrize(("kind", "name"), [(ranking_type(3), "ranking"), (ratings_type(3, 1, 5), "ratings")])
def test_a_list_of_verdicts_has_one_for_each_text_in_the_schema(kind: type[BaseModel], name: str) -> None:
    schema = TypeAdapter(kind).json_schema()["properties"][name]

    assert (schema["minItems"], schema["maxItems"]) == (3, 3)
