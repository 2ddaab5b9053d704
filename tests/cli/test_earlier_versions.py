"""A run whose plugins have changed says which ones it was made with, and what it has stays readable."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from seedbed.plugins.discovery.scan import scan
from seedbed.testing import FakeSite

MODULE = '''
from typing import ClassVar
from seedbed import Step, hookimpl


class Shout(Step):
    """Writes a text in capitals."""

    outputs: ClassVar[list[str]] = ["loud"]
    {field}: int = 1

    def process(self, row):
        return {{**row, "loud": row["text"].upper()}}


@hookimpl
def seedbed_step(name):
    return Shout
'''
ORDER = ("run", "shout", "--input", "in.jsonl", "--name", "words", "-o", "out.jsonl", "--set", "times=2")


def install(folder: Path, version: str, source: str, name: str = "shout") -> None:
    """Replace the distribution by another version; without a version there's none."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    if version:
        FakeSite(folder).install(
            "acme-shout",
            {"seedbed.steps": {name: f"acme{version[0]}"}},
            {f"acme{version[0]}": source},
            version=version,
        )
    scan(refresh=True)


@pytest.mark.variants(2)
@pytest.mark.parametrize(
    ("version", "source", "name", "said"),
    [
        ("", "", "", "it isn't installed now"),
        ("2.0", MODULE.format(field="count"), "shout", "2.0 is installed now"),
        ("3.0", "import nothing_like_this", "shout", "3.0 is installed now"),
        ("4.0", MODULE.format(field="times"), "cry", "4.0 is installed now"),
    ],
    ids=["uninstalled", "another field", "broken", "renamed"],
)
def test_an_error_says_what_a_run_was_made_with(
    folder: Path, seedbed: Callable[..., Any], version: str, source: str, name: str, said: str
) -> None:
    (folder / "in.jsonl").write_text('{"text": "a"}\n{"text": "b"}\n')
    with FakeSite(folder / "site"):
        install(folder / "site", "1.0", MODULE.format(field="times"))
        assert seedbed(*ORDER).status == 0
        made = (folder / "out.jsonl").read_bytes()
        install(folder / "site", version, source, name)
        for order in (ORDER, ("runs", "retry", "words")):
            ended = seedbed(*order)
            assert ended.status == 2
            expected = (
                f"the run 'words' was made with acme-shout 1.0, and {said}: pip install acme-shout==1.0"
            )
            assert expected in ended.err
            assert "what it has is kept: seedbed runs export words -o FILE" in ended.err
        assert (folder / "out.jsonl").read_bytes() == made
        for order in (
            ("export", "words", "-o", "again.jsonl"),
            ("show", "words"),
            ("explain", "words", "--line", "1"),
            ("copy", "words", "other"),
            ("diff", "words", "other"),
        ):
            ended = seedbed("runs", *order)
            assert ended.status == 0, ended.err
        assert (folder / "again.jsonl").read_bytes() == made


REPEATING = """
from pathlib import Path
from seedbed import Step, hookimpl


class Shout(Step):
    times: int = {times}

    def process(self, row):
        if row["text"] == "b" and Path("fails").exists():
            raise ValueError("it fails")
        return {{"loud": row["text"] * self.times}}


@hookimpl
def seedbed_step(name):
    return Shout
"""


@pytest.mark.parametrize(("times", "made"), [(1, "ab"), (3, "aaabbb")], ids=["same", "another"])
def test_a_retry_with_another_version_of_a_plugin_makes_no_rows_of_two(
    folder: Path, seedbed: Callable[..., Any], times: int, made: str
) -> None:
    (folder / "in.jsonl").write_text('{"text": "a"}\n{"text": "b"}\n')
    (folder / "fails").touch()
    with FakeSite(folder / "site"):
        install(folder / "site", "1.0", REPEATING.format(times=1))
        assert (
            seedbed("run", "shout", "--input", "in.jsonl", "--name", "words", "-o", "out.jsonl").status == 1
        )
        (folder / "fails").unlink()
        install(folder / "site", "2.0", REPEATING.format(times=times))
        if times > 1:
            asked = seedbed("runs", "retry", "words")
            assert asked.status == 2
            assert "of shout have changed: all rows are recomputed, not only the failed ones" in asked.err
        ended = seedbed("runs", "retry", "words", "--yes")
        assert ended.status == 0, ended.err
        assert ("1 kept" in ended.err) is (times == 1)
        rows = [json.loads(line)["loud"] for line in (folder / "out.jsonl").read_text().splitlines()]
        assert "".join(rows) == made
