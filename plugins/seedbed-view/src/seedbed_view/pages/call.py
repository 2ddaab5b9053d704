"""One call of a row, whole: its messages, as they would be sent again, and the answers."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from seedbed_view.rendering import text_of
from seedbed_view.runs_read import download, opened, row_of, story_of


def call(request: Request) -> Response:
    """Answer with a call as JSON: number `number`, from 0, of those that a step made for the row `of`."""
    name, known = request.path_params["name"], row_of(request)
    step, of = request.query_params.get("step", ""), request.query_params.get("of", known)
    number = request.query_params.get("number", "")
    with opened(request) as reader:
        story = story_of(request, reader)
    for chapter in story.chapters:
        if (chapter.step, chapter.row) == (step, of) and number in map(str, range(len(chapter.calls))):
            return download(text_of(chapter.calls[int(number)].as_json()), f"{name}-{of}-{step}-{number}")
    raise HTTPException(404, "there is no such call in this row")


routes = [Route("/runs/{name}/call", call)]
