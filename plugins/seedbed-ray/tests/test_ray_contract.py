"""The engine `ray` keeps the contract of engines, on a Ray that is started once for all its tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from seedbed import Engine, Job
from seedbed.testing import EngineContract
from seedbed_ray import RayEngine
from seedbed_ray.options import RayOptions

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def ray_of_this_module() -> Iterator[None]:
    """Ray, started before the first test: each run joins it, instead of starting one for eight seconds."""
    from seedbed_ray.cluster import Cluster

    cluster = Cluster(RayOptions(cpus=2, object_store=80))
    cluster.start()
    yield
    cluster.end()


class TestRay(EngineContract):
    engine = "ray"
    patience = 120.0

    def new_engine(self, job: Job) -> Engine:
        return RayEngine.with_options(workers=2)(job)
