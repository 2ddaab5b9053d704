"""What errors advise: each option of the command with its twin in Python, since both users see them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from seedbed import AuthenticationError, get_llm
from seedbed.errors import UsageError
from seedbed.pipeline.pipeline import Pipeline

ROOT = Path(__file__).parents[1]

_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
_TWIN = re.compile(r"in Python|SEEDBED_|pip install")

# What only the command does, or what isn't advice.
_OF_THE_COMMAND = {
    "engine/comparison/diff_text.py": "the text of `seedbed runs diff`",
    "engine/run_owner.py": "its sentence goes on with `id` in Python",
    "engine/observing/named.py": "names of observers in settings: Python takes objects",
    "engine/stopping/bounds.py": "the names of two options; the advice has those in Python",
    "pipeline/entries.py": "a description in the schema of pipeline files",
    "plugins/catalogue/probe.py": "the option of a process of our own",
    "plugins/policy/lock.py": "options of pip and uv",
    "plugins/policy/lock_file.py": "the head of a lock file",
    "scaffold/naming.py": "`seedbed new`",
    "scaffold/writing.py": "`seedbed new`",
    "store/cards/card.py": "a card shows the command that chose its rows",
    "store/cards/command.py": "a card shows the command that made it",
    "store/model_rows.py": "`seedbed runs export`",
    "store/ratings/rated_rows.py": "`seedbed runs export`",
    "store/training_parts.py": "names the command `seedbed runs export`",
    "seedbed_report/plots.py": "variables of CSS",
    "seedbed_report/typical_rows.py": "`seedbed report`",
    "seedbed_tasks/embedding_data.py": "names the command `seedbed run`",
    "seedbed_view/server.py": "`seedbed view`",
    "seedbed_view/trials.py": "a command that the page shows",
}


def test_advice_that_names_an_option_of_the_command_also_says_what_to_do_in_python() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text!r}"
        for path in _library()
        for line, text in _options_without_twin(path)
    ]

    assert not found, "say what a user of Python does, too (`name= in Python`):\n" + "\n".join(found)


def test_an_exception_still_has_an_option() -> None:
    modules = [path.as_posix() for path in _library()]
    named = {end for end in _OF_THE_COMMAND if any(module.endswith(end) for module in modules)}

    assert named == set(_OF_THE_COMMAND)


def test_a_missing_key_says_how_python_and_the_command_give_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)

    with pytest.raises(AuthenticationError, match="no API key") as caught:
        get_llm("openai/gpt-4.1-mini").generate([[{"role": "user", "content": "Hello"}]])

    [advice] = caught.value.advice
    assert advice.startswith("export OPENAI_API_KEY=... in the shell, or pass it once: --set llm.api_key=...")
    assert advice.endswith(", api_key=... in Python")


def test_a_path_out_of_the_folder_says_how_python_allows_it(tmp_path: Path) -> None:
    file = tmp_path / "pipelines" / "p.yaml"
    file.parent.mkdir()
    (tmp_path / "rows.jsonl").write_text('{"a": 1}\n')
    file.write_text("steps:\n- use: jsonl\n  with: {path: ../rows.jsonl}\n")

    with pytest.raises(UsageError, match=r"allow_paths=\[\.\.\.\] in Python, --allow-path "):
        Pipeline.from_file(file)


def _library() -> Iterator[Path]:
    for source in (ROOT / "src" / "seedbed", *ROOT.glob("plugins/*/src")):
        for path in sorted(source.rglob("*.py")):
            if not {"cli", "templates"} & set(path.relative_to(source).parts):
                yield path


def _options_without_twin(path: Path) -> Iterator[tuple[int, str]]:
    place = path.as_posix()
    if any(place.endswith(end) for end in _OF_THE_COMMAND):
        return
    source = path.read_text(encoding="utf-8")
    # Most modules name no option: reading them as syntax would take most of the time.
    tree = ast.parse(source if _OPTION.search(source) else "")
    for statement in _statements(tree):
        texts = [
            one for one in ast.walk(statement) if isinstance(one, ast.Constant) and isinstance(one.value, str)
        ]
        if _TWIN.search(" ".join(str(one.value) for one in texts)):
            continue
        yield from ((one.lineno, str(one.value)) for one in texts if _OPTION.search(str(one.value)))


def _statements(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the simple statements, without docstrings and other texts that stand by themselves."""
    for one in ast.walk(tree):
        if isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant):
            continue
        if isinstance(one, ast.stmt) and not hasattr(one, "body"):
            yield one
