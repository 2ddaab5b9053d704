"""One run: counts, the way through its steps, time and cost, and why rows are missing."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from seedbed import RunReader, run_entry
from seedbed_view.causes import causes_of
from seedbed_view.rendering import page
from seedbed_view.runs_read import facts_of, opened, run_of
from seedbed_view.steps import steps_of
from seedbed_view.timeline import PLOTS, timeline_of

_CAUSES = 5


def run(request: Request) -> Response:
    """Show the overview of a run."""
    entry = run_entry(run_of(request))
    facts, remembered = facts_of(request, entry), request.app.state.remembered
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
            steps=remembered.of(entry, "steps", lambda: steps_of(reader)),
            causes=remembered.of(entry, "causes", lambda: causes_of(reader))[:_CAUSES],
            plots=_plots(reader),
        )


def _plots(reader: RunReader) -> list[tuple[str, tuple[str, ...]]]:
    """Return the plots that show more than a line at zero."""
    series = timeline_of(reader.path)
    return [plot for plot in PLOTS if any(value for key in plot[1] for value in series[key])]


def timeline(request: Request) -> Response:
    """Answer with the points of the plots, as JSON."""
    return JSONResponse(timeline_of(run_of(request) / "run.db"))


routes = [Route("/runs/{name}", run), Route("/runs/{name}/timeline", timeline)]
