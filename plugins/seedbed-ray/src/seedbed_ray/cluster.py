"""Ray itself: started on this machine, or joined."""

from __future__ import annotations

import logging
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ray

from seedbed import Replicated, Resources, UsageError
from seedbed_ray.amounts import listed, wanted_by
from seedbed_ray.options import RayOptions
from seedbed_ray.own_folder import OwnFolder, remove_left

# Ray reports usage to its makers, unless it's told not to before it starts.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")

_MEGABYTE = 2**20


class Cluster:
    """The Ray that a run uses. If the program has started one itself, that one, which stays."""

    def __init__(self, options: RayOptions) -> None:
        self._options = options
        self._is_own = False
        self._folder: OwnFolder | None = None

    def start(self) -> None:
        """Start or join Ray; raise UsageError if that fails. Takes up to ten seconds."""
        if ray.is_initialized():
            return
        # A warning about tokens at each start, and lines about the cluster: a run has its own display.
        logging.getLogger("ray").setLevel(logging.ERROR)
        try:
            if self._options.address is None:
                self._start_here()
            else:
                self._join(self._options.address)
        except Exception as error:
            self.end()
            where = f"the cluster at {self._options.address!r}" if self._options.address else "Ray"
            raise UsageError(
                f"{where} can't be {'joined' if self._options.address else 'started'}: {error}",
                *_ADVICE[self._options.address is not None],
            ) from error
        self._is_own = True

    def room_for(self, needed: Resources) -> int:
        """Return how many workers that need so much fit on the nodes; at least one, as a cluster may grow.

        Raises UsageError if none ever fits on this machine.
        """
        wanted = wanted_by(needed)
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]
        room = sum(_times(node, wanted) for node in nodes)
        if not room and self._is_own and self._options.address is None:
            # One machine is one node.
            lacking = next(name for name in wanted if nodes[0].get(name, 0.0) < wanted[name])
            raise UsageError(
                f"a worker needs {wanted[lacking]:g} {lacking}, and this machine has "
                f"{nodes[0].get(lacking, 0.0):g}",
                "declare less in `resources:`, or give engine.cpus_per_worker, engine.gpus_per_worker",
                "or join a cluster that has it: --set engine.address=HOST:PORT (address= in Python)",
            )
        return max(1, room)

    def check_room(self, each: Resources, workers: int, apart: Sequence[Replicated]) -> None:
        """Raise UsageError if workers and the processes of LLMs never fit on this machine together.

        A cluster may grow: there, who starts them waits for a while.
        """
        if not self._is_own or self._options.address is not None:
            return
        has = next(one["Resources"] for one in ray.nodes() if one["Alive"])  # type: ignore[no-untyped-call]
        processes = [("worker", each, workers)]
        processes += [(one.name, one.resources, one.resources.replicas or 1) for one in apart]
        for name in dict.fromkeys(name for _, needed, _ in processes for name in wanted_by(needed)):
            parts = [(what, count, wanted_by(needed).get(name, 0.0)) for what, needed, count in processes]
            total = sum(count * amount for _, count, amount in parts)
            if total > has.get(name, 0.0):
                raise UsageError(
                    f"this run needs {total:g} {name}, and this machine has {has.get(name, 0.0):g}",
                    *(f"{count} x {amount:g} {name}: {what}" for what, count, amount in parts if amount),
                    "declare less in `resources:`, or take fewer workers: "
                    "--set engine.workers=N (workers=N in Python)",
                    "or join a cluster that has it: --set engine.address=HOST:PORT (address= in Python)",
                )

    def resources(self) -> str:
        """Return in words what the nodes have together."""
        total = Counter[str]()
        for node in ray.nodes():  # type: ignore[no-untyped-call]
            if node["Alive"]:
                total.update({name: amount for name, amount in node["Resources"].items() if _is_wanted(name)})
        return listed(total)

    def end(self) -> None:
        """Leave Ray; if it was started here, its processes end, and its logs are removed."""
        if self._is_own:
            self._is_own = False
            ray.shutdown()
        if self._folder is not None:
            self._folder.remove()
            self._folder = None

    def _start_here(self) -> None:
        # Ray's workers run at niceness 15 otherwise. On a machine with other work (load average 15), two of
        # them made 5.7 rows/s of a step of 20 ms, and the built-in engine 17.7.
        os.environ.setdefault("RAY_worker_niceness", "0")
        folder = self._options.folder
        if folder is None:
            remove_left()
            self._folder = OwnFolder()
            folder = str(self._folder.path)
        _join_ray(
            num_cpus=self._options.cpus or os.cpu_count(),
            object_store_memory=self._options.object_store * _MEGABYTE,
            include_dashboard=False,
            log_to_driver=False,
            configure_logging=False,
            runtime_env=self._options.runtime_env or None,
            _temp_dir=str(Path(folder).resolve()),
        )

    def _join(self, address: str) -> None:
        _join_ray(
            address=address,
            log_to_driver=False,
            configure_logging=False,
            runtime_env=self._options.runtime_env or None,
        )


def _join_ray(**options: Any) -> None:
    """Start or join Ray without its telling everyone on the cluster the command line of this process.

    Ray lists it as the job's entry point, `--set llm.api_key=...` included, and has no option for that.
    """
    command = Path(sys.argv[0]).name or "seedbed"
    # Not by assignment for good: other code of this process may use Ray, too.
    with _patched(ray._private.utils, "get_entrypoint_name", lambda: command):
        ray.init(**options)


@contextmanager
def _patched(module: Any, name: str, value: object) -> Iterator[None]:
    """Replace an attribute of a module for a while, if there is one."""
    found = getattr(module, name, None)
    if found is None:
        yield
        return
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, found)


def _is_wanted(name: str) -> bool:
    """Whether a resource is one that processes may ask for: not Ray's own names of nodes and memory."""
    return ":" not in name and name not in ("memory", "object_store_memory")


def _times(node: dict[str, float], wanted: dict[str, float]) -> int:
    """Return how many times a node has what is wanted."""
    return min(int(node.get(name, 0.0) / amount) for name, amount in wanted.items() if amount)


_ADVICE = {
    True: (
        "is it running? `ray status` on its head node says so",
        "the address is host:port, or auto",
        "a cluster whose nodes have a token wants it here, too: RAY_AUTH_MODE=token, and the token in",
        "RAY_AUTH_TOKEN or in ~/.ray/auth_token",
    ),
    False: (
        "its own logs are kept with --set engine.folder=FOLDER (folder= in Python)",
        "or leave out --engine ray (engine= in Python): the built-in engine needs no other process",
    ),
}
