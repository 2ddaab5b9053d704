"""Two runs side by side: what they were made with, and their rows paired by id."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from seedbed import diff_runs, list_runs
from seedbed_view.rendering import page
from seedbed_view.runs_read import folder_of, run_of

_ROWS = 30
"""Rows of each kind that are shown."""


def comparison(request: Request) -> Response:
    """Show what differs between this run and another; without one, the runs to choose from."""
    folder, other = run_of(request), request.query_params.get("with", "")
    steps = _steps_of_runs(request)
    own = steps.pop(folder.name, set())
    return page(
        request,
        "comparison.html",
        run_name=folder.name,
        tab="compare",
        other=other,
        others=[name for name, known in steps.items() if known & own],
        diff=diff_runs(folder, folder_of(request, other), rows=_ROWS) if other else None,
    )


def _steps_of_runs(request: Request) -> dict[str, set[str]]:
    """Return the names of each run's steps: runs that share none can't be compared."""
    entries = list_runs(request.app.state.folder)
    return {
        one.name: {step["name"] for step in one.session.manifest.get("steps", ())}
        for one in entries
        if one.session is not None
    }


routes = [Route("/runs/{name}/compare", comparison)]
