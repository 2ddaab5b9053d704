"""Workers get what the steps on them declare, and keep what they have loaded."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from tests.support.own_ray import ray_with

from seedbed import Resources, Step, UsageError, run
from seedbed_ray import RayEngine
from seedbed_ray.options import RayOptions

pytestmark = pytest.mark.slow

ROWS = [{"n": n} for n in range(60)]


@pytest.fixture(scope="module", autouse=True)
def ray_with_licences() -> Iterator[None]:
    """Ray with a resource of its own: two licences, as a cluster's nodes may have."""
    with ray_with(2, cpus=3):
        yield


class Licensed(Step):
    """Says what Ray has reserved for its process, and in a file when a model would be loaded."""

    keeps: ClassVar[bool] = True
    loads: str

    def load(self) -> None:
        import ray

        self._has = ray.get_runtime_context().get_assigned_resources()
        with Path(self.loads).open("a", encoding="utf-8") as file:
            file.write(f"{os.getpid()}\n")

    def process(self, row: dict[str, Any]) -> dict[str, Any]:
        return {**row, "process": os.getpid(), "has": dict(self._has)}


def made(step: Step, **options: Any) -> list[dict[str, Any]]:
    engine = RayEngine.with_options(start_timeout=60.0, **options)
    return list(run(step, input=ROWS, engine=engine).rows())


def test_each_replica_has_what_the_step_declares_and_loads_it_once(tmp_path: Path) -> None:
    loads = tmp_path / "loads"
    step = Licensed(loads=str(loads)).with_resources(cpus=1, replicas=2, custom={"licence": 1})
    rows = made(step)

    assert all(row["has"] == {"CPU": 1.0, "licence": 1.0} for row in rows)
    processes = Counter(loads.read_text().split())
    assert len(processes) == 2
    assert set(processes.values()) == {1}
    assert {str(row["process"]) for row in rows} == set(processes)


def test_there_are_as_many_workers_as_fit_and_an_option_says_otherwise(tmp_path: Path) -> None:
    step = Licensed(loads=str(tmp_path / "loads")).with_resources(cpus=1.5)
    made(step)
    assert len((tmp_path / "loads").read_text().split()) == 1

    rows = made(step, cpus_per_worker=0.5, workers=3)
    assert len((tmp_path / "loads").read_text().split()) == 1 + 3
    assert {row["has"]["CPU"] for row in rows} == {0.5}


def test_what_a_machine_never_has_is_refused_at_once() -> None:
    from seedbed_ray.cluster import Cluster

    cluster = Cluster(RayOptions())
    cluster._is_own = True
    with pytest.raises(UsageError, match="a worker needs 3 licence, and this machine has 2"):
        cluster.room_for(Resources(cpus=1, custom={"licence": 3}))
    with pytest.raises(UsageError, match="a worker needs 1 GPU, and this machine has 0"):
        cluster.room_for(Resources(cpus=1, gpus=1))
    cluster._is_own = False
    assert cluster.room_for(Resources(cpus=1, gpus=1)) == 1
    assert cluster.room_for(Resources(cpus=1)) == 3
