"""A parameter with an alias is set by either name: help and messages have its own, and files either."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import Field, FilePath

from seedbed import LLM, Pipeline, Registry, Response, Step, UsageError, get_llm, get_step


class Cut(Step):
    """Cuts texts."""

    longest: int = Field(default=3, alias="maxLength", description="The longest text.")
    words: FilePath | None = Field(default=None, validation_alias="wordFile", description="Words.")

    def process(self, row: Any) -> Any:
        return {"text": row["text"][: self.longest]}


class AliasedLLM(LLM):
    """Says its address."""

    base_url: str = Field(default="http://localhost", alias="baseURL", description="An address.")

    async def respond(self, request: Any) -> Response:
        return Response.of_text(self.base_url)


@pytest.fixture
def named(registry: Registry) -> Registry:
    registry.add(Cut, "cut")
    registry.add(AliasedLLM, "aliased")
    return registry


@pytest.mark.parametrize("name", ["longest", "maxLength"])
def test_a_step_takes_either_name(named: Registry, name: str) -> None:
    assert get_step("cut", registry=named, **{name: 5}).longest == 5  # type: ignore[attr-defined]
    assert Cut(**{name: 5}).longest == 5


@pytest.mark.parametrize("name", ["base_url", "baseURL"])
def test_a_backend_takes_either_name(named: Registry, name: str) -> None:
    llm = get_llm("aliased/m", registry=named, **{name: "http://there"})
    assert llm.generate([[{"role": "user", "content": "Where?"}]]) == [["http://there"]]


@pytest.mark.parametrize("name", ["words", "wordFile"])
def test_a_file_reaches_outside_of_its_folder_by_neither_name(
    named: Registry, tmp_path: Path, name: str
) -> None:
    (tmp_path / "words.txt").write_text("tea")
    inside = tmp_path / "inside"
    inside.mkdir()
    file = inside / "cut.yaml"
    file.write_text(f"steps: [{{use: cut, with: {{{name}: ../words.txt}}}}]")
    with pytest.raises(UsageError, match="outside of the pipeline file's folder"):
        Pipeline.from_file(file, registry=named)
