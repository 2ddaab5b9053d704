"""The engine `ray`: workers in processes that Ray starts, here or on a cluster."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from seedbed import Job, PluginError, Resources, WorkerEngine, WorkerLink, WorkerLostError
from seedbed_ray.amounts import shown
from seedbed_ray.options import RayOptions
from seedbed_ray.start_advice import advice_for

if TYPE_CHECKING:
    from seedbed_ray.cluster import Cluster
    from seedbed_ray.link import RayLink
    from seedbed_ray.replicas import Replicas


class RayEngine(WorkerEngine):
    """Makes rows on Ray's workers: on all processors of this machine, or on a cluster.

    The run stays where it's started: its store, its limits and its output are there, and its dataset has the
    same bytes as the built-in engine's. If you outgrow one process, because models run inside of it or steps
    compute, this is the way to several.
    """

    places: ClassVar[bool] = True
    Options = RayOptions
    options: RayOptions

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        self._cluster: Cluster | None = None
        self._starting: asyncio.Future[None] | None = None
        self._replicas: Replicas | None = None
        declared = self.options.workers or self.needed_resources().replicas
        # None: as many as fit.
        self._wanted = self.busy_workers(declared) if declared else None
        self._apart = self.replicate(self._wanted) if self._wanted else ()
        self._each = self._needed_by_each()
        if self.options.address is None:
            # Ray reads it when it's imported, which may be to pickle the steps, before workers are started.
            # Under `uv run`, it would pack this folder otherwise, and have uv run each worker.
            os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")

    async def start_workers(self) -> Sequence[WorkerLink]:
        """Start or join Ray, and start the workers."""
        # Imported here: it takes a second, and a run that is refused, or had finished, doesn't need it.
        from seedbed_ray.cluster import Cluster

        self._cluster = cluster = Cluster(self.options)
        self._starting = asyncio.ensure_future(asyncio.to_thread(cluster.start))
        await asyncio.shield(self._starting)
        room = await asyncio.to_thread(cluster.room_for, self._each)
        count = self._wanted or self.busy_workers(room)
        if self._apart:
            await asyncio.to_thread(cluster.check_room, self._each, count, self._apart)
            await self._start_replicas()
        return await self._links(count)

    async def replace_worker(self, lost: WorkerLink) -> WorkerLink | None:
        """Start a worker in place of one that has died."""
        (link,) = await self._links(1)
        return link

    async def end_workers(self) -> None:
        """Leave Ray, or end the one that was started here."""
        if self._starting is not None:
            # A thread can't be cancelled: what it starts has to be ended.
            await asyncio.wait([self._starting])
        if self._replicas is not None:
            await self._replicas.end()
        if self._cluster is not None:
            await asyncio.to_thread(self._cluster.end)

    def pickled(self, made: Any) -> bytes:
        """Return an object as bytes; also classes of a notebook, and lambdas."""
        from ray import cloudpickle

        data: bytes = cloudpickle.dumps(made)  # type: ignore[no-untyped-call]
        return data

    def _needed_by_each(self) -> Resources:
        """Return what Ray reserves for each worker: the options, or else what steps declare."""
        needed, options = self.needed_resources(), self.options
        cpus = options.cpus_per_worker or needed.cpus or 1.0
        gpus = needed.gpus if options.gpus_per_worker is None else options.gpus_per_worker or None
        return needed.model_copy(update={"cpus": cpus, "gpus": gpus})

    async def _start_replicas(self) -> None:
        from seedbed_ray.replicas import Replicas

        self._replicas = replicas = Replicas()
        for one in self._apart:
            try:
                await asyncio.wait_for(replicas.start(one), self.options.start_timeout)
                # No time-out: a model may take an hour to be downloaded.
                for said in await replicas.load(one, self.replica_setup(one)):
                    self.check_replica(said)
            except TimeoutError:
                count = one.resources.replicas or 1
                few = f"process of {one.name} hasn't" if count == 1 else f"processes of {one.name} haven't"
                raise PluginError(
                    f"the {few} started within {self.options.start_timeout:g} s",
                    f"{'it' if count == 1 else f'each of {count}'} needs {shown(one.resources)}",
                    f"the cluster has {await asyncio.to_thread(self._had)}",
                    "declare less in `resources:`, or give more time: "
                    "--set engine.start_timeout=SECONDS (start_timeout= in Python)",
                ) from None
            except WorkerLostError as error:
                advice = advice_for(str(error), has_runtime_env=bool(self.options.runtime_env))
                raise PluginError(f"a process of {one.name} can't start: {error}", *advice) from error

    def _had(self) -> str:
        return self._cluster.resources() if self._cluster is not None else "nothing"

    async def _links(self, count: int) -> list[RayLink]:
        import ray

        from seedbed_ray.actor import RowActor
        from seedbed_ray.link import RayLink
        from seedbed_ray.orphans import Home
        from seedbed_ray.replicas import placement

        actor = ray.remote(RowActor).options(
            **placement(self._each), max_restarts=0, scheduling_strategy="SPREAD"
        )
        replicas = self._replicas.actors if self._replicas is not None else {}
        links = [RayLink(actor.remote(Home.here(), replicas)) for _ in range(count)]
        try:
            await asyncio.wait_for(
                asyncio.gather(*(link.open() for link in links)), self.options.start_timeout
            )
        except TimeoutError:
            raise PluginError(
                f"{count} workers haven't all started within {self.options.start_timeout:g} s",
                f"the cluster has {await asyncio.to_thread(self._had)}",
                "take fewer: --set engine.workers=N (workers= in Python)",
                "or reserve less for each: `resources:` of the steps, engine.cpus_per_worker, "
                "engine.gpus_per_worker",
                "or more time: --set engine.start_timeout=SECONDS (start_timeout= in Python)",
            ) from None
        except WorkerLostError as error:
            advice = advice_for(str(error), has_runtime_env=bool(self.options.runtime_env))
            raise PluginError(f"a worker can't start: {error}", *advice) from error
        return links
