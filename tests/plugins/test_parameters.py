"""A parameter that doesn't fit is explained in Python as on the command line, in every class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from seedbed import LLM, Embedder, EngineOptions, GeneratorTask, ParameterError, Request, Response, Step
from seedbed.llm.parameters import GenerationParameters
from seedbed.llm.resources import Resources


class Haiku(GeneratorTask):
    season: str
    size: int = 3
    template: str = "{{ season }}"


class Cut(Step):
    words: int = 2

    def process(self, row: dict[str, Any]) -> dict[str, Any]:
        return row


class ParrotLLM(LLM):
    async def respond(self, request: Request) -> Response:
        return Response.of_text("yes")


class LengthEmbedder(Embedder):
    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        return [[1.0] for _ in texts]


class Options(EngineOptions):
    workers: int = 2


CASES = [
    (Haiku, {"seasn": "spring"}, "seasn: there is no such field; did you mean 'season'?"),
    (Haiku, {"season": "spring", "size": "x"}, "size: must be a whole number, not 'x'"),
    (Haiku, {}, "season: this field is required"),
    (Cut, {"word": 1}, "word: there is no such field; did you mean 'words'?"),
    (Cut, {"use_cache": False}, "use_cache: there is no such field; leave it out"),
    (ParrotLLM, {"modl": "m"}, "modl: there is no such field; did you mean 'model'?"),
    (LengthEmbedder, {"model": "m", "timeot": 3}, "timeot: there is no such field; did you mean 'timeout'?"),
    (GenerationParameters, {"temprature": 1}, "temprature: there is no such field; did you mean"),
    (Resources, {"cpu": 1}, "cpu: there is no such field; did you mean 'cpus'?"),
    (Options, {"worker": 1}, "worker: there is no such field; did you mean 'workers'?"),
]


@pytest.mark.parametrize(("cls", "given", "said"), CASES)
def test_what_does_not_fit_is_said(cls: type[BaseModel], given: dict[str, Any], said: str) -> None:
    with pytest.raises(ParameterError) as caught:
        cls(**given)
    assert caught.value.fact == f"the parameters of '{cls.__name__}' do not fit"
    assert caught.value.advice[0].startswith(said)
    assert len(caught.value.advice) == 1


def test_no_secret_is_shown() -> None:
    with pytest.raises(ParameterError) as caught:
        ParrotLLM(model="m", api_key=["sk-a-secret"])
    error = caught.value
    assert "sk-a-secret" not in f"{error} {error.__cause__} {error.__context__}"


def test_a_class_inside_of_another_has_the_errors_of_pydantic() -> None:
    class Whole(BaseModel):
        part: Cut

    with pytest.raises(ValidationError, match=r"part\.words"):
        Whole.model_validate({"part": {"words": "x"}})
    assert Whole.model_validate({"part": {"words": 3}}).part.words == 3
