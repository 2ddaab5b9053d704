"""The measured costs that the simulation is made of; `parts` measures them again."""

from __future__ import annotations

from typing import NamedTuple


class Costs(NamedTuple):
    """Processor seconds, of the run's process unless it's said otherwise.

    `row`: to start, take in and decide a row of one call. `writer`: to write it to the store, in a thread
    that shares the interpreter. `message`: for each message from or to a worker. `row_of_workers`: for each
    row and worker there is. `room`: to give a call its room in a capped budget. `worker_row`: of the worker,
    for each row. `hop`: seconds that a message is under way.
    """

    row: float
    writer: float
    message: float
    row_of_workers: float
    room: float
    worker_row: float
    hop: float


LINE = Costs(
    row=0.098e-3,
    writer=0.060e-3,
    message=0.050e-3,
    row_of_workers=0.032e-6,
    room=0.015e-3,
    worker_row=0.507e-3,
    # Assumed, as within one data centre.
    hop=0.5e-3,
)
"""Workers on a socket each; rows of one HTTP call with an answer of 2.3 kB."""

# `ray_messages` found 0.18 to 0.42 ms in six runs on a busy machine, for messages that follow each other, as
# they do when the loop has no time left. One that comes alone takes 0.6 ms (`parts`).
RAY = LINE._replace(message=0.30e-3, hop=0.7e-3)
"""The same with Ray's messages."""
