"""The list of runs."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from seedbed import list_runs
from seedbed_view.rendering import page
from seedbed_view.runs_read import facts_of


def runs(request: Request) -> Response:
    """Show every run, the newest first."""
    facts = [facts_of(request, entry) for entry in list_runs(request.app.state.folder)]
    facts.sort(key=lambda one: one.session.started if one.session else "", reverse=True)
    return page(request, "runs.html", facts=facts, folder=request.app.state.folder)


routes = [Route("/", runs)]
