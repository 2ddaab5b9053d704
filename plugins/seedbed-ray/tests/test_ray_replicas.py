"""A model of which there are fewer than workers has processes of its own, on Ray, and stays loaded there."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

import pytest
from pydantic import SecretStr
from tests.support.own_ray import ray_with

from seedbed import (
    LLM,
    GeneratorTask,
    PluginError,
    Reject,
    Request,
    Resources,
    Response,
    Run,
    Step,
    UsageError,
    run,
)
from seedbed_llamacpp import LlamaCppLLM
from seedbed_ray import RayEngine
from seedbed_ray.options import RayOptions

from .conftest import content_of

pytestmark = pytest.mark.slow

# In no file, not even in this one: Ray may copy it.
KEY = f"sk-replica-{uuid4().hex}"
DIES_AT = (8, 25)


@pytest.fixture(scope="module", autouse=True)
def ray_with_licences() -> Iterator[None]:
    """Ray with a resource of its own, and with GPUs that aren't there: placing needs only their number."""
    with ray_with(1, cpus=4, gpus=2):
        yield


class Word(GeneratorTask):
    template: str = "Name a word that begins like {{ n }}."

    def sample(self, index: int, rng: Any) -> dict[str, Any]:
        return {"n": index}


def noted(file: str) -> list[str]:
    path = Path(file)
    return path.read_text(encoding="utf-8").split() if path.exists() else []


def note(file: str, text: object) -> None:
    with Path(file).open("a", encoding="utf-8") as opened:
        opened.write(f"{text}\n")


class Embedded(LlamaCppLLM):
    """The real model, which notes the process that loads it and what Ray has reserved for that."""

    backend = "embedded"
    notes: str

    @property
    def answer_settings(self) -> dict[str, Any]:
        settings = super().answer_settings
        del settings["notes"]
        return settings

    def load(self) -> None:
        import ray
        from ray._private.worker import WORKER_MODE, global_worker

        note(self.notes, os.getpid())
        if global_worker.mode == WORKER_MODE:
            has = ray.get_runtime_context().get_assigned_resources()
            note(f"{self.notes}-has", sorted(has))
        super().load()


def made(llm: LLM, out: Path, n: int = 12, **options: Any) -> Run:
    engine = RayEngine.with_options(start_timeout=60.0, workers=2, cpus_per_worker=0.5, **options)
    return run(Word(llm=llm), n, out=out, engine=engine)


def test_an_embedded_model_is_loaded_once_for_two_workers(tmp_path: Path) -> None:
    local = Embedded(model="smollm2-135m", max_tokens=6, notes=str(tmp_path / "here"))
    run(Word(llm=local), 12, out=tmp_path / "local.jsonl")
    llm = Embedded(model="smollm2-135m", max_tokens=6, notes=str(tmp_path / "loads"))
    made(llm.with_resources(replicas=1, custom={"licence": 1}), tmp_path / "ray.jsonl")

    assert (tmp_path / "ray.jsonl").read_bytes() == (tmp_path / "local.jsonl").read_bytes()
    (process,) = noted(llm.notes)
    assert int(process) != os.getpid()
    assert "licence" in (tmp_path / "loads-has").read_text()


class Deadly(LLM):
    """Ends its process in two of its calls, with others in flight."""

    backend = "deadly"
    notes: str
    parallel: int = 3

    @property
    def slots(self) -> int:
        return self.parallel

    def load(self) -> None:
        note(f"{self.notes}-loads", os.getpid())

    async def respond(self, request: Request) -> Response:
        text = str(request.messages[-1]["content"])
        note(self.notes, text.split()[-1])
        if len(noted(self.notes)) in DIES_AT:
            os.kill(os.getpid(), signal.SIGKILL)
        return Response.of_text(text.upper())


def test_a_killed_replica_is_loaded_again_and_no_row_is_lost_or_doubled(tmp_path: Path) -> None:
    llm = Deadly(model="m", notes=str(tmp_path / "asked")).with_resources(gpus=1, replicas=1)
    done = made(llm, tmp_path / "ray.jsonl", 40)

    assert (done.accepted, done.failed) == (40, 0)
    assert [row["n"] for row in done.rows()] == list(range(40))
    assert len(set(noted(f"{llm.notes}-loads"))) == len(DIES_AT) + 1
    # Only what was in flight when a process died is asked again.
    again = [count for count in Counter(noted(llm.notes)).values() if count > 1]
    assert 0 < sum(again) - len(again) <= len(DIES_AT) * llm.parallel


class Licensed(Step):
    """Needs what one process at a time may have, and ends its process once."""

    keeps: ClassVar[bool] = True
    notes: str

    def load(self) -> None:
        note(f"{self.notes}-loads", os.getpid())

    def unload(self) -> None:
        note(f"{self.notes}-unloads", os.getpid())

    def process(self, row: dict[str, Any]) -> dict[str, Any]:
        if row["n"] % 9 == 5:
            raise Reject("one of nine")
        note(self.notes, row["n"])
        if len(noted(self.notes)) == DIES_AT[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        return {**row, "process": os.getpid()}


def test_a_step_has_a_process_of_its_own_which_is_started_again_if_it_dies(tmp_path: Path) -> None:
    step = Licensed(notes=str(tmp_path / "made")).with_resources(replicas=1, custom={"licence": 1})
    engine = RayEngine.with_options(start_timeout=60.0, workers=2, cpus_per_worker=0.5)
    done = run(step, input=[{"n": n} for n in range(60)], engine=engine)

    rows = list(done.rows())
    assert [row["n"] for row in rows] == [n for n in range(60) if n % 9 != 5]
    assert (done.rejected, done.failed) == (7, 0)
    first, second = noted(f"{step.notes}-loads")
    assert {str(row["process"]) for row in rows} == {first, second}
    assert noted(f"{step.notes}-unloads") == [second]


class Keyed(Deadly):
    """Says whether the key has come."""

    backend = "keyed"
    api_key: SecretStr | None = None

    async def respond(self, request: Request) -> Response:
        return Response.of_text(str(self.api_key is not None and len(self.api_key.get_secret_value())))


def test_a_key_reaches_a_replica_and_is_in_no_file_of_ray(tmp_path: Path) -> None:
    from ray._private.worker import global_worker

    llm = Keyed(model="m", api_key=KEY, notes=str(tmp_path / "asked")).with_resources(replicas=1)
    done = made(llm, tmp_path / "ray.jsonl", 4)

    assert {row["generation"] for row in done.rows()} == {str(len(KEY))}
    session = Path(global_worker.node.get_session_dir_path())
    files = {file: content_of(file) for file in session.rglob("*")}
    assert any(b"ReplicaActor" in content for content in files.values())
    assert not [file for file, content in files.items() if KEY.encode() in content]


def test_what_the_cluster_never_has_is_named_when_the_time_is_up(tmp_path: Path) -> None:
    llm = Deadly(model="m", notes=str(tmp_path / "asked")).with_resources(gpus=5, replicas=1)
    engine = RayEngine.with_options(start_timeout=2.0, workers=2, cpus_per_worker=0.5)
    with pytest.raises(PluginError, match="the process of the LLM 'deadly/m' hasn't started") as caught:
        run(Word(llm=llm), 4, out=tmp_path / "ray.jsonl", engine=engine)

    said = "\n".join(caught.value.advice)
    assert "it needs 1 CPU, 5 GPU" in said
    assert "the cluster has 4 CPU, 2 GPU, 1 licence" in said
    assert not noted(llm.notes)


def test_what_a_machine_never_has_is_refused_at_once() -> None:
    from seedbed import Replicated
    from seedbed_ray.cluster import Cluster

    cluster = Cluster(RayOptions())
    cluster._is_own = True
    llm = Keyed(model="m", notes="")
    two = Replicated("key", "the LLM 'keyed/m'", Resources(cpus=2, gpus=1, replicas=2), llm)
    with pytest.raises(UsageError, match="this run needs 7 CPU, and this machine has 4") as caught:
        cluster.check_room(Resources(cpus=1), 3, [two])
    assert "2 x 2 CPU: the LLM 'keyed/m'" in caught.value.advice
    assert "3 x 1 CPU: worker" in caught.value.advice

    small = two._replace(resources=Resources(cpus=0.5, gpus=1, replicas=2))
    cluster.check_room(Resources(cpus=1), 3, [small])
    three = two._replace(resources=Resources(cpus=0.1, gpus=1, replicas=3))
    with pytest.raises(UsageError, match="this run needs 3 GPU, and this machine has 2"):
        cluster.check_room(Resources(cpus=1), 3, [three])
