"""The run that a page is about."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from seedbed import RunEntry, RunFacts, RunReader, Story, UsageError, find_story, visible
from seedbed_view.remembered import Remembered


def run_of(request: Request) -> Path:
    """Return the folder of the run that the path names; answers 404 if there's none."""
    return folder_of(request, request.path_params["name"])


def folder_of(request: Request, name: str) -> Path:
    """Return the folder of a run; answers 404 if there's none."""
    folder: Path = request.app.state.folder / name
    # A run is a folder in the folder of runs, and nothing that a path could reach from there.
    if folder.parent != request.app.state.folder or name in ("", ".", "..") or "/" in name or "\0" in name:
        raise HTTPException(404, f"'{visible(name)}' isn't the name of a run")
    if not _exists(folder / "run.db"):
        raise HTTPException(404, f"there is no run '{visible(name)}'")
    return folder


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        # A name may be longer than the file system allows.
        return False


@contextmanager
def opened(request: Request) -> Iterator[RunReader]:
    """Yield a reader of the run that the path names; the run's writer isn't held up by it."""
    folder = run_of(request)
    with RunReader.open(folder) as reader:
        yield reader


def facts_of(request: Request, entry: RunEntry) -> RunFacts:
    """Return the facts about a run: its state now, and counts that aren't made again for each page."""
    remembered: Remembered = request.app.state.remembered
    return replace(remembered.of(entry, "facts", lambda: RunFacts.of(entry)), entry=entry)


def row_of(request: Request) -> str:
    """Return the id of the row that a page is about."""
    known = request.path_params.get("row")
    return str(request.query_params.get("id", "") if known is None else known)


def story_of(request: Request, reader: RunReader) -> Story:
    """Return how the row was made that a page is about; answers 404 if the run has no such row."""
    try:
        return find_story(reader, request.path_params["name"], row_of(request))
    except UsageError as error:
        raise HTTPException(404, str(error).partition("\n")[0]) from error


def leaf_of(request: Request, reader: RunReader) -> str:
    """Return the step whose rows are shown: the one asked for, or the one that the pipeline ends in."""
    session = reader.last_session()
    own = str(session.manifest.get("leaf", "")) if session else ""
    asked = request.query_params.get("leaf") or own
    if asked != own and asked not in reader.leaves():
        raise UsageError(f"there are no rows of a step '{asked}'")
    return asked


def download(whole: str, name: str) -> Response:
    """Return a text as a file to save, which no browser shows as a page."""
    safe = "".join(mark if mark.isalnum() or mark in "-_." else "_" for mark in name)[:100]
    headers = {
        "content-disposition": f'attachment; filename="{safe.encode("ascii", "replace").decode()}.txt"'
    }
    return Response(whole.encode("utf-8", "replace"), media_type="text/plain; charset=utf-8", headers=headers)
