"""Fields of a task that hold further LLMs take references, as `llm` does."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import Field

from seedbed import (
    LLM,
    GenerationParameters,
    ParameterError,
    Registry,
    Request,
    Response,
    SeedbedError,
    Task,
    UsageError,
    get_llm,
    run,
)
from seedbed.cli.annotations import plain_words
from seedbed.pipeline.file import load_pipeline
from seedbed.plugins.authoring.defaults import odd_defaults
from seedbed.plugins.fields.build import build


class Judged(Task):
    """An answer and what judges say of it."""

    judges: list[LLM] = Field(default_factory=list, description="Who judges.")
    other: LLM | None = Field(default=None, description="Another model.")

    @property
    def outputs(self) -> list[str]:
        return ["verdicts"]

    async def generate_row(self, input: dict[str, Any]) -> dict[str, Any]:
        question = [{"role": "user", "content": f"Rate: {input['question']}"}]
        answers = [await judge.acomplete(question) for judge in self.judges]
        return {"verdicts": [answer.choices[0].text for answer in answers]}


def test_references_and_llms_stand_side_by_side() -> None:
    own = get_llm("openai/own", api_key="k")
    task = Judged(
        judges=["openai/m", {"use": "openai/n", "with": {"temperature": 0.5}}, own], other="openai/o"
    )

    assert [judge.model for judge in task.judges] == ["m", "n", "own"]
    assert task.judges[1].temperature == 0.5
    assert task.judges[2] is own
    assert isinstance(task.other, LLM)


@pytest.mark.parametrize(
    ("judges", "told"),
    [
        (["gpt-4.1"], "gpt-4.1"),
        ([3], "judges.0: give an LLM, a reference such as 'openai/gpt-4.1-mini'"),
        ([{"model": "m"}], "judges.0: give a reference"),
        ([{"use": "openai/m", "with": {"temprature": 1}}], "temprature"),
    ],
)
def test_what_is_no_llm_is_refused_where_it_stands(judges: Any, told: str) -> None:
    with pytest.raises((ParameterError, UsageError)) as refused:
        build(Judged, {"judges": judges}, "the task")
    assert told in str(refused.value)


def test_help_says_that_a_field_takes_llms() -> None:
    assert plain_words(Judged.model_fields["judges"].annotation) == "JSON list of LLM"


class Telling(LLM):
    """Says which model it is, and needs a key."""

    backend: ClassVar[str] = "telling"
    key_env_var: ClassVar[str | None] = "TELLING_API_KEY"
    provider_hosts: ClassVar[tuple[str, ...]] = ("api.telling.example",)

    base_url: str = Field(default="https://api.telling.example", description="The server.")

    async def respond(self, request: Request) -> Response:
        self.resolve_key()
        return Response.of_text(f"{self.model} at {request.temperature}")


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Registry:
    monkeypatch.setenv("TELLING_API_KEY", "sk-telling-0123456789")
    registry = Registry([])
    registry.add(Judged)
    registry.add(Telling)
    return registry


def pipeline_file(folder: Path, judges: str) -> Path:
    path = folder / "p.yaml"
    path.write_text(
        f"llm: telling/writer\nsteps:\n  - use: judged\n    with:\n      judges: {judges}\n", encoding="utf-8"
    )
    return path


def test_a_pipeline_file_names_them(registry: Registry, tmp_path: Path) -> None:
    path = pipeline_file(tmp_path, "[telling/a, {use: telling/b, with: {temperature: 0.5}}]")

    made = load_pipeline(path, registry).run(input=[{"question": "Why?"}])

    assert [row["verdicts"] for row in made.rows()] == [["a at None", "b at 0.5"]]


def test_a_pipeline_file_cannot_name_code_there(registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("raise SystemExit('this ran')")
    path = pipeline_file(tmp_path, f"['{tmp_path / 'own.py'}:Own/m']")

    with pytest.raises(UsageError, match="may only name plugins"):
        load_pipeline(path, registry)


def test_a_pipeline_file_sends_no_key_to_a_host_of_its_choice_there(
    registry: Registry, tmp_path: Path
) -> None:
    path = pipeline_file(tmp_path, "[{use: telling/b, with: {base_url: 'https://evil.example/v1'}}]")
    pipeline = load_pipeline(path, registry)

    with pytest.raises(UsageError, match=r"TELLING_API_KEY to 'evil\.example'"):
        pipeline.run(input=[{"question": "Why?"}])


def test_a_default_that_stays_a_text_is_an_authors_mistake() -> None:
    class Defaulted(Judged):
        judge: LLM = Field(default="openai/m", description="Who judges.")  # type: ignore[assignment]

    (said,) = odd_defaults(Defaulted())
    assert said.startswith("the default 'openai/m' of 'judge' does not fit")


@pytest.mark.parametrize("read", ["api_key.get_secret_value()", "model_dump()", "__dict__"])
def test_a_template_reads_no_key_of_a_model_in_a_list(read: str) -> None:
    judge = get_llm("openai/m", api_key="sk-a-key-of-nobody")
    task = Judged(judges=[judge], template=f"{{{{ judges[0].{read} }}}}")

    with pytest.raises(SeedbedError) as refused:
        task.format_input({})
    assert "sk-a-key" not in str(refused.value)


def test_a_template_shows_models_in_a_list_by_their_references() -> None:
    task = Judged(judges=["openai/m", "openai/n"], template="{{ judges | join(' and ') }}")

    assert task.format_input({})[0]["content"] == "openai/m and openai/n"


class Panel(Task):
    """What judges say, with sampling parameters of the author."""

    judges: list[LLM] = Field(default_factory=list, description="Who judges.")
    generation: GenerationParameters = Field(
        default_factory=lambda: GenerationParameters(temperature=0.0, max_tokens=100), description="Sampling."
    )

    @property
    def outputs(self) -> list[str]:
        return ["said"]

    async def generate_row(self, input: dict[str, Any]) -> dict[str, Any]:
        return {"said": [await self.ask("Rate it.", llm=judge) for judge in self.judges]}


def test_a_judge_is_asked_with_its_own_settings_and_not_with_those_of_the_writer() -> None:
    writer = Telling(model="writer", api_key="k", temperature=1.5)
    judges = [Telling(model="warm", api_key="k", temperature=0.7), Telling(model="plain", api_key="k")]

    def said(**set_on_task: Any) -> list[str]:
        made = run(Panel(llm=writer, judges=judges, **set_on_task), input=[{"question": "Why?"}])
        return [text for row in made.rows() for text in row["said"]]

    assert said() == ["warm at 0.7", "plain at 0.0"]
    assert said(generation={"temperature": 0.2}) == ["warm at 0.2", "plain at 0.2"]


class WritesAndJudges(Panel):
    """A text, and what judges say, each with parameters of their own."""

    judging: GenerationParameters = Field(
        default_factory=lambda: GenerationParameters(temperature=0.0, max_tokens=9), description="Of judges."
    )

    async def generate_row(self, input: dict[str, Any]) -> dict[str, Any]:
        judges = self.judges or [self.llm]
        said = [await self.ask("Rate it.", llm=judge, generation="judging") for judge in judges]
        return {"said": [await self.ask("Write."), *said]}


@pytest.mark.slow
def test_calls_may_have_the_parameters_of_another_field_with_the_same_precedence() -> None:
    writer = Telling(model="writer", api_key="k", temperature=1.5)
    judges = [Telling(model="warm", api_key="k", temperature=0.7), Telling(model="plain", api_key="k")]

    def said(**set_on_task: Any) -> list[str]:
        made = run(WritesAndJudges(llm=writer, judges=judges, **set_on_task), input=[{"question": "Why?"}])
        return [text for row in made.rows() for text in row["said"]]

    assert said() == ["writer at 1.5", "warm at 0.7", "plain at 0.0"]
    assert said(generation={"temperature": 0.9}) == ["writer at 0.9", "warm at 0.7", "plain at 0.0"]
    assert said(judging={"temperature": 0.2})[1:] == ["warm at 0.2", "plain at 0.2"]


def test_a_user_who_sets_one_parameter_of_such_a_field_keeps_the_authors_others() -> None:
    assert WritesAndJudges(judging={"temperature": 0.3}).judging.max_tokens == 9
