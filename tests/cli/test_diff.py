"""`seedbed runs diff`: what differs between two runs, as text, in colour and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from tests.cli.conftest import Result
from tests.support.scripted_llm import scripted
from tests.support.terminal import terminal

from seedbed import GeneratorTask, run
from seedbed.cli import invoke

Seedbed = Callable[..., Result]


class Count(GeneratorTask):
    template: str = "{{ n }}"

    def sample(self, index, rng):
        return {"n": index}


@pytest.fixture
def pair(folder: None) -> None:
    """Two runs, of which the second has another answer and one more row."""
    run(Count(llm=scripted("two red boats")), 2, name="one")
    run(Count(llm=scripted("two blue boats")), 3, name="two")


def test_two_runs_are_shown_side_by_side(seedbed: Seedbed, pair: None) -> None:
    out = seedbed("runs", "diff", "one", "two").out
    assert out.startswith("one → two\n  Accepted 2 → 3\n")
    assert "  0 the same, 2 changed, 0 only in 'one', 1 only in 'two'\n" in out
    assert "row 0\n  ~ generation: two [-red-]{+blue+} boats\n" in out
    assert "row 2, only in 'two'\n  + {" in out


def test_the_rows_shown_are_bounded_and_counted(seedbed: Seedbed, pair: None) -> None:
    out = seedbed("runs", "diff", "one", "two", "--rows", "1").out
    assert "and 1 more changed: --rows shows more" in out
    assert "\nrow" not in seedbed("runs", "diff", "one", "two", "--rows", "0").out


def test_it_is_json(seedbed: Seedbed, pair: None) -> None:
    told = json.loads(seedbed("runs", "diff", "one", "two", "--json").out)
    assert told["rows"]["changed"] == 2
    assert {one["name"] for one in told["parameters"]} == {"n"}


def test_what_only_one_run_has_is_in_its_colour(pair: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    with terminal() as screen:
        invoke(("runs", "diff", "one", "two"))
    assert "\x1b[31m[-red-]" in screen.text
    assert "\x1b[32m{+blue+}" in screen.text


def test_wrong_runs_are_named(seedbed: Seedbed, pair: None) -> None:
    assert "there is no run 'twoo'" in seedbed("runs", "diff", "one", "twoo").error
    assert "did you mean 'two'?" in seedbed("runs", "diff", "one", "twoo").error
    assert "is compared with itself" in seedbed("runs", "diff", "one", "one").error
    assert "doesn't end in 'x'" in seedbed("runs", "diff", "one", "two", "--leaf", "x").error
    assert seedbed("runs", "diff", "one").status == 2
