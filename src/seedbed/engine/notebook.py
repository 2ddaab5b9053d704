"""The progress of a run, in a notebook."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from seedbed.engine.html_tables import shown
from seedbed.engine.run import Run, progress_text
from seedbed.engine.session import Session

_REFRESH_SECONDS = 0.5


@asynccontextmanager
async def progress_in_notebook(session: Session) -> AsyncIterator[None]:
    """Show the counts of a run below its notebook cell; outside a notebook, show nothing.

    IPython is used only if it's already imported: importing it takes a second, and nothing else needs it.
    """
    if not _is_in_notebook():
        yield
        return
    progress = _Progress(session)
    handle = sys.modules["IPython.display"].display(progress, display_id=True)
    showing = asyncio.create_task(_show(handle, progress))
    try:
        yield
    finally:
        # Once more at the end: the last refresh is half a second old.
        showing.cancel()
        progress.has_ended = True
        handle.update(progress)


def _is_in_notebook() -> bool:
    """Whether this is a kernel, whose output a front end shows; IPython on a terminal isn't."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return getattr(shell, "kernel", None) is not None


async def _show(handle: Any, progress: _Progress) -> None:
    while True:
        await asyncio.sleep(_REFRESH_SECONDS)
        handle.update(progress)


class _Progress:
    """What is shown: IPython takes it as HTML or text, depending on the front end."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._begun = time.monotonic()
        self.has_ended = False

    @property
    def _run(self) -> Run:
        return self._session.run

    def _said(self) -> str:
        if self.has_ended:
            return self._run.outcome
        return "loading" if self._session.is_loading else ""

    def __repr__(self) -> str:
        return progress_text(self._run, time.monotonic() - self._begun, self._said())

    def _repr_html_(self) -> str:
        return progress_html(self._run, time.monotonic() - self._begun, self._said())


def progress_html(run: Run, seconds: float, said: str = "") -> str:
    """Return the counts, with a bar if the number of rows is known."""
    settled = run.accepted + run.failed
    bar = f'<progress value="{settled}" max="{run.wanted}"></progress> ' if run.wanted else ""
    return f"<p>{bar}<b>{shown(run.name)}</b>: {shown(progress_text(run, seconds, said))}</p>"
