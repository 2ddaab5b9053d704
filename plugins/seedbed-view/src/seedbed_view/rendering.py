"""Pages from templates. Everything that comes from a run is escaped: what a model wrote is shown as text."""

from __future__ import annotations

from collections.abc import Container, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, urlencode

import orjson
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from seedbed import Quality, RunFacts, visible, word_diff
from seedbed_view.words import ago, cost_text, duration, moment

TABS: Mapping[str, str] = MappingProxyType(
    {
        "": "Overview",
        "rows": "Rows",
        "ratings": "Ratings",
        "refused": "Failed and rejected",
        "compare": "Compare",
        "try": "Try a prompt",
    }
)
"""The pages about a run: the last part of the path, and the title."""

LONGEST = 20_000
"""Characters of a text that are shown; the rest is a download."""


MOST_COLUMNS = 100
"""Columns of a row that are shown on its page."""

_FEWEST = 20
"""Rows from which on their quality is shown, as `seedbed runs show` does."""


def page(request: Request, template: str, status: int = 200, **values: Any) -> Response:
    """Return a page made from a template."""
    values = {"path": request.url.path, "tabs": TABS, "run_name": None, "tab": None, **values}
    return HTMLResponse(rendered(template, **values), status)


def rendered(template: str, **values: Any) -> str:
    """Return the text of a template."""
    return _ENVIRONMENT.get_template(template).render(values)


def text_of(value: Any) -> str:
    """Return a value as text: a text as it is, anything else as JSON; control characters are written out."""
    return visible(_plain(value))


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    try:
        return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
    except TypeError:
        # Nested more deeply than orjson writes, or of an odd kind in a run that's damaged.
        return repr(value)


def brief(value: Any, most: int = 200) -> str:
    """Return the beginning of a value as text on one line."""
    # Cut first: a value may be megabytes, and only its beginning is shown.
    text = " ".join(visible(_plain(value)[: 4 * most]).split())
    return text if len(text) <= most else text[: most - 1] + "…"


def first_columns(row: Mapping[str, Any], without: Container[str] = ()) -> tuple[list[tuple[str, Any]], int]:
    """Return the first columns of a row with their values, and how many more there are."""
    columns = [(name, value) for name, value in row.items() if name not in without]
    return columns[:MOST_COLUMNS], max(0, len(columns) - MOST_COLUMNS)


def run_path(name: str, tab: str = "", **query: Any) -> str:
    """Return the path of a page about a run; parameters without a value are left out."""
    asked = {key: value for key, value in query.items() if value not in (None, "", ())}
    path = f"/runs/{quote(name, safe='')}" + (f"/{tab}" if tab else "")
    return path + (f"?{urlencode(asked, doseq=True)}" if asked else "")


def row_path(name: str, row: str, leaf: str = "", page: str = "row", **query: Any) -> str:
    """Return the path of the page about a row, or of another page or form that is about one."""
    # As a parameter: of a path, browsers take `..` out, and ids may have slashes and anything else.
    return run_path(name, page, id=row, leaf=leaf, **query)


def quality_of(facts: RunFacts) -> str:
    """Return what the rows of a run are like so far, in a line; nothing if there are too few to tell."""
    summary = (facts.session.summary if facts.session else None) or {}
    quality = Quality.of_json(summary.get("quality"))
    return quality.text() if quality is not None and quality.rows >= _FEWEST else ""


_ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.filters.update(
    visible=visible, text=text_of, brief=brief, ago=ago, moment=moment, duration=duration, cost_text=cost_text
)
_ENVIRONMENT.globals.update(
    word_diff=word_diff,
    run_path=run_path,
    row_path=row_path,
    quality_of=quality_of,
    LONGEST=LONGEST,
    first_columns=first_columns,
)
