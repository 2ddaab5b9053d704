"""The rows of a run's dataset as a table, with search, filters and sorting."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from seedbed import RunEntry, RunReader, UsageError, run_entry
from seedbed_view.query import Query, place_text
from seedbed_view.remembered import Remembered
from seedbed_view.rendering import page, run_path
from seedbed_view.runs_read import leaf_of, opened, run_of
from seedbed_view.search import Index
from seedbed_view.table import Found, found_page

MOST_COLUMNS = 30
"""Columns that are drawn unless others are picked: 10,000 took seconds, and nobody reads so many."""

_LAST = 2**63 - 1
"""A place after any row."""

MOST = 50
"""Rows on a page."""


def rows(request: Request) -> Response:
    """Show a page of rows."""
    name = request.path_params["name"]
    entry = run_entry(run_of(request))
    with opened(request) as reader:
        leaf = leaf_of(request, reader)
        index = request.app.state.searches.of(reader.path, leaf)
        query = Query.of(request.query_params)
        accepted = _accepted(request, entry, reader, leaf)
        _check_sort(index, query, accepted)
        found = found_page(reader, index, leaf, query, MOST)
        columns = list(dict.fromkeys(column for row in found.rows for column in row.data))
        shown = list(query.columns or columns[:MOST_COLUMNS])

        def link(**changes: Any) -> str:
            return run_path(name, "rows", leaf=leaf, **query.parameters(**changes))

        return page(
            request,
            "rows.html",
            run_name=name,
            tab="rows",
            leaf=leaf,
            leaves=reader.leaves(),
            query=query,
            found=found,
            columns=columns,
            shown=shown,
            facets=index.facets([*shown, *query.values]),
            sortable=index.columns(shown),
            indexed=index.count(),
            accepted=accepted,
            is_going_on=entry.holder is not None,
            newest=link(**_newest(query, found)),
            link=link,
        )


def _check_sort(index: Index, query: Query, accepted: int) -> None:
    # While rows are still being indexed, those to come may have the column.
    if query.sort and index.count() >= accepted > 0 and not index.columns([query.sort]):
        raise UsageError(
            f"no row has a short value in a column {query.sort!r}", "sort by one whose name is a link"
        )


def _accepted(request: Request, entry: RunEntry, reader: RunReader, leaf: str) -> int:
    remembered: Remembered = request.app.state.remembered
    return remembered.of(entry, f"accepted {leaf}", lambda: len(reader.rows(leaf)))


def _newest(query: Query, found: Found) -> dict[str, str]:
    """Return where new rows are shown: on the last page, or on this one if they'd be on it or anywhere."""
    is_ordered = not (query.sort or query.words or query.where or query.values)
    if is_ordered and found.after is not None:
        return {"at": place_text((_LAST,)), "back": "1"}
    return {"at": place_text(query.place) if query.place else "", "back": "1" if query.back else ""}


def new_rows(request: Request) -> Response:
    """Show how many rows have come since the page was made that has `since` of them."""
    entry = run_entry(run_of(request))
    with opened(request) as reader:
        leaf = leaf_of(request, reader)
        accepted = _accepted(request, entry, reader, leaf)
    given = request.query_params.get("since", "")
    since = int(given) if given.isdecimal() and len(given) < 19 else accepted
    shown = request.query_params.get("shown", "")
    return page(
        request,
        "new_rows_answer.html",
        run_name=request.path_params["name"],
        leaf=leaf,
        since=since,
        new=max(0, accepted - since),
        is_going_on=entry.holder is not None,
        # The address of the page that asks, and never one of another site.
        shown=shown if shown.startswith(run_path(request.path_params["name"], "rows")) else "",
    )


routes = [Route("/runs/{name}/rows", rows), Route("/runs/{name}/new-rows", new_rows)]
