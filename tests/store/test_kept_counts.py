"""Sums that are kept: always those of all rows, whatever is added, replaced, removed or killed."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.run_samples import call, result

from seedbed.store import RunReader, RunStore, Verdict
from seedbed.store.kept_counts import COUNTS, Counts, keep_counts, query_on
from seedbed.store.run_file import open_for_writing
from seedbed.store.run_operations import ForgetResults, apply

STEPS = st.sampled_from(["write", "judge"])
VERDICTS = st.sampled_from(["accepted", "rejected", "failed"])
CHANGES = st.one_of(
    st.tuples(st.just("call"), STEPS, st.integers(0, 5), st.integers(0, 100)),
    st.tuples(st.just("result"), STEPS, st.integers(0, 5), st.sampled_from(["done", "failed"])),
    st.tuples(st.just("forget"), STEPS),
    st.tuples(st.just("verdict"), st.sampled_from(["a", "b"]), VERDICTS),
    st.tuples(st.just("truncate"), st.sampled_from(["a", "b"]), st.integers(0, 8)),
    st.tuples(st.just("session")),
    st.tuples(st.just("flush")),
)
FUNCTION_SCOPED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


def by_hand(path: Path) -> tuple[Any, ...]:
    """Return the sums as plain queries find them."""
    with sqlite3.connect(path) as connection:
        calls = connection.execute(
            "SELECT step, model, count(*), sum(input_tokens), count(*) - count(cost) FROM calls "
            "GROUP BY step, model"
        ).fetchall()
        verdicts = connection.execute(
            "SELECT leaf, verdict, count(*) FROM verdicts GROUP BY leaf, verdict"
        ).fetchall()
        results = connection.execute("SELECT step, status, count(*) FROM results GROUP BY 1, 2").fetchall()
    connection.close()
    return sorted(calls), sorted(verdicts), sorted(results)


def as_read(folder: Path) -> tuple[Any, ...]:
    with RunReader.open(folder) as reader:
        calls = [
            (one.step, one.model, one.calls, one.input_tokens, one.unpriced) for one in reader.spent_by_step()
        ]
        assert reader.count_calls() == reader.spent().calls == sum(one[2] for one in calls)
        verdicts = [
            (leaf, verdict, count)
            for leaf in reader.leaves()
            for verdict, count in reader.count_verdicts(leaf).items()
            if count
        ]
        results = [
            (step, status, count)
            for step, counts in reader.count_results().items()
            for status, count in counts.items()
        ]
    return sorted(calls), sorted(verdicts), sorted(results)


@settings(suppress_health_check=FUNCTION_SCOPED, deadline=None)
@given(changes=st.lists(CHANGES, max_size=30), every=st.sampled_from([1, 3, 50_000]))
def test_what_is_read_is_the_sum_of_all_rows(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[Any, ...]], every: int
) -> None:
    folder = tmp_path_factory.mktemp("run")
    places = {"a": 0, "b": 0}
    with pytest.MonkeyPatch.context() as patch, RunStore.open(folder) as store:
        patch.setattr("seedbed.store.transactions.EVERY", every)
        store.begin_session({"leaf": "a"})
        for kind, *values in changes:
            if kind == "call":
                step, row, tokens = values
                store.add_call(call(row)._replace(step=step, input_tokens=tokens, cost=tokens % 2 or None))
            elif kind == "result":
                step, row, status = values
                store.add_result(result(row, step=step)._replace(status=status))
            elif kind == "forget":
                store.forget_results(values[0])
            elif kind == "verdict":
                leaf, verdict = values
                store.add_verdict(Verdict(leaf, places[leaf], "1", verdict, "write", "1", 0))
                places[leaf] += 1
            elif kind == "truncate":
                leaf, seq = values
                store.truncate_verdicts(leaf, seq)
                places[leaf] = min(places[leaf], seq)
            elif kind == "session":
                store.end_session("complete", {})
                store.begin_session({"leaf": "a"})
            else:
                store.flush()
        store.flush()
        assert as_read(folder) == by_hand(folder / "run.db")
        store.end_session("complete", {})
    assert as_read(folder) == by_hand(folder / "run.db")


def test_a_result_in_the_place_of_one_that_was_forgotten_is_counted(tmp_path: Path) -> None:
    connection = open_for_writing(tmp_path / "run.db")
    # The second one replaces the first, which leaves a gap before it.
    apply(connection, [result(1), result(1)])
    keep_counts(connection, due=True)
    # The last one goes into the gap.
    apply(connection, [ForgetResults("write"), result(0)])
    keep_counts(connection, due=False)
    assert Counts.kept(query_on(connection)).add_all(query_on(connection)).results == {("write", "done"): [1]}
    connection.close()


def test_a_row_that_is_replaced_twice_in_one_commit_is_counted_once(tmp_path: Path) -> None:
    connection = open_for_writing(tmp_path / "run.db")
    for statuses in (["done"], ["failed", "rejected"], ["done", "failed", "done"]):
        for status in statuses:
            apply(connection, [result(1)._replace(status=status)])
        keep_counts(connection, due=True)
        kept = Counts.kept(query_on(connection)).results
        assert kept[("write", statuses[-1])] == [1]
        assert sum(count for (count,) in kept.values()) == 1
    connection.close()


def test_verdicts_that_are_all_decided_again_are_counted(tmp_path: Path) -> None:
    for decision in ("failed", "accepted"):
        with RunStore.open(tmp_path) as store:
            store.begin_session({"leaf": "a"})
            store.truncate_verdicts("a", 0)
            store.flush()
            store.add_verdict(Verdict("a", 0, "1", decision, "write", "1", 0))
            store.end_session("complete", {})
        assert as_read(tmp_path) == by_hand(tmp_path / "run.db") == ([], [("a", decision, 1)], [])


@pytest.mark.parametrize(
    "value",
    [b"", b"{}", b"[1]", b"\xff", "text", b'[1,[["a"]],1,[],{},[]]', b'[1,[],1,[["a","b","c"]],{},[]]'],
)
def test_sums_that_are_damaged_are_added_up_again(tmp_path: Path, value: bytes | str) -> None:
    with RunStore.open(tmp_path) as store:
        store.begin_session({"leaf": "a"})
        store.add_call(call(1))
        store.add_result(result(1))
        store.end_session("complete", {})
    with sqlite3.connect(tmp_path / "run.db") as connection:
        connection.execute("UPDATE marks SET value = ? WHERE name = ?", [value, COUNTS])
    connection.close()

    assert as_read(tmp_path) == by_hand(tmp_path / "run.db")


def test_a_session_that_ends_keeps_the_sums(tmp_path: Path) -> None:
    with RunStore.open(tmp_path) as store:
        store.begin_session({"leaf": "a"})
        for row in range(3):
            store.add_call(call(row))
        store.end_session("complete", {})

    with RunReader.open(tmp_path) as reader:
        assert reader.get_mark(COUNTS) is not None
        assert Counts.kept(reader._all).last_call == 3
        # Nothing that was counted is read again.
        assert not reader._all("SELECT 1 FROM calls WHERE rowid > ?", Counts.kept(reader._all).last_call)


def test_refused_rows_are_found_without_a_look_at_the_others(tmp_path: Path) -> None:
    with RunStore.open(tmp_path) as store:
        store.begin_session({"leaf": "a"})
        for seq in range(6):
            store.add_verdict(Verdict("a", seq, str(seq), "failed" if seq == 4 else "accepted", "w", "1", 0))
        store.end_session("complete", {})
    with RunReader.open(tmp_path) as reader:
        assert [one.seq for one in reader.refused("a")] == [4]
        reader._reading.execute("PRAGMA query_only = OFF")
        reader._reading.execute("DROP INDEX verdicts_refused")
        # A run that was made before there was such an index.
        assert [one.seq for one in reader.refused("a")] == [4]
    with RunStore.open(tmp_path):
        pass
    with RunReader.open(tmp_path) as reader:
        assert reader._all("SELECT 1 FROM sqlite_master WHERE name = 'verdicts_refused'")


def test_the_line_of_a_row_is_counted_without_a_look_at_the_accepted_rows(tmp_path: Path) -> None:
    with RunStore.open(tmp_path) as store:
        store.begin_session({"leaf": "a"})
        for seq in range(9):
            verdict: Any = "failed" if seq in (2, 3, 7) else "accepted"
            store.add_verdict(Verdict("a", seq, str(seq), verdict, "w", "1", 0))
        store.end_session("complete", {})
    with RunReader.open(tmp_path) as reader:
        asked: list[str] = []
        reader._reading.set_trace_callback(asked.append)
        lines = {one.seq: reader.line_of(one) for one in reader.verdicts("a") if one.verdict == "accepted"}
        reader._reading.set_trace_callback(None)
        plans = {
            step[-1]
            for query in asked
            if "count(" in query
            for step in reader._all(f"EXPLAIN QUERY PLAN {query}")
        }
    assert lines == {0: 1, 1: 2, 4: 3, 5: 4, 6: 5, 8: 6}
    assert plans == {"SEARCH verdicts USING INDEX verdicts_refused (leaf=? AND seq<?)"}
