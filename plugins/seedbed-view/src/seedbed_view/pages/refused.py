"""The rows that failed or were rejected, by cause."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from seedbed_view.causes import causes_of
from seedbed_view.rendering import page
from seedbed_view.runs_read import opened


def refused(request: Request) -> Response:
    """Show why rows of a run are missing, with examples."""
    with opened(request) as reader:
        return page(
            request,
            "refused.html",
            run_name=request.path_params["name"],
            tab="refused",
            causes=causes_of(reader),
        )


routes = [Route("/runs/{name}/refused", refused)]
