"""Of a run that is killed, no observer has heard anything that is not in its store."""

from __future__ import annotations

import json
import random
import signal
import time
from pathlib import Path

import pytest

from seedbed.store import RunReader

PROGRAM = Path(__file__).with_name("observed.py")


def heard(run):
    """Return what was heard since the last time."""
    path = run.folder / "heard"
    lines = path.read_text().splitlines() if path.exists() else []
    path.write_text("")
    return [json.loads(line) for line in lines]


def stored(run):
    """Return the calls and the verdicts of a run, as an observer would be told of them."""
    with RunReader.open(run.runs / "out") as reader:
        calls = reader._all("SELECT DISTINCT step, row FROM calls")
        known = [("call", *call[:3], call.answer.decode()) for key in calls for call in reader.calls(*key)]
        for leaf in reader.leaves():
            rows = iter(reader.rows(leaf))
            for one in reader.verdicts(leaf):
                columns = json.loads(next(rows)) if one.verdict == "accepted" else {}
                known.append(("row", leaf, one.seq, one.row, one.verdict, columns))
    return known


SLOW = [pytest.param(kind, marks=pytest.mark.slow) for kind in ("process", "ordered", "fork", "global")]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["two-steps", "rejections", *SLOW])
def test_what_was_heard_before_a_kill_is_in_the_store(kind, sessions):
    run, rng = sessions(), random.Random(kind)
    told = []
    for answers in sorted(rng.randrange(10, 60) for _ in range(3)):
        run.start(PROGRAM, kind, run.out.name)
        run.wait_for_answers(answers)
        time.sleep(rng.uniform(0.05, 0.15))
        run.cut(signal.SIGKILL)
        told += heard(run)
        known = stored(run)
        assert [one for one in told if tuple(one) not in known] == []
    assert run.start(PROGRAM, kind, run.out.name).wait() == 0, run.child.said
    told += (last := heard(run))

    assert told
    assert last[-1][0] == "outcome"
    assert [one for one in told[:-1] if tuple(one) not in stored(run)] == []
    # Nothing is told twice, in whichever session.
    assert len({json.dumps(one[:4]) for one in told if one[0] == "row"}) == sum(
        one[0] == "row" for one in told
    )
