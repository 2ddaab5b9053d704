"""The engine `ray` keeps the contract of engines, on a Ray that is started once for all its tests."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from seedbed import Engine, Job
from seedbed.testing import EngineContract
from seedbed_ray import RayEngine
from seedbed_ray.options import RayOptions

pytestmark = pytest.mark.slow

ADDRESS = "SEEDBED_TEST_RAY"
"""The variable with the address of this module's Ray, which runs in processes that are killed join, too.

Runs that are killed with a Ray of their own are in test_ray_kills.py.
"""


@pytest.fixture(scope="module", autouse=True)
def ray_of_this_module() -> Iterator[None]:
    """Ray, started before the first test: each run joins it, instead of starting one for eight seconds."""
    import ray

    from seedbed_ray.cluster import Cluster

    cluster = Cluster(RayOptions(cpus=2, object_store=80))
    cluster.start()
    os.environ[ADDRESS] = ray.get_runtime_context().gcs_address
    yield
    del os.environ[ADDRESS]
    cluster.end()


class TestRay(EngineContract):
    engine = "ray"
    patience = 120.0

    def new_engine(self, job: Job) -> Engine:
        return RayEngine.with_options(workers=2, address=os.environ[ADDRESS])(job)
