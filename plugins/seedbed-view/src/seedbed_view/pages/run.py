"""One run: counts, the way through its steps, time and cost, and why rows are missing."""

from __future__ import annotations

from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from seedbed import RunReader, run_entry
from seedbed_view.causes import Cause, causes_of
from seedbed_view.flow import Flow, flow_in
from seedbed_view.rendering import page
from seedbed_view.runs_read import facts_of, opened, run_of
from seedbed_view.steps import StepShown, steps_of
from seedbed_view.timeline import PLOTS, timeline_of

_CAUSES = 5


def run(request: Request) -> Response:
    """Show the overview of a run."""
    entry = run_entry(run_of(request))
    facts, remembered = facts_of(request, entry), request.app.state.remembered
    if facts.error is not None:
        raise facts.error
    with opened(request) as reader:
        counted = remembered.of(entry, "counts", lambda: _counted(reader))
        return page(
            request,
            "run.html",
            run_name=facts.entry.name,
            tab="",
            facts=facts,
            sessions=reader.sessions()[::-1],
            steps=counted.steps,
            flow=counted.flow,
            causes=counted.causes[:_CAUSES],
            plots=_plots(reader),
        )


class _Counted(NamedTuple):
    """What is counted over all rows."""

    steps: list[StepShown]
    causes: list[Cause]
    flow: Flow | None


def _counted(reader: RunReader) -> _Counted:
    steps, causes = steps_of(reader), causes_of(reader)
    return _Counted(steps, causes, flow_in(reader, steps, causes))


def _plots(reader: RunReader) -> list[tuple[str, tuple[str, ...]]]:
    """Return the plots that show more than a line at zero."""
    series = timeline_of(reader.path)
    return [plot for plot in PLOTS if any(value for key in plot[1] for value in series[key])]


def timeline(request: Request) -> Response:
    """Answer with the points of the plots, as JSON."""
    return JSONResponse(timeline_of(run_of(request) / "run.db"))


routes = [Route("/runs/{name}", run), Route("/runs/{name}/timeline", timeline)]
