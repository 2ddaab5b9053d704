"""The server of the pages: it listens on a loopback address until it's stopped."""

from __future__ import annotations

import secrets
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import uvicorn

from seedbed import Plan, UsageError
from seedbed_view.application import application
from seedbed_view.guard import TOKEN, Guard

_HOST = "127.0.0.1"


class Viewer:
    """Serves the runs in a folder to a browser on this machine.

        with Viewer(Path("runs")) as viewer:
            print(viewer.link("my-run"))
            input()

    `plan_of` returns the plan of the run in a folder, which `seedbed view` makes from the options that the
    run was started with; without it, no prompt can be tried. `port` 0 takes a free one. Raises UsageError if
    the port is taken. `link` has a token: who has it can see the runs as long as the server goes on.
    """

    def __init__(self, folder: Path, port: int = 0, *, plan_of: Callable[[Path], Plan] | None = None) -> None:
        self._socket = _listening(port)
        self.port: int = self._socket.getsockname()[1]
        self._token = secrets.token_urlsafe(24)
        guarded = Guard(application(folder, plan_of), self._token, self.port)
        # Without uvicorn's own log, which has the token of the first request.
        config = uvicorn.Config(
            guarded,
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            date_header=False,
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread: threading.Thread | None = None

    def link(self, run: str | None = None) -> str:
        """Return the address that opens the list of runs, or one run."""
        path = "/" if run is None else f"/runs/{quote(run, safe='')}"
        return f"http://{_HOST}:{self.port}{path}?{TOKEN}={self._token}"

    def serve(self) -> None:
        """Serve until SIGINT or SIGTERM."""
        self._server.run(sockets=[self._socket])

    def __enter__(self) -> Self:
        """Serve in a thread."""
        self._thread = threading.Thread(target=self.serve, name="seedbed-view", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop serving."""
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join()
        self._socket.close()


def _listening(port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((_HOST, port))
    except (OSError, OverflowError) as error:
        made.close()
        raise UsageError(
            f"port {port} can't be used: {error}", "leave out --port to take a free one"
        ) from error
    made.listen(128)
    return made
