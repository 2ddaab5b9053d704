"""The pages as a Starlette application.

A page is a module in `seedbed_view.pages` with a list `routes`, and a template that extends `base.html`. To
add one, name its module in `PAGES`; a page about a run puts its title in `TABS`. Endpoints are plain
functions: they run in threads, so they may read files. They get the folder of a run by `run_of(request)`,
which answers 404 for an unknown name.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles

from seedbed import Plan, SeedbedError, StoreError, visible
from seedbed_view.odd_values import ODD, odd_value
from seedbed_view.remembered import Remembered
from seedbed_view.rendering import page
from seedbed_view.search import Searches
from seedbed_view.trials import Trials

PAGES = ("runs", "run", "rows", "ratings", "comparison", "call", "row", "refused", "try_prompt")
"""The modules of `seedbed_view.pages`, in the order in which their routes are tried."""

STATIC = Path(__file__).parent / "static"

_log = logging.getLogger(__name__)


def application(folder: Path, plan_of: Callable[[Path], Plan] | None = None) -> Starlette:
    """Return the application that shows the runs in a folder.

    `plan_of` returns the plan of a run; without it, no prompt can be tried.
    """
    modules = [import_module(f"seedbed_view.pages.{name}") for name in PAGES]
    routes: list[BaseRoute] = [route for module in modules for route in module.routes]
    made = Starlette(
        routes=[*routes, Mount("/static", StaticFiles(directory=STATIC), name="static")],
        exception_handlers={
            HTTPException: _not_found,
            SeedbedError: _failed,
            **dict.fromkeys(ODD, _unreadable),
            sqlite3.Error: _no_file,
        },
    )
    made.state.folder = folder
    made.state.searches = Searches()
    made.state.remembered = Remembered()
    made.state.plan_of = plan_of
    made.state.trials = Trials()
    return made


def _not_found(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return page(request, "error.html", status=error.status_code, fact=error.detail, advice=[])


def _failed(request: Request, error: Exception) -> Response:
    """Show what's wrong with a run, or with what was asked for."""
    fact, *advice = str(error).splitlines()
    return page(request, "error.html", status=400, fact=fact, advice=[line.strip() for line in advice])


def _unreadable(request: Request, error: Exception) -> Response:
    """Say what is wrong with what a page is made from, instead of failing."""
    # It may as well be a fault of ours: whoever reports it needs to know where.
    _log.warning("%s can't be shown", visible(request.url.path), exc_info=error)
    return _failed(request, odd_value("this page", error))


def _no_file(request: Request, error: Exception) -> Response:
    """Say that a database can't be read, which needn't be damaged: it may be locked, or its disk full."""
    _log.warning("%s can't be shown", visible(request.url.path), exc_info=error)
    return _failed(
        request,
        StoreError(f"SQLite can't read what this page needs: {error}", "load the page again in a while"),
    )
