"""The recipes, as their page shows them, run on the model inside the process."""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).parents[2]
RECIPES = sorted((ROOT / "examples" / "recipes").glob("*.yaml"))
PAGE = (ROOT / "docs" / "how-to" / "recipes.md").read_text(encoding="utf-8")

SENTENCES = (
    "The ferry crosses the bay four times a day, except when the wind is too strong for it.",
    "Bread that has stood overnight is easier to slice, and it keeps for almost a week.",
    "A lens bends light because glass slows it down, and a thicker edge bends it less.",
    "Swifts sleep in the air, and land only to raise their young under the roofs of towns.",
    "The old road was paved with flat stones, so that carts could pass in the wettest months.",
    "Salt lowers the point at which water freezes, which is why it is spread in winter.",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the recipes, to run them in."""
    return shutil.copytree(ROOT / "examples" / "recipes", tmp_path / "recipes")


def keep_seeds(folder: Path, count: int) -> None:
    """Leave the first seeds of the recipes alone: a call takes the model some five seconds."""
    path = folder / "data" / "seeds.jsonl"
    path.write_text("".join(path.read_text(encoding="utf-8").splitlines(keepends=True)[:count]))


def keep_sections(folder: Path, count: int) -> None:
    """Leave the first sections of each document alone."""
    for path in (folder / "data" / "handbook").glob("*.md"):
        sections = path.read_text(encoding="utf-8").split("\n## ")
        path.write_text("\n## ".join(sections[: 1 + count]))


CUT = re.compile(r"^  (\d+) failed: the answer was cut off at max_tokens", re.MULTILINE)


def run(recipe: str, folder: Path, *options: str, may_be_cut: int = 0) -> str:
    """Run a recipe in its folder; return its summary.

    What so small a model answers depends on the processor: as many rows as `may_be_cut` may fail since an
    answer was cut off, and none for another reason.
    """
    # Several threads wait for each other, which is slow where tests share their cores.
    one_thread = ["--set", "llm.threads=1"] if recipe != "clean" else []
    command = [sys.executable, "-m", "seedbed", "run", f"{recipe}.yaml", *one_thread, *options]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, timeout=900)
    cut = CUT.search(ended.stderr) if may_be_cut else None
    assert ended.returncode == (1 if cut else 0), ended.stderr
    assert cut is None or int(cut[1]) <= may_be_cut, ended.stderr
    return ended.stderr


def json_rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def parquet_rows(folder: Path) -> list[dict[str, Any]]:
    return [row for file in sorted(folder.glob("*.parquet")) for row in pq.read_table(file).to_pylist()]


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_the_page_shows_the_recipe_in_at_most_forty_lines(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert f'```yaml title="{path.name}"\n{text}```\n' in PAGE
    assert len(text.splitlines()) <= 40


def test_the_page_shows_every_recipe_and_no_other_file() -> None:
    assert set(re.findall(r'title="(\S+\.yaml)"', PAGE)) == {path.name for path in RECIPES}


@pytest.mark.slow
def test_seed_instructions_become_a_judged_chat_set_with_a_card(folder: Path) -> None:
    keep_seeds(folder, 2)
    short = ["--set", "answer.generation.max_tokens=60"]
    run("sft", folder, "--set", "at_least=1", *short, may_be_cut=2)

    rows = parquet_rows(folder / "sft")
    roles = [[message["role"] for message in row["messages"]] for row in rows]
    assert len(rows) >= 2
    assert all(one == ["user", "assistant"] for one in roles)
    assert "llamacpp/smollm2-135m" in (folder / "sft" / "README.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_two_models_and_a_judge_make_preference_pairs(folder: Path) -> None:
    keep_seeds(folder, 2)
    run("preferences", folder)

    rows = json_rows(folder / "preferences.jsonl")
    seeds = {row["instruction"] for row in json_rows(folder / "data" / "seeds.jsonl")}
    assert rows
    for row in rows:
        assert {message["content"] for message in row["prompt"]} <= seeds
        assert row["chosen"] != row["rejected"]


@pytest.mark.slow
def test_documents_become_questions_that_quote_them(folder: Path) -> None:
    keep_sections(folder, 1)
    run("documents", folder)

    rows = parquet_rows(folder / "questions")
    assert rows
    for row in rows:
        document = (folder / "data" / "handbook" / row["path"]).read_text(encoding="utf-8")
        assert row["passage"] in document
        assert row["quote"].lower() in row["passage"].lower()


@pytest.mark.slow
def test_a_classification_set_has_exactly_as_many_texts_of_each_label(folder: Path) -> None:
    # Fewer than on the page: so small a model takes some seconds for each text.
    fewer = {"volcanoes": 2, "honey bees": 1, "railways": 1}
    run("balanced", folder, "-n", "4", "--set", f"balance.counts={json.dumps(fewer)}")

    labels = Counter(row["label"] for row in parquet_rows(folder / "balanced"))
    assert labels == fewer


@pytest.mark.slow
def test_passages_become_triplets_with_the_most_similar_negatives_first(folder: Path) -> None:
    keep_sections(folder, 2)
    run("triplets", folder)

    rows = json_rows(folder / "triplets.jsonl")
    assert len(rows) >= 6
    assert all(row["negative"] != row["positive"] for row in rows)
    pairs = [
        (a, b) for a, b in pairwise(rows) if a["anchor"] == b["anchor"] and a["positive"] == b["positive"]
    ]
    assert pairs
    assert all(a["similarity"] >= b["similarity"] for a, b in pairs)


@pytest.mark.slow
def test_a_file_is_cleaned_without_a_model(folder: Path) -> None:
    raw = raw_rows(25_000)
    pq.write_table(pa.Table.from_pylist(raw), folder / "raw.parquet")

    summary = run("clean", folder)

    rows = parquet_rows(folder / "clean")
    texts = [row["text"] for row in rows]
    assert "nearly a copy of an earlier row" in summary
    assert len(set(texts)) == len(texts)
    assert all(row["score"] >= 3 and len(row["text"].split()) >= 5 for row in rows)
    assert not any("ann@example.com" in text for text in texts)
    assert any("[EMAIL]" in text for text in texts)
    assert "raw" not in rows[0]
    parts = {(row["document"], row["split"]) for row in rows}
    assert {split for _, split in parts} == {"train", "test"}
    assert len(parts) == len({document for document, _ in parts})
    test = [
        row for file in (folder / "clean").glob("test-*.parquet") for row in pq.read_table(file).to_pylist()
    ]
    assert {row["split"] for row in test} == {"test"}


def raw_rows(count: int) -> list[dict[str, Any]]:
    """Rows of which some are too short, copies of others, badly rated, or name an address."""
    rng = random.Random(5)
    words = " ".join(SENTENCES).split()
    texts = [" ".join(rng.choices(words, k=rng.randint(2, 40))) for _ in range(count)]
    for index in range(0, count, 10):
        texts[index] = texts[index * 7 % count]
    texts[3] = f"{SENTENCES[0]} Write to ann@example.com."
    return [
        {
            "document": f"d{index // 5}",
            "text": text,
            "score": 5 if index == 3 else rng.randint(1, 5),
            "raw": 1,
        }
        for index, text in enumerate(texts)
    ]
