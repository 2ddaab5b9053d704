"""Runs are listed, set aside and removed; nothing else is."""

from __future__ import annotations

import pytest
from tests.support.run_samples import result

from seedbed.errors import UsageError
from seedbed.store import RunReader, RunStore, list_runs, remove_run, set_aside


def make(folder, outcome="complete"):
    with RunStore.open(folder) as store:
        store.begin_session({"task": folder.name})
        store.add_result(result(1))
        store.end_session(outcome, {})


def test_runs_are_listed_by_name_with_their_last_session(tmp_path):
    make(tmp_path / "b")
    make(tmp_path / "a", "interrupted")
    RunStore.open(tmp_path / "new").close()
    (tmp_path / "no run").mkdir()
    (tmp_path / "file").touch()
    entries = list_runs(tmp_path)
    assert [entry.name for entry in entries] == ["a", "b", "new"]
    assert [entry.session and entry.session.outcome for entry in entries] == ["interrupted", "complete", None]
    assert entries[0].folder == tmp_path / "a"
    assert all(entry.holder is None and entry.error is None for entry in entries)


def test_a_run_that_cannot_be_read_is_listed_with_its_error(tmp_path):
    make(tmp_path / "good")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad/run.db").write_text("text" * 100)
    bad, good = list_runs(tmp_path)
    assert isinstance(bad.error, UsageError)
    assert "damaged" in str(bad.error)
    assert good.error is None


def test_no_folder_holds_no_runs(tmp_path):
    assert list_runs(tmp_path / "nothing") == []


def test_a_run_is_set_aside_under_the_first_free_number(tmp_path):
    folder = tmp_path / "jokes"
    for number in (1, 2):
        make(folder)
        assert set_aside(folder) == tmp_path / f"jokes.{number}"
        assert not folder.exists()
    with RunReader.open(tmp_path / "jokes.2") as reader:
        assert reader.result_of("write", "1") == result(1)


def test_a_damaged_run_can_be_set_aside(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run/run.db").write_text("text")
    assert (set_aside(tmp_path / "run") / "run.db").read_text() == "text"


def test_a_removed_run_leaves_nothing(tmp_path):
    make(tmp_path / "run")
    remove_run(tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_removing_a_run_leaves_what_is_not_its_own(tmp_path):
    make(tmp_path)
    (tmp_path / "thesis.txt").write_text("mine")
    remove_run(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("change", [set_aside, remove_run])
def test_a_run_that_is_being_written_stays(tmp_path, change):
    with RunStore.open(tmp_path / "run") as store:
        store.add_result(result(1))
        with pytest.raises(UsageError, match="is writing the run"):
            change(tmp_path / "run")
        store.flush()
        assert store.result_of("write", "1") == result(1)


@pytest.mark.parametrize("change", [set_aside, remove_run])
def test_no_run_is_neither_set_aside_nor_removed(tmp_path, change):
    (tmp_path / "folder").mkdir()
    for name in ("folder", "nothing"):
        with pytest.raises(UsageError, match="there is no run in"):
            change(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
    assert list((tmp_path / "folder").iterdir()) == []


def test_a_database_of_another_program_is_not_removed(tmp_path):
    (tmp_path / "run.db").write_text("text" * 100)
    with pytest.raises(UsageError, match="damaged"):
        remove_run(tmp_path)
    assert (tmp_path / "run.db").exists()
