"""Ray itself: started on this machine, or joined."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from pathlib import Path

import ray

from seedbed import UsageError
from seedbed_ray.options import RayOptions

# Ray reports usage to its makers, unless it's told not to before it starts.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")

_MEGABYTE = 2**20


class Cluster:
    """The Ray that a run uses. If the program has started one itself, that one, which stays."""

    def __init__(self, options: RayOptions) -> None:
        self._options = options
        self._is_own = False
        self._folder: str | None = None

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

    def cpus(self) -> int:
        """Return how many processors the cluster has for workers."""
        resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
        return int(resources.get("CPU", 1))

    def end(self) -> None:
        """Leave Ray; if it was started here, its processes end, and its logs are removed."""
        if self._is_own:
            self._is_own = False
            ray.shutdown()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _start_here(self) -> None:
        folder = self._options.folder
        if folder is None:
            # Not in TMPDIR: the paths of sockets in there may have 107 bytes, and most are Ray's own.
            folder = self._folder = tempfile.mkdtemp(prefix="seedbed-ray-", dir="/tmp")
        ray.init(
            num_cpus=self._options.cpus or os.cpu_count(),
            object_store_memory=self._options.object_store * _MEGABYTE,
            include_dashboard=False,
            log_to_driver=False,
            configure_logging=False,
            runtime_env=self._options.runtime_env or None,
            _temp_dir=str(Path(folder).resolve()),
        )

    def _join(self, address: str) -> None:
        ray.init(
            address=address,
            log_to_driver=False,
            configure_logging=False,
            runtime_env=self._options.runtime_env or None,
        )


_ADVICE = {
    True: ("is it running? `ray status` on its head node says so", "the address is host:port, or auto"),
    False: (
        "its own logs are kept with --set engine.folder=FOLDER",
        "or leave out --engine ray: the built-in engine needs no other process",
    ),
}
