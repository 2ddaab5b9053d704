"""Sessions of runs that are replayed to observers: each is run once in a process, and heard many times."""

from __future__ import annotations

import gc
import shutil
import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest

from seedbed.engine.observing.observed import (
    ObservedCall,
    ObservedOutcome,
    ObservedRow,
    ObservedRun,
    ObservedTry,
)
from seedbed.store.run_folders import VARIABLE
from seedbed.testing.observer_bench import SESSIONS, Recorder, Told


class KeptRow(dict[str, Any]):
    """The columns of a row that is replayed: of a class of its own, so that those left are found."""


def replayed(session: str, folder: Path) -> Told:
    """Return the hook calls of a session, in order, of a run whose dataset and files are in `folder`.

    It's as if the session were run again there, but only the first time in a process it really is.
    """
    told, home = _recorded(session)
    copied = folder / f"{len([*folder.iterdir()])}"
    shutil.copytree(home, copied)
    run = _moved(told[0][1]["run"], home, copied)
    return [
        (hook, {name: run if name == "run" else _moved(one, home, copied) for name, one in heard.items()})
        for hook, heard in told
    ]


@cache
def _recorded(session: str) -> tuple[Told, Path]:
    # Kept for the other tests: each run takes a tenth of a second, and doesn't depend on who observes it.
    home = Path(_home().name) / session.replace(" ", "-")
    home.mkdir()
    recorder = Recorder()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, str(home / "runs"))
        SESSIONS[session]([recorder], home)
    return recorder.told, home


@cache
def _home() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory()


def _moved(heard: Any, home: Path, copied: Path) -> Any:
    """Return a copy of what an observer hears, with what it names in another folder."""
    if isinstance(heard, ObservedRow):
        return replace(heard, columns=KeptRow(orjson.loads(orjson.dumps(heard.columns))))
    if isinstance(heard, ObservedRun) and heard.folder is not None:
        return replace(heard, folder=copied / heard.folder.relative_to(home))
    if isinstance(heard, ObservedOutcome) and heard.out is not None:
        return replace(heard, out=copied / heard.out.relative_to(home))
    return replace(heard)


def kept_of_runs() -> int:
    """Return how many rows and calls of replayed runs anything in this process still holds."""
    gc.collect()
    return sum(type(one) in (KeptRow, ObservedCall, ObservedTry) for one in gc.get_objects())
