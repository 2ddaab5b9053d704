"""The rows that failed or were rejected, by cause."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from seedbed import run_entry
from seedbed_view.causes import causes_of, with_rows
from seedbed_view.rendering import page
from seedbed_view.runs_read import opened, run_of


def refused(request: Request) -> Response:
    """Show why rows of a run are missing, with examples."""
    entry = run_entry(run_of(request))
    remembered = request.app.state.remembered
    with opened(request) as reader:
        return page(
            request,
            "refused.html",
            run_name=request.path_params["name"],
            tab="refused",
            causes=remembered.of(entry, "refused", lambda: with_rows(reader, causes_of(reader))),
        )


routes = [Route("/runs/{name}/refused", refused)]
