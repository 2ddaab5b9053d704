"""Ray with resources that this machine doesn't have: placing needs only their numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def ray_with(licences: int, *, cpus: int, gpus: int = 0) -> Iterator[None]:
    """Start Ray with a resource of its own, as a cluster's nodes may have, and end it."""
    import ray

    ray.init(
        num_cpus=cpus,
        num_gpus=gpus,
        resources={"licence": licences},
        object_store_memory=80 * 2**20,
        include_dashboard=False,
        log_to_driver=False,
        configure_logging=False,
    )
    try:
        yield
    finally:
        ray.shutdown()
