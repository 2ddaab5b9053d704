"""The page for those who come from distilabel: its code runs, and its names are there."""

from __future__ import annotations

import ast
import re
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from tests.support.clean_environment import CleanEnvironment
from tests.support.scripted_llm import prompt, scripted

import seedbed
from seedbed import LLM, Pipeline, Registry, Request, Task, UnknownPluginError, UsageError, get_llm
from seedbed.pipeline.file import load_pipeline
from seedbed.plugins.authoring.distilabel_names import instead_of, registered_as

PAGE = Path(__file__).parents[1] / "docs" / "how-to" / "coming-from-distilabel.md"
TEXT = PAGE.read_text(encoding="utf-8")
EMBEDDED = "llamacpp/smollm2-135m"


def file_of(name: str) -> str:
    (text,) = re.findall(rf'^```\w+ title="{name}"\n(.*?)^```', TEXT, re.MULTILINE | re.DOTALL)
    return str(text)


def after(monkeypatch: pytest.MonkeyPatch, llm: Any) -> dict[str, Any]:
    """Return the names of the new program, all of whose models are `llm`."""
    monkeypatch.setattr(seedbed, "get_llm", lambda reference, **_: llm)
    names: dict[str, Any] = {}
    exec(compile(file_of("after.py"), "after.py", "exec"), names)
    return names


def judged(request: Request) -> str:
    return "B" if "Which answer is better" in prompt(request) else f"Since {prompt(request)}"


def test_the_new_program_makes_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    names = after(monkeypatch, scripted(judged))
    made = names["pipeline"].run(input=names["rows"])
    assert [*made.rows()] == [
        {"instruction": text, "short": f"Since {text}", "long": f"Since {text}", "better": "B"}
        for text in ("Why do boats float?", "What is a tide?")
    ]


def test_the_file_makes_them_too(tmp_path: Path) -> None:
    (tmp_path / "questions.jsonl").write_text('{"instruction": "Why?"}\n')
    (tmp_path / "after.yaml").write_text(re.sub(r"^(llm|out): .*\n", "", file_of("after.yaml"), flags=re.M))

    def answer(request: Request) -> str:
        return '{"better": "A"}' if "Which answer is better" in prompt(request) else "Because."

    pipeline = load_pipeline(tmp_path / "after.yaml", Registry())
    made = pipeline.run(input=tmp_path / "questions.jsonl", llm=scripted(answer))
    assert [*made.rows()] == [
        {"instruction": "Why?", "short": "Because.", "long": "Because.", "better": "A"}
    ], made


@pytest.mark.slow
def test_the_new_program_runs_on_a_real_model(monkeypatch: pytest.MonkeyPatch) -> None:
    names = after(monkeypatch, get_llm(EMBEDDED, max_tokens=24))
    made = names["pipeline"].run(input=names["rows"])
    assert (made.accepted, made.failed) == (2, 0), made
    assert {*next(made.rows())} == {"instruction", "short", "long", "better"}


def rows_of(section: str) -> list[tuple[str, str]]:
    """Return the two cells of each line of the table under a heading."""
    text = TEXT.partition(f"\n### {section}\n")[2].partition("\n### ")[0]
    return re.findall(r"^\| (`.*?) \| (.*?) \|$", text, re.MULTILINE)


def test_what_is_said_to_be_there_is_there() -> None:
    installed = {entry.installed.name for entry in Registry().entries()}
    named = [*rows_of("Tasks"), *rows_of("Steps"), *rows_of("Models")]
    ours = [name for _, cell in named for name in re.findall(r"`([a-z][a-z0-9-]*)`(?!\*)", cell)]
    others = {"base_url", "preset", "template", "load", "unload", "respond", "schema"}
    assert len(ours) > 25
    assert [name for name in ours if name not in installed and name not in others] == []


def test_the_old_program_is_python() -> None:
    ast.parse(file_of("before.py"))


NAMES = """
import distilabel.models, distilabel.pipeline, distilabel.steps, distilabel.steps.tasks
for name in {names!r}:
    homes = (distilabel.models, distilabel.pipeline, distilabel.steps, distilabel.steps.tasks)
    if not any(hasattr(home, name) for home in homes):
        print(name)
"""


@pytest.mark.slow
def test_the_old_program_and_their_names_are_those_of_distilabel(tmp_path: Path) -> None:
    theirs = CleanEnvironment(tmp_path / "env")
    theirs.install("distilabel[openai]==1.5.3", "requests")
    python = theirs.scripts / "python"
    (tmp_path / "before.py").write_text(file_of("before.py"))
    checked = "import before; assert len(list(before.pipeline.dag)) == 6"
    key = {"OPENAI_API_KEY": "none", "HOME": str(tmp_path)}
    made = subprocess.run([python, "-c", checked], cwd=tmp_path, env=key, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    rows = [row for section in ("Tasks", "Steps", "Models") for row in rows_of(section)]
    code = NAMES.format(names=[name for cell, _ in rows for name in words(cell)])
    found = subprocess.run([python, "-c", code], env=key, capture_output=True, text=True)
    assert found.stdout.splitlines() == [], found.stderr


def words(cell: str) -> list[str]:
    """Return the classes that a cell names; `vLLM` is only there if its library is."""
    return [name for name in re.findall(r"`([A-Z]\w+)`", cell) if name != "vLLM"]


IMPORTS = {
    "from seedbed import OpenAILLM": "get_llm('openai/MODEL')",
    "from seedbed import KeepColumns": "get_step('select')",
    "from seedbed import TextGeneration": "get_task('text-generation')",
    "from seedbed import RuntimeParameter, Step": "words: int = 5",
    "from seedbed import step": "class Mine(Step)",
    "from seedbed.llms import OpenAILLM": "from seedbed import Task, Step, get_llm",
    "from seedbed.steps.tasks.base import GeneratorTask": "from seedbed import Task, Step, get_llm",
    "from seedbed.pipeline import Pipeline": "from seedbed import Pipeline",
    "from seedbed.pipeline import routing_batch_function": "when('kind == 1', left)",
    "from seedbed_tasks import ComplexityScorer": "get_task('complexity-score')",
    "from seedbed_tasks import Task": "from seedbed import Task",
    "from seedbed_tasks import TextGenration": "did you mean 'TextGeneration'?",
    "from seedbed import GeneratorTsk": "did you mean 'GeneratorTask'?",
}


@pytest.mark.parametrize("statement", IMPORTS)
def test_an_import_of_their_names_says_what_to_write(statement: str) -> None:
    # Who tries whether a module is there catches this one.
    with pytest.raises(ModuleNotFoundError) as refused:
        exec(statement)
    assert IMPORTS[statement] in str(refused.value)


def test_a_name_that_is_nowhere_is_as_missing_as_ever() -> None:
    for statement in ("from seedbed import zebra", "import seedbed.zebra", "from seedbed_tasks import zebra"):
        with pytest.raises(ImportError, match=r"(cannot import name|No module named) '.*zebra'"):
            exec(statement)
    assert find_spec("seedbed.zebra") is None
    assert not hasattr(seedbed, "Distiset")


def test_all_names_of_the_page_are_answered_with_what_it_says() -> None:
    for theirs, ours in (row for section in ("Tasks", "Steps", "Models") for row in rows_of(section)):
        for name in words(theirs):
            said = instead_of(name)
            assert said or hasattr(seedbed, name), name
            if registered := registered_as(name):
                assert f"`{registered}`" in ours, name


def test_their_names_in_a_file_are_answered_with_ours_and_its_package() -> None:
    with pytest.raises(UnknownPluginError) as refused:
        seedbed.get_step("KeepColumns", registry=Registry([]))
    assert refused.value.advice[:2] == (
        "it's the step 'select': get_step('select'), `use: select` in a file",
        "pip install seedbed-data",
    )


def test_their_methods_are_answered_with_ours() -> None:
    pipeline = Task() >> Task(name="second")
    made = seedbed.run(seedbed.Pass(), input=[{"a": 1}])
    answers = (
        (lambda: pipeline.dry_run(), "preview(pipeline, 3"),
        (lambda: pipeline.draw(), "pipeline.graph()"),
        (lambda: Pipeline.from_yaml("a.yaml"), "Pipeline.from_file"),
        (lambda: made.push_to_hub("me/a"), "out='hf://USER/NAME'"),
        (lambda: made["default"]["train"], "for row in made"),
    )
    for tried, instead in answers:
        with pytest.raises((AttributeError, UsageError)) as refused:
            tried()
        assert instead in str(refused.value)


def test_a_backend_of_theirs_is_told_which_method_to_write() -> None:
    with pytest.raises(UsageError, match=r"`agenerate` of 'Theirs'.*\n.*\n  write `async def respond"):

        class Theirs(LLM):
            """A backend."""

            async def agenerate(self, input, num_generations=1): ...


def test_a_program_that_needs_distilabel_is_answered_at_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "old.py").write_text("from distilabel.steps.tasks import Task\n")
    with pytest.raises(UsageError, match="from seedbed import Task"):
        seedbed.get_task(f"{tmp_path / 'old.py'}:Better")
