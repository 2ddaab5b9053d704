"""Loading a model once, whoever needs it first."""

from __future__ import annotations

import threading

from seedbed.errors import LLMError, SeedbedError
from seedbed.llm.backend import Backend
from seedbed.llm.keys.key_guard import asking
from seedbed.llm.keys.redaction import redact_error, redact_message, showable
from seedbed.plugins.authoring.class_errors import told
from seedbed.tracebacks import where


class Loading:
    """Whether a backend is loaded: shared by the backend and the views that runs have of it."""

    def __init__(self) -> None:
        self.done = False
        # Threads of a run and the loop may load a model of gigabytes at the same time, and it would be in
        # memory twice.
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[type[Loading], tuple[()]]:
        # In another process, nothing is loaded yet; and a lock can't be pickled.
        return Loading, ()

    def ensure(self, llm: Backend) -> None:
        """Load the backend unless it's loaded; raise a typed error, without any secret, if that fails."""
        # Without the lock first: every call asks.
        if self.done:
            return
        with self._lock:
            if not self.done:
                _load(llm)
                self.done = True


def _load(llm: Backend) -> None:
    try:
        if llm.key_env_var is not None:
            # Report a missing key before anything heavy is loaded.
            llm.resolve_key()
        with asking(llm):
            llm.load()
    except SeedbedError as error:
        redact_error(error, llm.secrets())
        raise
    except Exception as error:  # noqa: BLE001 - a stranger's backend may raise anything
        secrets = llm.secrets()
        fact, advice = told(error)
        place = where(error)
        raise LLMError(
            f"the {llm._noun} '{llm.reference}' could not be loaded: {redact_message(fact, secrets)}",
            *([f"raised in {place}"] if place else []),
            *(redact_message(line, secrets) for line in advice),
        ) from showable(error, secrets)
