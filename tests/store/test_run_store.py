"""What is added to a run is durable in order, and read back as it was."""

from __future__ import annotations

import gc
import random
import sqlite3
import threading
import zlib

import orjson
import pytest
from tests.support.run_samples import answers_of, call, refusal, result, verdict

from seedbed.errors import StoreError, UsageError
from seedbed.store import RunReader, RunStore, run_connection
from seedbed.store.answer_packing import ZLIB, pack, unpack
from seedbed.store.run_operations import SIZES, apply


@pytest.fixture
def store(tmp_path):
    with RunStore.open(tmp_path / "run") as store:
        yield store


def query(store: RunStore, sql: str) -> list[tuple[object, ...]]:
    """Ask the file as any other program would."""
    connection = sqlite3.connect(store.path)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def test_what_was_added_is_read_back_after_the_run_is_opened_again(tmp_path):
    calls = [call(1), call(1, k=1, cost=None, answer=b'"\xc3\xa9"'), call(1, attempt=1), call(2)]
    with RunStore.open(tmp_path / "run") as store:
        for one in calls:
            store.add_call(one)
        store.add_result(result(1, {"a": "é"}, {"a": None}))
        store.add_result(refusal(2, "rejected", reason="dull"))
        store.add_verdict(verdict(0, row=1, k=1))
        store.add_verdict(verdict(1, row=2, decision="rejected"))
        store.set_mark("text", "value")
        store.set_mark("bytes", b"\x00\xff")
    with RunStore.open(tmp_path / "run") as store:
        assert store.calls("write", "1") == calls[:3]
        assert answers_of(store, "1") == {
            (bytes(16), 0): calls[0].answer,
            (bytes(16), 1): b'"\xc3\xa9"',
        }
        assert answers_of(store, "3") == {}
        assert store.count_calls() == 4
        assert store.result_of("write", "1") == result(1, {"a": "é"}, {"a": None})
        assert store.result_of("write", "3") is None
        assert [found.row for found in store.results_of("write")] == ["1", "2"]
        assert list(store.verdicts("write")) == [
            verdict(0, row=1, k=1),
            verdict(1, row=2, decision="rejected"),
        ]
        assert store.count_verdicts("write") == {"accepted": 1, "rejected": 1, "failed": 0}
        assert store.leaves() == ["write"]
        assert (store.get_mark("text"), store.get_mark("bytes")) == ("value", b"\x00\xff")
        assert store.get_mark("none") is None


def test_sequence_numbers_count_additions_and_committed_follows_them(store):
    numbers = [store.add_call(call(1)), store.add_result(result(1)), store.truncate_verdicts("write", 0)]
    assert numbers == [1, 2, 3]
    store.flush()
    assert (store.committed, store.pending) == (3, 0)


def test_nothing_is_seen_before_it_is_durable(store):
    seen = []
    store.on_commit(lambda number: seen.append((number, store.result_of("write", "1") is not None)))
    store.add_result(result(1))
    assert store.result_of("write", "1") is None
    assert store.pending == 1
    store.flush()
    assert seen == [(1, True)]


def test_one_addition_is_committed_without_a_flush(store):
    committed = threading.Event()
    store.on_commit(lambda _: committed.set())
    store.add_result(result(1))
    assert committed.wait(60)


def test_what_is_held_is_durable_with_the_first_answer(store):
    store.hold()
    store.set_mark("before", "1")
    store.add_call(call(1))
    store.flush()
    assert not store.is_held
    assert not store.take_back()
    assert store.get_mark("before") == "1"


def test_what_is_held_is_durable_with_the_end(tmp_path):
    with RunStore.open(tmp_path / "run") as store:
        store.hold()
        store.set_mark("before", "1")
    with RunStore.open(tmp_path / "run") as store:
        assert store.get_mark("before") == "1"


def test_what_is_more_than_one_commit_takes_is_not_held(store, monkeypatch):
    monkeypatch.setattr("seedbed.store.run_writer.MOST_WITHOUT_ANSWERS", 3)
    durable = threading.Event()
    store.on_commit(lambda committed: durable.set())
    store.hold()
    for number in range(3):
        assert not durable.is_set()
        store.set_mark("mark", str(number))
    assert durable.wait(60)
    assert not store.take_back()


@pytest.fixture
def waiting_store(store, monkeypatch):
    """A store with results that wait for more of them, until something ends that."""
    monkeypatch.setattr("seedbed.store.run_writer.MANY", 3)
    monkeypatch.setattr("seedbed.store.commit_patience.PATIENCE_SECONDS", 1e6)
    for number in range(3):
        store.add_result(result(number, {"a": number}))
    return store


def durable_event(store: RunStore) -> threading.Event:
    durable = threading.Event()
    store.on_commit(lambda committed: durable.set())
    return durable


def test_an_answer_does_not_wait_for_more_results(waiting_store):
    durable = durable_event(waiting_store)
    waiting_store.add_call(call(1))
    assert durable.wait(60)
    assert waiting_store.count_calls() == 1


def test_an_answer_among_the_results_does_not_wait_for_more(store, monkeypatch):
    monkeypatch.setattr("seedbed.store.run_writer.MANY", 3)
    monkeypatch.setattr("seedbed.store.commit_patience.PATIENCE_SECONDS", 1e6)
    durable = durable_event(store)
    store.add_call(call(1))
    for number in range(3):
        store.add_result(result(number, {"a": number}))
    assert durable.wait(60)


def test_results_do_not_wait_longer_than_a_commit_takes(waiting_store, monkeypatch):
    monkeypatch.setattr("seedbed.store.run_writer.MOST_WITHOUT_ANSWERS", 8)
    durable = durable_event(waiting_store)
    for number in range(3, 8):
        waiting_store.add_result(result(number, {"a": number}))
    assert durable.wait(60)


def test_results_that_hold_back_others_do_not_wait_for_them(waiting_store):
    durable = durable_event(waiting_store)
    waiting_store.hurry()
    assert durable.wait(60)
    assert waiting_store.committed == 3


def test_commits_with_an_answer_are_smaller_than_those_without(store, monkeypatch):
    monkeypatch.setattr("seedbed.store.run_writer.MOST", 4)
    monkeypatch.setattr("seedbed.store.run_writer.MOST_WITHOUT_ANSWERS", 16)
    commits = []
    store.on_commit(commits.append)
    store.hold()
    for number in range(12):
        store.add_result(result(number, {"a": number}))
    store.flush()
    assert commits == [12]
    store.hold()
    for number in range(12, 22):
        store.add_result(result(number, {"a": number}))
    store.add_call(call(1))
    store.flush()
    # Up to the answer, four at a time.
    assert commits[1:3] == [16, 20]


def test_results_that_wait_for_more_are_durable_after_a_flush(waiting_store):
    waiting_store.flush()
    assert waiting_store.committed == 3


def test_what_is_taken_back_was_never_there(tmp_path):
    with RunStore.open(tmp_path / "run") as store:
        store.begin_session({"task": "one"})
        store.add_verdict(verdict(0, row=1))
        store.end_session("complete", {})
        store.flush()
        before = "\n".join(sqlite3.connect(store.path).iterdump())
        store.hold()
        store.begin_session({"task": "two"})
        store.truncate_verdicts("write", 0)
        store.set_mark("mark", "two")
        assert store.take_back()
        assert store.pending == store.pending_bytes == 0
    assert "\n".join(sqlite3.connect(store.path).iterdump()) == before


def test_additions_of_one_moment_share_a_commit(store):
    commits = []
    store.on_commit(commits.append)
    for row in range(200):
        store.add_call(call(row))
        store.add_result(result(row))
        store.add_verdict(verdict(row))
    store.flush()
    assert len(commits) <= 3
    assert commits[-1] == 600


def test_additions_of_many_threads_each_get_a_number_of_their_own(store):
    numbers = []

    def add(thread: int) -> None:
        numbers.extend(store.add_result(result(row, step=f"step {thread}")) for row in range(500))

    threads = [threading.Thread(target=add, args=[thread]) for thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store.flush()
    assert sorted(numbers) == list(range(1, 2001))
    assert sum(1 for thread in range(4) for _ in store.results_of(f"step {thread}")) == 2000


def test_an_equal_key_replaces_and_the_last_one_stays(store):
    for n in range(300):
        store.add_result(result(1, {"n": n}))
        store.add_verdict(verdict(0, row=n))
        store.add_call(call(1, answer=b"%d" % n))
    store.flush()
    assert store.result_of("write", "1") == result(1, {"n": 299})
    assert list(store.verdicts("write")) == [verdict(0, row=299)]
    assert answers_of(store, "1") == {(bytes(16), 0): b"299"}


def test_removals_keep_their_place_among_additions(store):
    for seq in range(5):
        store.add_verdict(verdict(seq))
    store.truncate_verdicts("write", 2)
    store.add_verdict(verdict(2, row=7))
    store.add_result(result(1))
    store.add_result(result(2, step="other"))
    store.forget_results("write")
    store.add_result(result(3))
    store.flush()
    assert [found.row for found in store.verdicts("write")] == ["0", "1", "7"]
    assert [found.row for found in store.results_of("write")] == ["3"]
    assert [found.row for found in store.results_of("other")] == ["2"]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 63, 64, 65, 255, 256, 257, 600])
def test_any_number_of_rows_takes_one_statement_for_each_256(tmp_path, count):
    with RunStore.open(tmp_path / "run"):
        pass
    connection = sqlite3.connect(tmp_path / "run/run.db", isolation_level=None)
    statements: list[str] = []
    connection.set_trace_callback(statements.append)
    apply(connection, [result(row) for row in range(count)])
    assert len(statements) == -(-count // SIZES[-1])
    assert connection.execute("SELECT count(*) FROM results").fetchone() == (count,)
    connection.close()


def test_rows_of_a_leaf_are_its_accepted_rows_in_order_as_json(store):
    store.add_result(result(0, {"n": 1.0, "text": "ü"}))
    store.add_result(result(1, {"n": 2}, {"n": 3}, {"n": 4}))
    store.add_result(refusal(2, "failed", reason="down"))
    store.add_verdict(verdict(0, row=1, k=2))
    store.add_verdict(verdict(1, row=2, decision="failed"))
    store.add_verdict(verdict(2, row=0))
    store.add_verdict(verdict(3, row=1, k=0))
    store.add_verdict(verdict(4, row=1, k=1))
    store.flush()
    rows = store.rows("write")
    expected = [b'{"n":4}', '{"n":1.0,"text":"ü"}'.encode(), b'{"n":2}', b'{"n":3}']
    assert list(rows) == expected
    assert list(rows) == expected
    assert len(rows) == 4


def test_more_rows_than_a_page_come_once_and_in_order(store):
    for row in range(1000):
        store.add_result(result(row))
        store.add_verdict(verdict(row, decision="accepted" if row % 3 else "rejected"))
    store.flush()
    assert [orjson.loads(row)["n"] for row in store.rows("write")] == [n for n in range(1000) if n % 3]
    assert [found.seq for found in store.verdicts("write")] == list(range(1000))
    assert [found.row for found in store.results_of("write")] == sorted(map(str, range(1000)))


def test_an_accepted_row_whose_result_is_gone_is_an_error(store):
    store.add_verdict(verdict(0))
    store.flush()
    with pytest.raises(StoreError, match="row 0 of 'write' is missing"):
        list(store.rows("write"))


def test_the_dataset_view_has_the_rows_as_json_text(store):
    store.add_result(result(1, {"a": "é"}, {"a": [1, None]}))
    store.add_verdict(verdict(0, row=1, k=1))
    store.add_verdict(verdict(1, row=1, k=0))
    store.add_verdict(verdict(2, row=2, decision="failed"))
    store.flush()
    assert query(store, "SELECT leaf, seq, row, data FROM dataset ORDER BY seq") == [
        ("write", 0, "1", '{"a":[1,null]}'),
        ("write", 1, "1", '{"a":"é"}'),
    ]
    assert query(store, "SELECT json_extract(data, '$.a') FROM dataset WHERE seq = 1") == [("é",)]


def test_failures_are_those_of_the_latest_attempt(store):
    store.add_result(refusal(1, "failed", reason="down", kind="ServerError", tries=3))
    store.add_result(refusal(2, "failed", reason="no JSON", text="I am sorry"))
    store.add_result(refusal(3, "rejected", reason="dull"))
    store.flush()
    assert [(found.row, found.reason) for found in store.failures()] == [("1", "down"), ("2", "no JSON")]
    store.add_result(result(1)._replace(attempt=1))
    store.add_result(refusal(2, "failed", attempt=1, reason="still no JSON", text="I am sorry"))
    store.flush()
    (failure,) = store.failures()
    assert failure == ("write", "2", 1, "still no JSON", "RowError", 1, "I am sorry")
    assert query(store, "SELECT * FROM failures") == [tuple(failure)]


def test_more_failures_than_a_page_come_once(store):
    for row in range(600):
        store.add_result(refusal(row, "failed", step=f"step {row % 2}", reason=str(row)))
    store.flush()
    assert sorted(int(found.reason or "") for found in store.failures()) == list(range(600))


@pytest.mark.parametrize(
    ("answer", "packed"),
    [
        (orjson.dumps({"text": "word " * 1000}), True),
        (orjson.dumps({"text": "short"}), False),
        (b'"%b"' % random.Random(0).randbytes(3000), False),
    ],
    ids=["long", "short", "incompressible"],
)
def test_answers_are_packed_where_that_helps_and_read_as_they_were(store, answer, packed):
    store.add_call(call(1, answer=answer))
    store.flush()
    ((stored,),) = query(store, "SELECT answer FROM calls")
    assert isinstance(stored, bytes)
    assert stored.startswith(ZLIB) == packed
    assert (len(stored) < len(answer)) == packed
    assert answers_of(store, "1") == {(bytes(16), 0): answer}


@pytest.mark.parametrize("size", [1_000, 4_095, 4_097, 33_000, 200_000])
def test_packed_answers_of_any_length_are_read_as_they_were(size):
    # Half is told twice, as in an answer whose body is kept: the second time is as far away as it can be.
    told = "".join(random.Random(size).choices("the seed fell ", k=size // 2))
    answer = orjson.dumps([told, told])
    packed = pack(answer)
    assert packed.startswith(ZLIB)
    assert unpack(packed) == answer
    # What other programs and earlier versions do: any zlib reads it, and they packed with its defaults.
    assert zlib.decompress(packed) == answer
    assert unpack(zlib.compress(answer, 1)) == answer


def test_a_smaller_window_makes_an_answer_no_longer():
    told = "".join(random.Random(0).choices("the seed fell ", k=3_000))
    answer = orjson.dumps([told, told])
    assert len(pack(answer)) < 1.02 * len(zlib.compress(answer, 1))


def test_answers_beyond_the_time_for_packing_are_stored_as_they_are(store, monkeypatch):
    monkeypatch.setattr("seedbed.store.answer_packing.BUDGET", 0)
    answer = orjson.dumps({"text": "word " * 1000})
    store.add_call(call(1, answer=answer))
    store.flush()
    assert query(store, "SELECT answer FROM calls") == [(answer,)]
    assert answers_of(store, "1") == {(bytes(16), 0): answer}


def test_what_was_spent_spans_sessions(tmp_path):
    for number in (1, 2):
        with RunStore.open(tmp_path / "run") as store:
            assert store.begin_session({"task": "jokes"}) == number
            store.add_call(call(number))
            store.add_call(call(number, k=1, cost=None))
            store.end_session("complete", {"rows": number})
    with RunReader.open(tmp_path / "run") as reader:
        spent = reader.spent()
        assert spent[:5] == (4, 40, 20, 8, 4)
        assert (spent.cost, spent.unpriced) == (0.5, 2)
        assert spent.seconds == sum(session.seconds for session in reader.sessions()) > 0
        first, second = reader.sessions()
        assert (first.manifest, first.outcome, first.summary) == ({"task": "jokes"}, "complete", {"rows": 1})
        assert reader.last_session() == second
        assert second.ended is not None
        assert second.ended >= second.started


def test_a_new_run_has_spent_nothing(store):
    assert store.spent() == (0, 0, 0, 0, 0, 0.0, 0, 0.0)
    assert store.last_session() is None


def test_a_session_that_did_not_end_has_its_seconds_up_to_the_last_commit(store):
    store.begin_session({})
    store.flush()
    before = store.spent().seconds
    store.add_call(call(1))
    store.flush()
    session = store.last_session()
    assert session is not None
    assert (session.ended, session.outcome, session.summary) == (None, None, {"accepted": 0, "calls": 1})
    assert session.seconds > before


def test_a_session_that_never_began_cannot_end(store):
    with pytest.raises(StoreError, match="no session has begun"):
        store.end_session("complete", {})


def test_a_closed_store_takes_nothing_more_and_may_be_closed_again(tmp_path):
    store = RunStore.open(tmp_path / "run")
    store.close()
    store.close()
    with pytest.raises(StoreError, match="has been closed"):
        store.add_call(call(1))
    with pytest.raises(StoreError, match="closed"):
        store.count_calls()


def test_closing_makes_durable_what_was_added_and_leaves_one_file_and_its_lock(tmp_path):
    store = RunStore.open(tmp_path / "run")
    for row in range(20_000):
        store.add_result(result(row))
    store.close()
    assert {path.name for path in (tmp_path / "run").iterdir()} == {"run.db", "run.db.lock"}
    with RunReader.open(tmp_path / "run") as reader:
        assert sum(1 for _ in reader.results_of("write")) == 20_000


def test_a_forgotten_store_is_closed_when_it_is_collected(tmp_path):
    store = RunStore.open(tmp_path / "run")
    store.add_result(result(1))
    del store
    gc.collect()
    with RunStore.open(tmp_path / "run") as again:
        assert again.result_of("write", "1") == result(1)


def test_a_store_that_is_forgotten_while_its_file_is_looked_at_ends_nothing(tmp_path):
    store = RunStore.open(tmp_path / "run")
    store.add_result(result(1))
    # As where the collector comes by while another connection is being made.
    with run_connection._guard:
        del store
        gc.collect()
    with RunStore.open(tmp_path / "run") as again:
        assert again.result_of("write", "1") == result(1)


def test_an_ephemeral_run_works_and_leaves_nothing(tmp_path):
    with RunStore.open(tmp_path, ephemeral=True) as store:
        folder = store.folder
        store.add_result(result(1))
        store.add_verdict(verdict(0, row=1))
        store.flush()
        assert list(store.rows("write")) == [b'{"n":1}']
        assert folder.parent == tmp_path
        assert store._writer._transactions._connection.execute("PRAGMA synchronous").fetchone() == (0,)
    assert list(tmp_path.iterdir()) == []
    with RunStore.open(ephemeral=True) as store:
        folder = store.folder
    assert not folder.exists()


def test_a_run_that_is_kept_is_durable_in_full(store):
    assert store._writer._transactions._connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert query(store, "PRAGMA journal_mode") == [("wal",)]


def test_a_run_that_is_kept_needs_a_folder():
    with pytest.raises(UsageError, match="needs a folder"):
        RunStore.open()


def test_a_callback_that_raises_stops_the_writer_and_says_so(tmp_path):
    store = RunStore.open(tmp_path / "run")
    store.on_commit(lambda number: 1 // (number - 1))
    store.add_call(call(1))
    with pytest.raises(StoreError, match="ZeroDivisionError"):
        store.close()
