"""Calls that were refused for all rows: no author's `except` makes rows without them."""

from __future__ import annotations

from seedbed.engine.backend_fields import backends_in
from seedbed.tasks.base_step import BaseStep


class RefusedCalls:
    """Whether a call of a step that makes many rows at once met an error that every other call would meet."""

    def __init__(self, step: BaseStep) -> None:
        self._name = step.name
        gateways = (backend._gateway for backend in backends_in(step))
        self._gateways = [gateway for gateway in gateways if gateway is not None]

    def check(self) -> None:
        """Raise such an error, if there was one."""
        for gateway in self._gateways:
            if (error := gateway.refused.get(self._name)) is not None:
                raise error
