"""The rows of a run's dataset as a table, with search, filters and sorting."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from seedbed import run_entry
from seedbed_view.query import Query
from seedbed_view.rendering import page, run_path
from seedbed_view.runs_read import leaf_of, opened, run_of
from seedbed_view.table import found_page

MOST_COLUMNS = 30
"""Columns that are drawn unless others are picked: 10,000 took seconds, and nobody reads so many."""

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
        found = found_page(reader, index, leaf, query, MOST)
        columns = list(dict.fromkeys(column for row in found.rows for column in row.data))
        shown = list(query.columns or columns[:MOST_COLUMNS])
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
            accepted=request.app.state.remembered.of(
                entry, f"accepted {leaf}", lambda: len(reader.rows(leaf))
            ),
            link=lambda **changes: run_path(name, "rows", leaf=leaf, **query.parameters(**changes)),
        )


routes = [Route("/runs/{name}/rows", rows)]
