"""Taking workers into a run: what they have installed is checked, and they load the steps."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from seedbed.engine.workers.installed import Needs
from seedbed.engine.workers.run_messages import Setup
from seedbed.engine.workers.worker_handle import WorkerHandle
from seedbed.errors import PluginError


class Recruiting:
    """Brings workers to where they can take rows; `setup` returns what the worker of a share needs."""

    def __init__(self, needs: Needs, setup: Callable[[int], Setup]) -> None:
        self._needs = needs
        self._setup = setup

    async def prepare(self, workers: list[WorkerHandle]) -> None:
        """Check what workers have installed, give each its setup, and wait until they've loaded it.

        Raises PluginError for a worker that lacks something or dies, and what loading raised.
        """
        for worker in workers:
            worker.send(self._needs)
        await _until(workers, "is_checked")
        for worker in workers:
            if worker.told.lacking:
                raise PluginError(
                    f"{worker.link.name} lacks what this run needs",
                    *worker.told.lacking,
                    "install the same versions there",
                )
        for worker in workers:
            worker.send(self._setup(worker.share))
        await _until(workers, "is_ready")


async def _until(workers: list[WorkerHandle], name: str) -> None:
    """Wait until all workers have told something; raise the first error that one tells instead."""
    await asyncio.gather(*(_until_one(worker, name) for worker in workers))


async def _until_one(worker: WorkerHandle, name: str) -> None:
    while not getattr(worker.told, name):
        worker.news.clear()
        await worker.news.wait()
        if worker.told.error is not None:
            raise worker.told.error
        if worker.lost is not None:
            raise PluginError(f"{worker.link.name} has died before its first row: {worker.lost}")
