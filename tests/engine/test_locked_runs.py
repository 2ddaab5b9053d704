"""`run(..., locked=...)`: a run from Python under a lock file, and what its manifest says of plugins."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.scripted_llm import scripted

from seedbed import GeneratorTask, LockError, Registry, UsageError, get_task, run
from seedbed.plugins.discovery.scan import scan
from seedbed.plugins.policy.lock import lock_of
from seedbed.plugins.policy.lock_file import lock_text
from seedbed.store import RunReader


class Words(GeneratorTask):
    """One word for each index."""

    template: str = "Write {{ word }}."

    def sample(self, index, rng):
        return {"word": index}


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "seedbed.lock"
    path.write_text(lock_text(lock_of(scan())))
    return path


def test_a_run_of_what_is_locked(lock: Path) -> None:
    made = run("text-generation", input=[{"instruction": "Say yes."}], llm=scripted(), locked=lock)

    assert [row["generation"] for row in made.rows()] == ["yes"]


def test_another_version_is_refused_before_anything_is_asked(lock: Path) -> None:
    lock.write_text(lock.read_text().replace('seedbed-tasks"\nversion = "', 'seedbed-tasks"\nversion = "9.'))
    llm = scripted()

    for task in ("text-generation", Words()):
        with pytest.raises(LockError, match=r"seedbed-tasks: 9\."):
            run(task, n=1, llm=llm, locked=lock)
    assert llm.requests == []


def test_a_registry_has_its_own_lock(lock: Path) -> None:
    registry = Registry(locked=lock)

    assert get_task("text-generation", registry=registry).name == "text-generation"
    with pytest.raises(UsageError, match="a registry and a lock file are given"):
        run("text-generation", registry=registry, locked=lock)


def test_a_class_that_the_program_adds_or_passes_is_its_own(lock: Path) -> None:
    registry = Registry(locked=lock)
    registry.add(Words)

    for task in ("words", Words()):
        assert run(task, n=1, llm=scripted(), registry=registry).accepted == 1


def test_the_manifest_names_the_plugins_that_were_resolved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEEDBED_RUNS", str(tmp_path))
    manifests = []
    for step in (get_task("text-generation"), Words()):
        rows = None if isinstance(step, Words) else [{"instruction": "Say yes."}]
        made = run(step, 1 if rows is None else None, input=rows, llm=scripted(), name=step.name)
        with RunReader.open(made.folder) as reader:
            manifests.append(reader.last_session().manifest["steps"][0])

    resolved, own = manifests
    (plugin,) = resolved["plugins"]
    assert (plugin["group"], plugin["name"]) == ("seedbed.tasks", "text-generation")
    assert resolved["package"] == f"{plugin['distribution']} {plugin['version']}"
    assert (own["plugins"], own["llms"][0]["plugins"]) == ([], [])
