"""The gallery says what the code says, and its examples run."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from seedbed import LLM, get_llm
from seedbed.cli import invoke

DOCS = Path(__file__).parents[1] / "docs"


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_gallery", DOCS / "gallery.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Its classes look their module up.
    import sys

    sys.modules["docs_gallery"] = module
    spec.loader.exec_module(module)
    return module


gallery = load()
PLUGINS = gallery.plugins()
EXAMPLES = [plugin for plugin in PLUGINS if plugin.purpose.example is not None]
PATHS = [gallery.GALLERY / "index.md", *(gallery.GALLERY / plugin.place for plugin in PLUGINS)]


@pytest.fixture(scope="module")
def made() -> dict[Path, str]:
    """The text that each page should have."""
    return dict(gallery.pages())


@pytest.mark.parametrize("path", PATHS, ids=lambda path: str(path.relative_to(DOCS / "gallery")))
def test_a_page_is_up_to_date(made: dict[Path, str], path: Path) -> None:
    assert path.exists(), "run: uv run python docs/generate.py"
    assert path.read_text() == made[path], "run: uv run python docs/generate.py"


def test_there_is_no_page_of_what_does_not_exist(made: dict[Path, str]) -> None:
    assert set((DOCS / "gallery").rglob("*.md")) == set(PATHS) == made.keys()


@pytest.mark.parametrize("plugin", EXAMPLES, ids=lambda plugin: plugin.name)
def test_a_page_has_the_rows_of_its_example(made: dict[Path, str], plugin: object) -> None:
    page = made[gallery.GALLERY / plugin.place]  # type: ignore[attr-defined]
    assert gallery.kept_rows(page), f"run: uv run python docs/gallery.py --run {plugin.name}"  # type: ignore[attr-defined]


def test_rows_of_an_example_are_dropped_when_its_pipeline_changes(made: dict[Path, str]) -> None:
    plugin = next(one for one in PLUGINS if one.name == "text-generation")
    former = made[gallery.GALLERY / plugin.place]
    changed = former.replace("Name three things that float.", "Name four things.")

    assert gallery.kept_rows(gallery.page(plugin, former))
    assert not gallery.kept_rows(gallery.page(plugin, changed))
    assert not gallery.kept_rows(gallery.page(plugin, ""))


def test_a_page_names_source_parameters_and_prompt(made: dict[Path, str]) -> None:
    page = made[gallery.GALLERY / "tasks" / "self-instruct.md"]

    assert "(https://arxiv.org/abs/2212.10560) (Wang et al., 2022)" in page
    assert "| `max_likeness` | How much a new instruction may be like any earlier one" in page
    assert "\n## Differences from the paper\n" in page
    assert "Here are tasks that one may give to an assistant:\n" in page


def test_the_index_leads_to_every_page(made: dict[Path, str]) -> None:
    index = made[gallery.GALLERY / "index.md"]

    assert {f"{gallery.GALLERY}/{link}" for link in re.findall(r"\]\(([a-z]+/[^)]+)\)", index)} == {
        str(path) for path in made if path.name != "index.md"
    }


@pytest.fixture(scope="module")
def loaded_model() -> Iterator[LLM]:
    """The small model, which all runs of this process share while it's loaded."""
    # Several threads wait for each other, which is slow where tests share their cores.
    llm = get_llm(gallery.MODEL, threads=1)
    llm.load()
    yield llm
    llm.unload()


@pytest.fixture
def in_this_process(
    loaded_model: LLM, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Run the command here, which saves loading its modules and the model for each page."""

    def run(words: list[str], folder: str, seed: int = 0) -> str:
        monkeypatch.chdir(folder)
        asks = "\nllm:" in Path("example.yaml").read_text()
        # Where the example sets no limit, an answer would ramble on up to the whole context.
        settings = ["--set", "llm.threads=1", "--set", "llm.max_tokens=200"] if asks else []
        invoke([*words, "--seed", str(seed), *settings])
        monkeypatch.undo()
        return capsys.readouterr().err

    return run


@pytest.mark.slow
@pytest.mark.parametrize("plugin", EXAMPLES, ids=lambda plugin: plugin.name)
def test_an_example_runs_and_makes_the_columns_that_its_page_shows(
    made: dict[Path, str], plugin: object, in_this_process: Callable[..., str]
) -> None:
    shown = gallery.kept_rows(made[gallery.GALLERY / plugin.place])  # type: ignore[attr-defined]
    example = plugin.purpose.example  # type: ignore[attr-defined]
    if shown.startswith(gallery.NO_ROW):
        # It begins, and stops for the reason that the page gives or for its time.
        assert gallery.made_rows(plugin, example, 10, seedbed=in_this_process).reason
        return
    # One row of a generator is enough. Whether so small a model makes one depends on the processor and on
    # what it read before: it's asked with a few seeds.
    one = replace(example, n=1)
    tries = (
        gallery.made_rows(plugin, one, 900, seedbed=partial(in_this_process, seed=seed)).rows
        for seed in range(6)
    )
    rows = next(filter(None, tries), [])
    decoder = json.JSONDecoder()
    first, _ = decoder.raw_decode(shown.partition("\n")[2])

    assert rows
    assert list(rows[0]) == list(first)
    assert yaml.safe_load(gallery.pipeline(plugin, example))
