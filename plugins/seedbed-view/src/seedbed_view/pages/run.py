"""One run: counts, the way through its steps, time and cost, and why rows are missing."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from seedbed import RunFacts, run_entry
from seedbed_view.causes import causes_of
from seedbed_view.rendering import page
from seedbed_view.runs_read import opened, run_of
from seedbed_view.steps import steps_of

_CAUSES = 5


def run(request: Request) -> Response:
    """Show the overview of a run."""
    facts = RunFacts.of(run_entry(run_of(request)))
    if facts.error is not None:
        raise facts.error
    with opened(request) as reader:
        return page(
            request,
            "run.html",
            run_name=facts.entry.name,
            tab="",
            facts=facts,
            sessions=reader.sessions()[::-1],
            steps=steps_of(reader),
            causes=causes_of(reader)[:_CAUSES],
        )


routes = [Route("/runs/{name}", run)]
