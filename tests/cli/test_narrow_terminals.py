"""A terminal of any width, such as a sliver of a split window, shows what a command has to say."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.terminal import terminal

from seedbed.cli import invoke

RUN = ("t.py:Haiku", "--llm", "t.py:Echo/m", "-n", "2")


@pytest.mark.slow
@pytest.mark.variants(2)
@pytest.mark.parametrize("width", ["1", "3", "0", "-7", "x", "100000"])
def test_any_width_is_one_that_each_command_can_show_on(
    width: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", width)
    commands = [
        ("run", *RUN, "-o", "a.jsonl"),
        ("run", *RUN),
        ("preview", *RUN),
        ("plan", *RUN),
        ("run", "--help"),
        ("plugins",),
        ("runs",),
        *(("runs", command, "a") for command in ("show", "explain", "card", "ratings")),
        ("report", "a"),
    ]
    for args in commands:
        with terminal() as screen:
            status = invoke(args)
        assert status == 0, (args, screen.text)
        assert screen.text.strip()
