"""Under a lock, nothing serves but the distributions that it holds, in their versions."""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path

import pytest

from seedbed.errors import LockError, ParameterError, UsageError
from seedbed.llm.llm_kind import LLMS
from seedbed.plugins.policy.eligibility import Status
from seedbed.plugins.policy.lock import Lock, LockedDistribution, lock_of
from seedbed.plugins.policy.lock_file import lock_text, read_lock
from seedbed.plugins.policy.policy import Policy
from seedbed.tasks.step_references import get_task

FILE_TASK = """
from seedbed import GeneratorTask

class Haiku(GeneratorTask):
    def sample(self, index, rng):
        return {}
"""


def locked_registry(site, lock):
    return site.registry(Policy(lock=lock))


def make_editable(site, distribution, version="1.0"):
    info = site.folder / f"{distribution.replace('-', '_')}-{version}.dist-info"
    origin = {"url": "file:///somewhere", "dir_info": {"editable": True}}
    (info / "direct_url.json").write_text(json.dumps(origin))


def test_what_is_locked_serves(site):
    site.install_llm("good")
    registry = locked_registry(site, lock_of(site.scan()))

    assert registry.llm("good").__name__ == "FakeLLM"


def test_a_distribution_that_is_not_locked_is_not_imported(site):
    site.install_llm("good")
    lock = lock_of(site.scan(), place="seedbed.lock")
    site.install_llm("new", "raise AssertionError('imported')")
    registry = locked_registry(site, lock)

    with pytest.raises(LockError, match=r"'new' is not served: dist-new 1\.0 is not in .* 'seedbed\.lock'"):
        registry.llm("new")
    assert registry.llm("good")
    assert {entry.installed.name: entry.status for entry in registry.entries()} == {
        "good": Status.OK,
        "new": Status.UNLOCKED,
    }


def test_an_editable_copy_of_the_locked_version_is_to_be_installed_by_force(site):
    site.install_llm("good")
    site.install_llm("other")
    lock = lock_of(site.scan())
    make_editable(site, "dist-good")
    changed = (*lock.distributions, LockedDistribution("gone-llm", "2.0"))

    with pytest.raises(LockError) as caught:
        locked_registry(site, Lock(changed)).llm("other")

    assert caught.value.advice[2:4] == (
        "pip install 'gone-llm==2.0'",
        "pip install --force-reinstall 'dist-good==1.0'",
    )


def test_another_version_and_a_missing_distribution_stop_every_name(site):
    site.install_llm("good")
    site.install_llm("other", "raise AssertionError('imported')")
    held = lock_of(site.scan())
    changed = (
        LockedDistribution("dist-other", "0.9"),
        LockedDistribution("gone-llm", "2.0"),
        *(one for one in held.distributions if one.name != "dist-other"),
    )

    with pytest.raises(LockError) as caught:
        locked_registry(site, Lock(changed)).llm("good")

    assert caught.value.advice[:3] == (
        "dist-other: 0.9 is locked, but 1.0 is installed",
        "gone-llm: 2.0 is locked, but it is not installed",
        "pip install 'dist-other==0.9' 'gone-llm==2.0'",
    )
    assert "mod_good" not in sys.modules


def test_another_seedbed_is_refused(site):
    with pytest.raises(LockError, match=r"seedbed: 99\.0 is locked, but .* is installed"):
        locked_registry(site, Lock((LockedDistribution("seedbed", "99.0"),))).llm("any")


def test_an_editable_distribution_is_held_to_its_version_alone(site):
    site.install_llm("good")
    published = lock_of(site.scan())
    make_editable(site, "dist-good")
    edited = lock_of(site.scan())

    assert locked_registry(site, edited).llm("good")
    assert [one.editable for one in edited.distributions if one.name == "dist-good"] == [True]
    with pytest.raises(LockError, match="dist-good: it is installed in editable form"):
        locked_registry(site, published).llm("good")
    (entry,) = locked_registry(site, published).entries()
    assert entry.status is Status.UNLOCKED


def test_a_name_that_two_locked_distributions_claim_goes_to_the_one_it_was_locked_with(site):
    site.install_llm("good")
    site.install("dist-fork", {"seedbed.llms": {"good": "mod_fork"}}, {"mod_fork": site.llm_module})
    claims = site.scan()
    names = (("seedbed.llms", "good"),)
    lock = Lock(
        (LockedDistribution("dist-fork", "1.0", plugins=names), LockedDistribution("dist-good", "1.0"))
    )

    assert len(claims) == 2
    assert locked_registry(site, lock).llm("good").__module__ == "mod_fork"


def test_names_of_distributions_are_compared_as_pip_does(site):
    site.install_llm("good")
    lock = Lock((LockedDistribution("Dist_Good", "1.0"),))

    assert locked_registry(site, lock).llm("good")


def test_a_lock_file_says_the_same_after_it_was_read(site, tmp_path):
    points = {"seedbed.tasks": {"b": "mod_task", "a": "mod_task"}, "seedbed.steps": {"c": "mod_task"}}
    site.install("Dist.Task", points, {"mod_task": site.task_module}, version='1.0+"odd"')
    make_editable(site, "Dist.Task", '1.0+"odd"')
    (tmp_path / "t.py").write_text(FILE_TASK)
    lock = lock_of(site.scan(), [tmp_path / "t.py"])
    path = tmp_path / "seedbed.lock"
    path.write_text(lock_text(lock))

    assert read_lock(path) == lock
    assert lock_text(read_lock(path)) == path.read_text()
    assert lock.distributions[0].plugins == (
        ("seedbed.steps", "c"), ("seedbed.tasks", "a"), ("seedbed.tasks", "b")
    )  # fmt: skip
    assert str(tmp_path) not in path.read_text()


def test_the_order_in_which_plugins_are_found_does_not_show(site):
    for name in ("one", "two", "three"):
        site.install_llm(name)
    claims = site.scan()

    assert lock_text(lock_of(claims)) == lock_text(lock_of(reversed(claims)))


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("lock-version = ", UsageError, "is not a lock file"),
        ("", UsageError, "is not a lock file: it has no lock-version"),
        ("lock-version = 9", UsageError, "was made by a newer Seedbed: its lock-version is 9"),
        ("lock-version = 0", ParameterError, "lock-version: must be 1, not 0"),
        ("lock-version = 1\nother = 3", ParameterError, "other: there is no such field"),
        ("lock-version = 1\n[[distribution]]\nname = 'a'", ParameterError, "distribution.0.version"),
        ("lock-version = 1\n[[file]]\nname = 'a'\nsha256 = '12'", ParameterError, "file.0.sha256"),
    ],
)
def test_what_is_no_lock_file_is_named(tmp_path, text, error, said):
    path = tmp_path / "wrong.lock"
    path.write_text(text)
    with pytest.raises(error, match=r"wrong\.lock") as caught:
        read_lock(path)
    assert said in str(caught.value)


def test_a_lock_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        read_lock(tmp_path / "none.lock")


class TestFiles:
    """Classes that are named as `PATH.py:Class`."""

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        path = tmp_path / "haiku.py"
        path.write_text(FILE_TASK)
        return path

    def test_a_locked_file_serves_wherever_it_lies(self, site, path, tmp_path):
        lock = lock_of((), [path])
        (tmp_path / "elsewhere").mkdir()
        moved = path.rename(tmp_path / "elsewhere" / "haiku.py")

        task = get_task(f"{moved}:Haiku", registry=locked_registry(site, lock))

        assert task.name == "haiku"

    def test_a_file_that_changed_is_not_imported(self, site, path):
        registry = locked_registry(site, lock_of((), [path]))
        path.write_text("raise AssertionError('imported')")

        with pytest.raises(LockError, match="has changed since it was locked"):
            get_task(f"{path}:Haiku", registry=registry)

    def test_a_file_that_is_not_locked_is_not_imported(self, site, path):
        path.write_text("raise AssertionError('imported')")

        with pytest.raises(LockError, match=r"haiku\.py' is not in the lock"):
            get_task(f"{path}:Haiku", registry=locked_registry(site, lock_of(())))

    def test_it_is_not_imported_where_a_locked_distribution_is_missing(self, site, path):
        held = lock_of((), [path])
        lock = Lock((*held.distributions, LockedDistribution("gone", "1")), held.files)
        path.write_text(FILE_TASK + "\n")

        with pytest.raises(LockError, match="gone: 1 is locked"):
            get_task(f"{path}:Haiku", registry=locked_registry(site, lock))


def test_the_groups_of_a_lock_file_are_those_of_entry_points(site):
    site.install_llm("good")
    held = tomllib.loads(lock_text(lock_of(site.scan())))["distribution"]

    (good,) = (one for one in held if one["name"] == "dist-good")
    assert good["entry-points"] == {str(LLMS): ["good"]}
