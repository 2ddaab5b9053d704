"""The rows that failed or were rejected, by cause."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from seedbed import run_entry
from seedbed_view.causes import causes_of
from seedbed_view.rendering import page
from seedbed_view.runs_read import opened, run_of


def refused(request: Request) -> Response:
    """Show why rows of a run are missing, with examples."""
    entry = run_entry(run_of(request))
    with opened(request) as reader:
        return page(
            request,
            "refused.html",
            run_name=request.path_params["name"],
            tab="refused",
            causes=request.app.state.remembered.of(entry, "causes", lambda: causes_of(reader)),
        )


routes = [Route("/runs/{name}/refused", refused)]
