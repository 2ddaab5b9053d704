"""A pipeline written to a file comes back as it was; what a file can't hold is an error."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import date, time
from functools import reduce
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml
from hypothesis import HealthCheck, assume, example, given, settings
from pydantic import BaseModel, Field, SecretStr
from tests.support.random_pipelines import pipelines

from seedbed import (
    LLM,
    Concat,
    Expression,
    Files,
    GeneratorStep,
    Join,
    Pass,
    Pipeline,
    Registry,
    Row,
    Step,
    UsageError,
    get_embedder,
    get_llm,
    otherwise,
    run,
    when,
)
from seedbed.engine.resume.fingerprint import step_fingerprint, way_fingerprint
from seedbed.pipeline.assembly import Link
from seedbed.pipeline.routing import Otherwise
from seedbed.pipeline.run_defaults import RunDefaults
from seedbed.plugins.policy.policy import Policy
from seedbed.tasks.base_task import BaseTask
from seedbed_data import Embed, Filter, Limit, Map
from seedbed_tasks import SelfInstruct, TextGeneration


def facts(pipeline: Pipeline) -> dict[str, Any]:
    """Return all that a run of a pipeline depends on."""
    topology = pipeline.topology()
    return {
        "nodes": [
            (
                node.name,
                type(node.step).__qualname__,
                [(one.step, one.when and (type(one.when), one.when.text)) for one in node.parents],
                node.merge,
                step_fingerprint(node.step, 0),
                {
                    name: repr(getattr(node.step, name))
                    for name in type(node.step).model_fields
                    if name != "llm"
                },
                isinstance(node.step, BaseTask) and asked(node.step),
            )
            for node in topology.nodes
        ],
        "ways": sorted(map(way_fingerprint, topology.edges)),
        "routes": {node.name: topology.children(node.name) for node in topology.nodes},
        "read": (pipeline.columns, pipeline.drop),
        "defaults": pipeline.defaults,
    }


def asked(task: BaseTask) -> list[Any]:
    """Return how a task asks its LLM: who set a parameter decides which others it overrides."""
    llm = task.llm
    return [task.generation.model_fields_set, *((llm.identity, llm.model_fields_set) if llm else ())]


def there_and_back(pipeline: Pipeline, folder: Path, **options: Any) -> Pipeline:
    path = folder / "pipeline.yaml"
    path.write_text(pipeline.to_yaml(folder), encoding="utf-8")
    return Pipeline.from_file(path, **options)


@example(Pipeline([Filter(name="a\x85b\u2028 \u2029", keep="a")]))
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(pipelines())
def test_any_pipeline_of_named_steps_comes_back(
    tmp_path_factory: pytest.TempPathFactory, pipeline: Pipeline
) -> None:
    try:
        expected = facts(pipeline)
    except UsageError:
        assume(False)
    folder = tmp_path_factory.mktemp("written")

    found = there_and_back(pipeline, folder)
    assert facts(found) == expected
    assert found.name == (pipeline.name or pipeline.topology().nodes[0].name)
    assert found.to_yaml() == pipeline.to_yaml()


def test_the_text_says_no_more_than_it_must() -> None:
    llm = "openai/gpt-4.1-mini"
    pipeline = SelfInstruct(examples=3, llm=llm) >> [
        when("instruction | length < 40", TextGeneration(name="brief", llm=llm)),
        otherwise(
            TextGeneration(
                name="long", llm=get_llm(llm, temperature=0.5), template="{{ instruction }}\n\nWhy?\n"
            )
        ),
    ]
    pipeline = Pipeline(pipeline.steps, "answers", pipeline.links) >> Pass()

    assert pipeline.to_yaml() == (
        """\
name: answers
llm: openai/gpt-4.1-mini
steps:
- use: self-instruct
  with:
    examples: 3
- use: text-generation
  name: brief
  when: instruction | length < 40
- use: text-generation
  name: long
  after: self-instruct
  otherwise: true
  llm:
    use: openai/gpt-4.1-mini
    with:
      temperature: 0.5
  with:
    template: |
      {{ instruction }}

      Why?
- use: pass
  after:
  - brief
  - long
"""
    )


def test_a_run_of_the_file_resumes_that_of_the_pipeline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [{"text": "a b c"}, {"text": "d"}]
    pipeline = Map(make={"words": "text.split() | length"}) >> Filter(keep="words > 1")
    first = run(pipeline, input=rows, name="made")
    again = run(there_and_back(pipeline, tmp_path), input=rows, name="made")

    assert first.accepted == 1
    assert (again.found.rows, again.found.changed) == (1, ())
    assert [*again.rows()] == [*first.rows()]


def test_paths_are_relative_to_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = Registry(installed=(), policy=Policy())
    registry.add(Reading)
    (tmp_path / "words.txt").write_text("a")
    (tmp_path / "pipelines").mkdir()
    monkeypatch.chdir(tmp_path)
    step = Reading(path=Path("words.txt"), files="*.txt")
    pipeline = Pipeline([step], defaults=RunDefaults(input="rows.jsonl"))

    text = pipeline.to_yaml("pipelines", registry=registry)
    assert yaml.safe_load(text)["steps"][0]["with"] == {"path": "../words.txt", "files": "../*.txt"}
    assert yaml.safe_load(text)["input"] == "../rows.jsonl"
    Path("pipelines/mine.yaml").write_text(text)
    found = Pipeline.from_file("pipelines/mine.yaml", registry=registry, allow_paths=["."])
    assert facts(found)["nodes"][0][4] == step_fingerprint(
        step.model_copy(
            update={"path": Path("pipelines/../words.txt"), "files": Files("pipelines/../*.txt")}
        ),
        0,
    )


def test_typed_columns_and_code_in_a_file_come_back(tmp_path: Path) -> None:
    (tmp_path / "first.yaml").write_text(
        "input: [{instruction: '$${x}', n: 2024-01-01}]\n"
        "steps:\n  - use: text-generation\n    llm: openai/m\n"
        "    schema: {score: {type: integer, minimum: 1, description: 'Good?'}, tags: 'list[string]?'}\n"
    )
    first = Pipeline.from_file(tmp_path / "first.yaml")
    found = there_and_back(first, tmp_path)

    assert facts(found) == facts(first)
    assert found.defaults.input == first.defaults.input


def test_what_a_run_makes_comes_back(tmp_path: Path) -> None:
    (tmp_path / "first.yaml").write_text(
        "n: 3\nseed: 4\nbudget: {cost: 1.5, tokens: 7, time: 2h}\n"
        "out: [made.jsonl, {path: made/, form: chat, split: {train: 0.9, test: 0.1}, shard_rows: 5}]\n"
        "steps: [{use: self-instruct}]\n"
    )
    first = Pipeline.from_file(tmp_path / "first.yaml")

    assert there_and_back(first, tmp_path).defaults == first.defaults
    assert len(first.defaults.outputs) == 2


def test_the_embedder_of_a_step_comes_back(tmp_path: Path) -> None:
    for embedder, written in (
        (get_embedder("openai/small"), "openai/small"),
        (
            get_embedder("openai/small", batch_size=3),
            {"use": "openai/small", "with": {"batch_size": 3}},
        ),
    ):
        pipeline = Pipeline([Embed(embedder=embedder)])
        assert facts(there_and_back(pipeline, tmp_path)) == facts(pipeline)
        assert yaml.safe_load(pipeline.to_yaml())["steps"][0]["with"] == {"embedder": written}


def test_the_models_of_a_step_come_back(tmp_path: Path) -> None:
    registry = Registry()
    registry.add(Judging)
    step = Judging(judges=[get_llm("openai/a"), get_llm("openai/b", temperature=0.5)])

    path = tmp_path / "x.yaml"
    path.write_text(Pipeline([step]).to_yaml(registry=registry))
    assert yaml.safe_load(path.read_text())["steps"][0]["with"]["judges"] == [
        "openai/a",
        {"use": "openai/b", "with": {"temperature": 0.5}},
    ]
    (found,) = Pipeline.from_file(path, registry=registry).steps
    assert isinstance(found, Judging)
    assert [judge.identity for judge in found.judges] == [judge.identity for judge in step.judges]


def test_rows_of_any_kind_of_data_come_back(tmp_path: Path) -> None:
    rows = [{"on": 1, "null": None, "a: b": b"x", "": [10**150, 1e300], "d": date(2024, 1, 2)}]
    pipeline = with_rows(*rows)
    assert there_and_back(pipeline, tmp_path).defaults.input == rows


def test_a_source_by_name_comes_back(tmp_path: Path) -> None:
    registry = Registry(installed=(), policy=Policy())
    registry.add(Counting)
    pipeline = Pipeline([Pass()], "x", defaults=RunDefaults(input=Counting(upto=3)))

    path = tmp_path / "x.yaml"
    path.write_text(pipeline.to_yaml(registry=registry))
    source = Pipeline.from_file(path, registry=registry).defaults.input
    assert step_fingerprint(source, 0) == step_fingerprint(Counting(upto=3), 0)


class Counting(GeneratorStep):
    upto: int

    def process(self, offset: int = 0):  # type: ignore[no-untyped-def]
        yield from ({"n": n} for n in range(self.upto))


class Judging(Step):
    judges: list[LLM]

    def process(self, row: Row) -> Row:
        return row


class Reading(Step):
    path: Path
    files: Files

    def process(self, row: Row) -> Row:
        return row


class Calling(Step):
    """Has parameters that a file can't hold."""

    keeps: ClassVar[bool] = True

    function: Any = None
    kind: Any = None
    password: SecretStr | None = None
    address: str = ""
    rounded: Any = None
    words: list[str] = Field(default_factory=list)

    def process(self, row: Row) -> Row:
        return row


class Whole(BaseModel):
    part: Callable[[], None]


def local_class() -> Step:
    class Local(Step):
        def process(self, row: Row) -> Row:
            return row

    return Local()


def named(text: str) -> Callable[[Row], bool]:
    return lambda row: text in row


REFUSED: dict[str, tuple[Callable[[], Pipeline], str]] = {
    "local class": (lambda: Pipeline([local_class()]), "class 'local_class.<locals>.Local', which no plugin"),
    "lambda": (
        lambda: Pipeline([Calling(function=lambda: 1)]),
        "'function' of the step 'calling' is",
    ),
    "partial": (lambda: Pipeline([Calling(function=functools.partial(print))]), "the function 'partial'"),
    "class": (lambda: Pipeline([Calling(kind=[{"a": Whole}])]), "the class 'Whole'"),
    "nested function": (lambda: Pipeline([Calling(kind=Whole(part=list))]), "the class 'list'"),
    "step": (lambda: Pipeline([Calling(kind=Pass())]), "'kind' of the step 'calling'"),
    "llm": (lambda: Pipeline([Calling(kind=get_llm("openai/x"))]), "an object of 'OpenAILLM'"),
    "embedder": (lambda: Pipeline([Calling(kind=get_embedder("openai/x"))]), "'kind' of the step 'calling'"),
    "set": (lambda: Pipeline([Calling(rounded={1, 2})]), "would not come back"),
    "secret": (lambda: Pipeline([Calling(password=SecretStr("hunter2-hunter2"))]), "'password' of the step"),
    "address": (lambda: Pipeline([Calling(address="https://me:hunter2-hunter2@x.org")]), "holds a secret"),
    "key": (
        lambda: Pipeline([TextGeneration(llm=get_llm("openai/x", api_key="hunter2-hunter2"))]),
        "'api_key' of the LLM of the step 'text-generation' holds a secret",
    ),
    "headers": (
        lambda: Pipeline(
            [TextGeneration(llm=get_llm("openai/x", default_headers={"X-Auth": "hunter2-hunter2"}))]
        ),
        "'default_headers'",
    ),
    "condition": (
        lambda: Pipeline() >> [when(named("a"), Pass()), otherwise(Limit(rows=1))],
        "is the function 'named.<locals>.<lambda>'",
    ),
    "two conditions": (lambda: crossed(), "different conditions lead to the step 'end'"),
    "time": (lambda: with_rows({"a": time(1, 2)}), "datetime.time(1, 2)"),
    "number as a key": (lambda: with_rows({1: 2}), "input"),
    "half of a character": (lambda: Pipeline([Pass(name="a\ud800b")]), "is not YAML"),
    "too many rows": (lambda: with_rows(*({"a": "x" * 100} for _ in range(5000))), "500,000 bytes"),
    "too deep": (lambda: with_rows({"a": reduce(lambda inner, _: [inner], range(150), 1)}), "nested too"),
    "two orders": (lambda: two_orders(), "in different orders"),
    "input": (lambda: Pipeline([Pass()], defaults=RunDefaults(input=iter([]))), "the input of the pipeline"),
}


def with_rows(*rows: dict[Any, Any]) -> Pipeline:
    return Pipeline([Pass()], defaults=RunDefaults(input=[*rows]))


def crossed() -> Pipeline:
    a, b, end = Pass(name="a"), Pass(name="b"), Pass(name="end")
    links = [
        Link(None, a, Expression("n > 1")),
        Link(None, b, Otherwise()),
        Link(a, end, Expression("n > 2")),
        Link(b, end, Expression("n < 0")),
    ]
    return Pipeline([a, b, end], links=links)


def two_orders() -> Pipeline:
    first, second = SelfInstruct(name="1"), SelfInstruct(name="2")
    x, y = Concat(name="x"), Join(name="y", on=["instruction"])
    links = [Link(first, x), Link(first, y), Link(second, y), Link(second, x)]
    return Pipeline([first, second, x, y], links=links)


@pytest.mark.variants(8)
@pytest.mark.parametrize("case", REFUSED)
def test_what_a_file_cannot_hold_is_refused(case: str) -> None:
    make, message = REFUSED[case]
    registry = Registry()
    registry.add(Calling)

    with pytest.raises(UsageError) as caught:
        make().to_yaml(registry=registry)
    assert message in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_parameter_changed_in_place_is_written() -> None:
    registry = Registry(installed=(), policy=Policy())
    registry.add(Calling)
    step = Calling()
    step.words.append("new")

    assert yaml.safe_load(Pipeline([step]).to_yaml(registry=registry))["steps"] == [
        {"use": "calling", "with": {"words": ["new"]}}
    ]


def test_a_secret_of_the_environment_stays_a_reference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEAM_KEY", "hunter2-hunter2")
    (tmp_path / "a.yaml").write_text(
        'llm: {use: openai/x, with: {api_key: "${env:TEAM_KEY}"}}\nsteps: [{use: self-instruct}]'
    )

    text = Pipeline.from_file(tmp_path / "a.yaml").to_yaml()
    assert yaml.safe_load(text)["llm"]["with"] == {"api_key": "${env:TEAM_KEY}"}
    assert "hunter2" not in text


def test_a_step_that_other_code_registers_is_found_by_its_name() -> None:
    registry = Registry(installed=(), policy=Policy())
    registry.add(Counting, "count-up")

    assert yaml.safe_load(Pipeline([Counting(upto=1)]).to_yaml(registry=registry))["steps"] == [
        {"use": "count-up", "name": "counting", "with": {"upto": 1}}
    ]
