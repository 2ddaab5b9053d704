"""`seedbed plugins show ENGINE` says what the engine can't do."""

from __future__ import annotations

import click

from seedbed.cli.plugins.description import describe_engine, write_text
from seedbed.engine.local import LocalEngine


class Small(LocalEngine):
    """Makes a few rows."""

    lacks = frozenset({"graph", "caps"})


def shown(cls: type[LocalEngine]) -> str:
    formatter = click.HelpFormatter(width=80)
    write_text(describe_engine(cls), formatter)
    return formatter.getvalue()


def test_what_an_engine_lacks_is_shown_in_words_and_as_json() -> None:
    assert "Lacks  caps, graph" in shown(Small)
    assert describe_engine(Small).as_json()["lacks"] == ["caps", "graph"]


def test_an_engine_that_lacks_nothing_has_no_line_for_it() -> None:
    assert "Lacks" not in shown(LocalEngine)
    assert describe_engine(LocalEngine).as_json()["lacks"] == []
