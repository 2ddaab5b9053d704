"""A run as one page that stands alone, to be mailed: figures, plots, first rows and how some were made."""

from __future__ import annotations

import base64
import hashlib
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from seedbed import RunFacts, RunReader, find_story, run_entry
from seedbed_view.causes import causes_of
from seedbed_view.chats import chats_of
from seedbed_view.flow import flow_in
from seedbed_view.odd_values import ODD, odd_value
from seedbed_view.rendering import rendered
from seedbed_view.steps import steps_of
from seedbed_view.timeline import PLOTS, timeline_of

_ROWS = 100
_STORIES = 10
_COLUMNS = 50
_WIDTH, _HEIGHT = 320, 118
_STYLE = Path(__file__).parent / "static" / "view.css"


class Plot(NamedTuple):
    """A series as the points of an SVG line: its highest value is at the top, and 0 at the bottom."""

    title: str
    highest: str
    seconds: float
    points: str


def shared_page(folder: Path) -> str:
    """Return the page of a run, in HTML without scripts; nothing is loaded from elsewhere.

        Path("jokes.html").write_text(shared_page(Path("runs/jokes")))

    It has what models wrote, prompts too. Raises UsageError if there's no run in the folder, and StoreError
    if it's damaged.
    """
    try:
        return _page(folder)
    except ODD as error:
        raise odd_value("the page of the run", error) from error


def _page(folder: Path) -> str:
    facts = RunFacts.of(run_entry(folder))
    if facts.error is not None:
        raise facts.error
    leaf = str(facts.manifest.get("leaf", ""))
    style = _STYLE.read_text(encoding="utf-8")
    with RunReader.open(folder) as reader:
        rows = list(islice(reader.rows(leaf).placed(), _ROWS))
        stories = [find_story(reader, folder.name, row.row) for row in rows[:_STORIES]]
        steps, causes = steps_of(reader), causes_of(reader)
        return rendered(
            "share.html",
            name=folder.name,
            facts=facts,
            style=style,
            digest=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
            plots=_plots(reader.path),
            steps=steps,
            flow=flow_in(reader, steps, causes),
            causes=causes,
            rows=rows,
            columns=list(dict.fromkeys(column for row in rows for column in row.data))[:_COLUMNS],
            stories=[(story, [(one, chats_of(one)) for one in story.chapters]) for story in stories],
        )


def _plots(database: Path) -> list[Plot]:
    series = timeline_of(database)
    return [
        plot for title, (key,) in PLOTS if (plot := _plot(title, series["seconds"], series[key])) is not None
    ]


def _plot(title: str, seconds: list[Any], values: list[float | None]) -> Plot | None:
    known = [value for value in values if value is not None]
    if not known or not (highest := max(known)):
        return None
    points = " ".join(
        f"{_WIDTH * moment / seconds[-1]:.1f},{_HEIGHT * (1 - value / highest) + 1:.1f}"
        for moment, value in zip(seconds, values, strict=True)
        if value is not None
    )
    return Plot(title, f"{highest:,.4g}", seconds[-1], points)
