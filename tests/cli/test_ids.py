"""`--id COLUMN`: the ids of the user's rows on the command, and what is printed of wrong ones."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from tests.cli.conftest import Result

Seedbed = Callable[..., Result]

SOURCE = '''
from pathlib import Path
from seedbed import Step


class Check(Step):
    """Fails for texts that a file names."""

    def process(self, row):
        if row["text"] in Path("broken").read_text().split():
            raise ValueError("broken")
        return row
'''

ROWS = [
    {"ticket": "T-1", "text": "a"},
    {"ticket": "T-\x1b[31m2\u202e", "text": "b"},
    {"ticket": 3, "text": "c"},
]
RUN = ("run", "f.py:Check", "--input", "in.jsonl", "-o", "out.jsonl")


def written(rows: Sequence[dict[str, Any]]) -> None:
    Path("in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture(autouse=True)
def files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(folder)
    Path("f.py").write_text(SOURCE)
    Path("broken").write_text("b")
    written(ROWS)


def test_failed_rows_are_told_exported_and_retried_by_id(seedbed: Seedbed) -> None:
    made = seedbed(*RUN, "--id", "ticket")
    assert made.status == 1
    # Neither the control character nor the mark of direction reaches a terminal.
    assert "row T-%1B[31m2\\u202e (in.jsonl, line 2)" in made.err

    told = json.loads(seedbed("runs", "export", "out", "--failed").out)
    assert (told["row"], told["source"]) == ("T-%1B[31m2\u202e", "in.jsonl, line 2")
    shown = seedbed("runs", "explain", "out", "T-\x1b[31m2\u202e").out
    assert shown.startswith("row T-%1B[31m2\\u202e (in.jsonl, line 2): failed")
    assert seedbed("runs", "explain", "out", "3").out.startswith("row 3 (in.jsonl, line 3): accepted")

    Path("broken").write_text("")
    assert seedbed("runs", "retry", "out").status == 0
    assert [json.loads(line)["text"] for line in Path("out.jsonl").read_text().splitlines()] == [
        "a",
        "b",
        "c",
    ]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            [*ROWS, {"ticket": "3", "text": "d"}],
            """
            in.jsonl, line 3 and in.jsonl, line 4 have the same id: ticket '3'
              the first has ticket 3, and both are written as '3'
              make the ids different, or name more columns, which make up the id together:
              --id A --id B (`id: [A, B]` in files, id=['A', 'B'] in Python)""",
        ),
        (
            [{"ticket": "T-1", "text": "a"}, {"text": "b"}],
            """
            in.jsonl, line 2 has no id: it lacks the column 'ticket'
              give each row an id of its own, or leave out --id""",
        ),
        ([{"ticket": 1.0, "text": "a"}], "in.jsonl, line 1 has no id: its 'ticket' is 1.0, a float"),
        (
            [{"tikcet": "T-1", "text": "a"}],
            "the input has no column 'ticket' to be the id of its rows\n  did you",
        ),
    ],
)
def test_wrong_ids_are_told_with_their_lines(seedbed: Seedbed, rows: Sequence[Any], said: str) -> None:
    written(rows)
    made = seedbed(*RUN, "--id", "ticket")

    assert made.status in (1, 2)
    assert dedent(said).strip() in made.err


def test_another_id_is_refused_with_the_way_to_go_on(seedbed: Seedbed) -> None:
    seedbed(*RUN, "--id", "ticket", "--id", "text")
    assert "seed 0, input in.jsonl, id ticket and text" in seedbed("runs", "show", "out").out
    made = seedbed(*RUN, "--id", "ticket")

    assert made.status == 2
    assert "the run 'out' knows its rows by 'ticket' and 'text', not by 'ticket'" in made.err
    assert "go on with --id ticket --id text" in made.err


@pytest.mark.slow
def test_a_file_says_its_ids_and_check_finds_wrong_ones(seedbed: Seedbed) -> None:
    file = Path("p.yaml")
    file.write_text("input: in.jsonl\nid: ticket\nsteps:\n- use: limit\n  with: {rows: 1}\n")
    assert seedbed("check", "p.yaml").status == 0
    assert seedbed("run", "p.yaml", "-o", "p.jsonl").status == 0
    assert seedbed("runs", "explain", "p", "T-1").out.startswith("row T-1 (in.jsonl, line 1): accepted")

    file.write_text("input: in.jsonl\nid: [ticket, lang]\nsteps:\n- use: limit\n  with: {rows: 1}\n")
    (mistake,) = json.loads(seedbed("check", "p.yaml", "--json").out)["mistakes"]
    assert (mistake["line"], mistake["fact"]) == (
        2,
        "the input has no column 'lang' to be the id of its rows",
    )

    schema = json.loads(seedbed("schema").out)
    assert "id" in schema["properties"]


def test_a_copy_of_a_run_goes_on_over_a_changed_file_and_is_compared_by_id(seedbed: Seedbed) -> None:
    Path("broken").write_text("")
    seedbed(*RUN, "--id", "ticket")
    assert seedbed("runs", "copy", "out", "other").status == 0
    written([{**ROWS[0], "text": "new"}, *ROWS[1:]])
    assert seedbed(*RUN[:-2], "--id", "ticket", "--name", "other", "-o", "other.jsonl").status == 0

    rows = json.loads(seedbed("runs", "diff", "out", "other", "--json").out)["rows"]
    assert (rows["same"], rows["changed"], rows["only_first"], rows["only_second"]) == (2, 1, 0, 0)
    lines = Path("other.jsonl").read_text().splitlines()
    assert [json.loads(line)["text"] for line in lines] == ["new", "b", "c"]
