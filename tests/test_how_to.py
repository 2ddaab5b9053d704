"""The snippets of the how-to pages say what the code does."""

from __future__ import annotations

import ast
import asyncio
import hashlib
import json
import re
import tomllib
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import jsonschema
import pytest
import yaml
from tests.support.first_parameters import FirstParameters

from seedbed import LLM, Capabilities, GeneratorTask, Pipeline, Registry, Request, Response, Step, run
from seedbed.cli.command import seedbed as seedbed_command
from seedbed.engine.observing.named import configured_observers
from seedbed.pipeline.entries import PipelineFile
from seedbed.pipeline.file import load_pipeline
from seedbed.pipeline.run_defaults import RunDefaults
from seedbed.pipeline.schema import pipeline_schema
from seedbed.plugins.policy.lock_file import lock_text, read_lock
from seedbed.plugins.policy.policy import read_policy
from seedbed.testing import (
    LLMContract,
    PackageContract,
    ScriptedLLM,
    StepContract,
    TaskContract,
    plausible_answer,
)

# A pytest inside of this one forgets what it imports first, and what is imported again is not the same.
IMPORTED_BEFORE = (LLMContract, PackageContract, StepContract, TaskContract)

HOW_TO = Path(__file__).parents[1] / "docs" / "how-to"


class ManyAnswersLLM(LLM):
    """Gives an answer of its own to each prompt."""

    async def respond(self, request: Request) -> Response:
        digest = hashlib.sha256(str(request.messages).encode()).hexdigest()
        return Response.of_text("Explain " + " ".join(re.findall("....", digest)))


def fences(page: str, language: str) -> list[str]:
    text = (HOW_TO / page).read_text()
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def schema() -> jsonschema.Draft202012Validator:
    """The schema of pipeline files, made once: it takes a second, since it has the fields of every plugin."""
    return jsonschema.Draft202012Validator(pipeline_schema(Registry()))


class Numbers(GeneratorTask):
    template: str = "Say {{ n }}"

    def sample(self, index: int, rng: object) -> dict[str, Any]:
        return {"n": index}


@pytest.mark.slow
def test_the_cells_of_the_page_on_notebooks_run() -> None:
    names: dict[str, Any] = {"task": Numbers(), "llm": ManyAnswersLLM(model="m")}
    for code in fences("notebooks.md", "python"):
        code = re.sub(r"seedbed\.get_task\(.*\)", "task", code)
        code = re.sub(r"seedbed\.get_llm\(.*\)", "llm", code)
        code = code.replace('"qa-pairs"', "task").replace('"openai/gpt-4.1-mini"', "llm")
        cell = compile(code, "notebooks.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        if awaited := eval(cell, names):
            asyncio.run(awaited)
    assert names["made"].accepted == 100
    assert asyncio.run(names["limited"]()).found.finished


def test_the_pipeline_in_python_runs(tmp_path: Path) -> None:
    code, *_ = fences("pipelines.md", "python")
    out = tmp_path / "instructions.jsonl"
    names: dict[str, object] = {"llm": ManyAnswersLLM(model="m")}
    code = code.replace('llm="openai/gpt-4.1-mini"', "llm=llm").replace(
        '"instructions.jsonl"', repr(str(out))
    )

    exec(compile(code, "pipelines.md", "exec"), names)

    assert len(out.read_text().splitlines()) == 20


@pytest.mark.slow
@pytest.mark.parametrize("code", fences("pipelines.md", "python")[1:])
def test_a_graph_in_python_runs(code: str) -> None:
    names: dict[str, object] = {}

    exec(compile(code, "pipelines.md", "exec"), names)

    pipelines = [made for made in names.values() if isinstance(made, Pipeline)]
    ends = [pipeline for pipeline in pipelines if not is_part_of_another(pipeline, pipelines)]
    assert ends
    for pipeline in ends:
        made = pipeline.run(6, llm=ManyAnswersLLM(model="m"))
        assert (made.outcome, made.failed) == ("complete", 0), made
        assert made.accepted >= 6


def is_part_of_another(pipeline: Pipeline, pipelines: list[Pipeline]) -> bool:
    own = {step.name for step in pipeline.steps}
    return any(own < {step.name for step in other.steps} for other in pipelines)


@pytest.mark.variants(2)
@pytest.mark.parametrize("text", fences("pipelines.md", "yaml"))
def test_a_pipeline_file_runs_and_fits_the_schema(
    text: str, tmp_path: Path, schema: jsonschema.Draft202012Validator
) -> None:
    path = tmp_path / "pipeline.yaml"
    # The backends of the page have no key here.
    path.write_text(re.sub(r"^llm: .*\n|^    llm:\n(      .*\n)*", "", text, flags=re.MULTILINE))

    made = load_pipeline(path, Registry()).run(6, llm=ManyAnswersLLM(model="m"))
    assert (made.outcome, made.failed) == ("complete", 0), made
    schema.validate(yaml.safe_load(text))


def test_a_file_that_says_everything_runs(tmp_path: Path, schema: jsonschema.Draft202012Validator) -> None:
    (rows,) = fences("pipeline-files.md", "jsonl")
    whole, several, secret = fences("pipeline-files.md", "yaml")
    (tmp_path / "questions.jsonl").write_text(rows)
    for text in (whole, several + "steps: [{use: pass}]", secret + "steps: [{use: pass}]"):
        schema.validate(yaml.safe_load(text))
    for out in ("out: answers.parquet\n", several):
        path = tmp_path / "answers.yaml"
        path.write_text(whole.replace("out: answers.parquet\n", out))
        # The model of the page has no key here.
        pipeline = load_pipeline(path, Registry(), make_llm=lambda *entries: None)
        llm = ScriptedLLM("Because.", "Of salt.")
        made = pipeline.run(llm=llm, name=None, price_input=1, price_output=1)
        assert made.accepted == 2
        assert all(Path(output).exists() for output in made.outputs)
    assert len(made.outputs) == 3
    assert replace(pipeline.defaults, outputs=()) == RunDefaults(
        n=500, seed=7, input=str(tmp_path / "questions.jsonl"), max_cost=5.0, max_seconds=7200.0
    )


@pytest.mark.parametrize("text", fences("typed-rows.md", "yaml"))
def test_typed_columns_of_a_file_are_written(
    text: str, tmp_path: Path, schema: jsonschema.Draft202012Validator
) -> None:
    (tmp_path / "judge.yaml").write_text(text)
    answer = {"score": 7, "verdict": "good", "tags": ["a"], "proof": {"page": 1, "quote": "x"}}
    llm = ScriptedLLM(json.dumps(answer))
    made = load_pipeline(tmp_path / "judge.yaml", Registry()).run(input=[{"answer": "x"}], llm=llm)
    assert [row["score"] for row in made.rows()] == [7]
    schema.validate(yaml.safe_load(text))


def test_the_files_on_the_page_name_the_steps_that_it_tells_of() -> None:
    used = [
        [step.use for step in PipelineFile.model_validate(yaml.safe_load(text)).steps]
        for text in fences("pipelines.md", "yaml")
    ]

    assert used == [
        ["self-instruct", "text-generation"],
        ["self-instruct", "text-generation", "text-generation", "pass"],
        ["self-instruct", "self-instruct", "concat", "text-generation"],
    ]


def test_the_policy_files_are_read(tmp_path: Path) -> None:
    pyproject, seedbed = fences("plugin-policy.md", "toml")
    tomllib.loads(pyproject)
    (tmp_path / "pyproject.toml").write_text(pyproject)
    (tmp_path / "seedbed.toml").write_text(seedbed)

    policy = read_policy(folder=tmp_path, environ={})

    assert policy.prefer == ("my-fork-of-tasks",)
    assert policy.deny == ("old-tasks",)
    assert policy.allow == ("seedbed-openai", "seedbed-tasks")


def test_the_lock_file_on_the_page_is_one(tmp_path: Path) -> None:
    (text,) = fences("lock-plugins.md", "toml")
    (tmp_path / "seedbed.lock").write_text(text)

    assert lock_text(read_lock(tmp_path / "seedbed.lock")).endswith(text)


def test_the_commands_about_lock_files_are_there() -> None:
    (text,) = fences("lock-plugins.md", "console")
    for line in text.splitlines():
        words = line.removeprefix("$ seedbed ").partition(" #")[0].split()
        context = click.Context(seedbed_command)
        command: click.Command = seedbed_command
        while isinstance(command, click.Group):
            _, found, words = command.resolve_command(context, words)
            assert found is not None
            command = found
        command.make_context("seedbed", words)


@pytest.mark.slow
def test_the_plugins_on_the_page_keep_their_contracts(pytester: pytest.Pytester) -> None:
    text = (HOW_TO / "test-a-plugin.md").read_text()
    files = dict(re.findall(r'^```python title="(\S+)"\n(.*?)^```', text, re.MULTILINE | re.DOTALL))
    for name, code in files.items():
        (pytester.path / name).write_text(code)

    # All parameters are in test_doc_contracts.py, with the same plugins.
    ran = pytester.inline_run("-p", "no:hypothesispytest", plugins=[FirstParameters()])

    passed, _, failed = ran.listoutcomes()
    assert failed == []
    assert {report.nodeid.partition("::")[0] for report in passed} == {
        name for name in files if name.startswith("test_")
    }


class Number(GeneratorTask):
    """Asks about a number."""

    template: str = "What is {{ n }}?"

    def sample(self, index: int, rng: Any) -> dict[str, Any]:
        return {"n": index}


class Double(Step):
    """Doubles the number."""

    def process(self, row: Any) -> Any:
        return {**row, "n": 2 * row["n"]}


def module_of(page: str, number: int = 0) -> ModuleType:
    """Return a module made of a snippet."""
    module = ModuleType("snippet")
    exec(compile(fences(page, "python")[number], page, "exec"), vars(module))
    return module


def test_the_observer_on_the_page_prints_what_it_hears(capsys: pytest.CaptureFixture[str]) -> None:
    run(Number(llm=ManyAnswersLLM(model="m")), 2, observers=[module_of("observers.md")])

    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert out == ""
    assert lines[0] == "number: 2 rows by many-answers/m"
    calls = [line.partition(" in ")[0] for line in lines[1:3]]
    assert calls == ["  number, row 0: 0 tokens", "  number, row 1: 0 tokens"]
    assert lines[3].startswith("  row 0 is accepted {'n': 0, 'generation': 'Explain ")
    assert lines[5] == "number is complete: 2 rows in 0 s"


def test_the_observer_in_python_counts(capsys: pytest.CaptureFixture[str]) -> None:
    _, code = fences("observers.md", "python")
    names = {"llm": ManyAnswersLLM(model="m"), "task": Number()}
    code = code.replace('llm="openai/gpt-4.1-mini"', "llm=llm").replace('"qa-pairs"', "task")

    exec(compile(code.replace('"printer", counter', "counter"), "observers.md", "exec"), names)

    assert capsys.readouterr().out == "{'number': 0}\n"


def test_the_settings_on_the_page_name_the_observer(tmp_path: Path) -> None:
    entry_point, pyproject, seedbed = fences("observers.md", "toml")
    assert tomllib.loads(entry_point)["project"]["entry-points"] == {
        "seedbed.observers": {"printer": "my_printer"}
    }
    for name, text in (("pyproject.toml", pyproject), ("seedbed.toml", seedbed)):
        (tmp_path / name).write_text(text)
        assert configured_observers(folder=tmp_path, environ={}).names == ("printer",)
        (tmp_path / name).unlink()


def test_the_engine_on_the_page_makes_the_rows_that_the_one_that_is_built_in_makes(tmp_path: Path) -> None:
    engine = module_of("engines.md").PlainEngine
    pipeline = Number(llm=ManyAnswersLLM(model="m")) >> Double()
    outs = [tmp_path / "plain.jsonl", tmp_path / "built-in.jsonl"]

    made = [run(pipeline, 5, out=outs[0], engine=engine), run(pipeline, 5, out=outs[1])]

    assert [one.outcome for one in made] == ["complete", "complete"]
    assert outs[0].read_bytes() == outs[1].read_bytes()
    assert len(outs[0].read_text().splitlines()) == 5


@pytest.mark.slow
def test_the_tables_of_their_page_are_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    orders, reviews = fences("tables.md", 'yaml title="[a-z.]*"')
    (tmp_path / "orders.yaml").write_text(orders)
    (tmp_path / "reviews.yaml").write_text(reviews)

    rows = list(run(load_pipeline(tmp_path / "orders.yaml")).rows())
    assert len(rows) == 100
    assert all(row["ordered"] < row["delivered"] and row["total"] < 500 for row in rows)
    llm = ScriptedLLM(plausible_answer, model="m", offers=Capabilities(structured_output=True))
    made = run(load_pipeline(tmp_path / "reviews.yaml"), llm=llm)
    assert made.outcome == "complete"
    assert [*next(iter(made.rows()))] == ["product", "stars", "review", "facts", "verdict", "model_name"]


def test_the_table_in_python_is_made() -> None:
    (code,) = fences("tables.md", 'python title="[a-z.]*"')
    names: dict[str, Any] = {}
    exec(compile(code, "tables.md", "exec"), names)

    assert {row["price"] > 0 for row in names["rows"]} == {True, False}
