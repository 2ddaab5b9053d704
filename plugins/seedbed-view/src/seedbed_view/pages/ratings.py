"""What people say about rows: rating one, and how far raters agree."""

from __future__ import annotations

import getpass

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from seedbed import Ratings
from seedbed_view.rendering import page, row_path
from seedbed_view.runs_read import leaf_of, opened, row_of

RATER = "seedbed-rater"
"""The cookie with the name under which this browser rates."""

_COOKIE_SECONDS = 60 * 60 * 24 * 90
"""How long a browser remembers its rater: three months."""
_LONGEST_FORM = 64 * 1024
"""Bytes of a form: a long note in any script, and far from what would fill the memory."""


def ratings(request: Request) -> Response:
    """Show all ratings of a run."""
    with opened(request) as reader:
        leaf = leaf_of(request, reader)
        said = Ratings(reader, leaf)
        read = said.read()
        return page(
            request,
            "ratings.html",
            run_name=request.path_params["name"],
            tab="ratings",
            leaf=leaf,
            ratings=read,
            told=read.as_json(),
            calibrations=list(said.calibrations().values()),
        )


async def rate(request: Request) -> Response:
    """Keep what a rater says about a row, and show the row again."""
    # Before it's read: the form is from a page of ours, but its texts are pasted from anywhere.
    if int(request.headers.get("content-length") or _LONGEST_FORM + 1) > _LONGEST_FORM:
        raise HTTPException(413, "that's too long for a note")
    form = await request.form(max_files=0, max_fields=10)
    given = {name: value for name, value in form.items() if isinstance(value, str)}
    return await run_in_threadpool(_rated, request, given)


def _rated(request: Request, given: dict[str, str]) -> Response:
    name, row = request.path_params["name"], row_of(request)
    rater = given.get("rater", "")
    with opened(request) as reader:
        leaf = leaf_of(request, reader)
        # Browsers send the lines of a note with \r\n.
        said = {key: given[key].replace("\r\n", "\n") for key in ("label", "note") if key in given}
        Ratings(reader, leaf).rate(row, given.get("rating"), rater=rater, **said)
    answer = RedirectResponse(row_path(name, row, leaf), 303)
    answer.set_cookie(
        RATER, _written(rater.strip()), max_age=_COOKIE_SECONDS, httponly=True, samesite="strict", path="/"
    )
    return answer


def rater_of(request: Request) -> str:
    """Return the name under which this browser has rated before; if it hasn't, that of the user, if any.

    `seedbed runs rate` takes the user's name, too: the page is for whoever started it.
    """
    try:
        rater = bytes.fromhex(request.cookies.get(RATER, "")).decode()
    except ValueError:
        rater = ""
    return rater or _user()


def _user() -> str:
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):
        return ""


def _written(rater: str) -> str:
    # Names may have any letters, and cookies may not.
    return rater.encode().hex()


routes = [
    Route("/runs/{name}/ratings", ratings),
    Route("/runs/{name}/rate", rate, methods=["POST"]),
]
