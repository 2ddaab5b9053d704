"""Other prompts for a step, tried on five rows of a run: counted first, paid for on a click, kept nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from seedbed import PromptTrial, SeedbedError, UsageError
from seedbed_view.rendering import page, row_path
from seedbed_view.runs_read import leaf_of, opened, row_of, run_of
from seedbed_view.trials import (
    PromptStep,
    TriedRow,
    digest_of,
    made_before,
    prompt_steps,
    rows_for,
    session_of,
    setting_line,
    tried,
)

_LONGEST_FORM = 1024 * 1024
"""Bytes of a form: prompts may hold examples as long as a chapter."""
_FIELD = "prompt."
"""What the names of the form's fields begin with that hold prompts."""


def show(request: Request) -> Response:
    """Show the prompts of a step, and what came of them if they were tried."""
    return _page(request, request.query_params.get("step", ""), None)


async def try_prompt(request: Request) -> Response:
    """Count what the given prompts would take, or ask the model if that has been shown."""
    if int(request.headers.get("content-length") or _LONGEST_FORM + 1) > _LONGEST_FORM:
        raise HTTPException(413, "that's too long for prompts")
    form = await request.form(max_files=0, max_fields=100)
    given = {name: value for name, value in form.items() if isinstance(value, str)}
    return await run_in_threadpool(_tried, request, given)


def _tried(request: Request, given: Mapping[str, str]) -> Response:
    step_name = given.get("step", "")
    # Browsers send the lines of a text with \r\n.
    texts = {
        name.removeprefix(_FIELD): text.replace("\r\n", "\n")
        for name, text in given.items()
        if name.startswith(_FIELD)
    }
    name = request.path_params["name"]
    with opened(request) as reader:
        asked = session_of(name, reader)
        step = _step(reader.last_working_session(), step_name)
        if step is None:
            raise HTTPException(404, "there is no such step with a prompt in this run")
        rows = rows_for(reader, step, row_of(request), leaf_of(request, reader))
        changed = {key: text for key, text in texts.items() if text != step.prompts.get(key)}
        try:
            trial = PromptTrial.of(_plan(request), step.name, changed, [row.given for row in rows])
        except SeedbedError as error:
            return _page(request, step.name, texts, status=400, problem=error)
        if not trial.rows:
            rows = made_before(reader, step, trial)
    digest = digest_of(asked, trial)
    try:
        if given.get("counted") != digest:
            return _page(request, step.name, texts, forecast=trial.forecast(), counted=digest)
        request.app.state.trials.made(digest, lambda: tried(asked, trial, rows, changed))
    except SeedbedError as error:
        return _page(request, step.name, texts, status=400, problem=error)
    return RedirectResponse(row_path(name, row_of(request), page="try", step=step.name, seen=digest), 303)


def _plan(request: Request) -> Any:
    if request.app.state.plan_of is None:
        raise UsageError("nothing can be asked from here", "start the pages with `seedbed view`")
    return request.app.state.plan_of(run_of(request))


def _step(session: Any, name: str) -> PromptStep | None:
    steps = prompt_steps(session.manifest) if session else []
    return next((step for step in steps if step.name == name), steps[0] if steps and not name else None)


def _page(
    request: Request, name: str, texts: Mapping[str, str] | None, *, status: int = 200, **more: Any
) -> Response:
    run_name = request.path_params["name"]
    with opened(request) as reader:
        session = reader.last_working_session()
        asked = session_of(run_name, reader)
        step = _step(session, name)
        rows: list[TriedRow] = []
        if step is not None:
            rows = rows_for(reader, step, row_of(request), leaf_of(request, reader))
    result = request.app.state.trials.of(request.query_params.get("seen", ""))
    if result is not None and result.session != asked:
        # Another run has this name now, or this one has gone on: its rows aren't those that were tried.
        result = None
    if step is not None and result is not None and texts is None:
        texts = {**step.prompts, **result.prompts}
    return page(
        request,
        "try_prompt.html",
        status,
        run_name=run_name,
        tab="try",
        steps=prompt_steps(session.manifest) if session else [],
        step=step,
        rows=rows,
        row=row_of(request),
        texts=texts or (step.prompts if step else {}),
        result=result,
        settings=setting_line(step, result.prompts) if step and result else "",
        **{"problem": None, "forecast": None, "counted": "", **more},
    )


routes = [
    Route("/runs/{name}/try", show),
    Route("/runs/{name}/try", try_prompt, methods=["POST"]),
]
