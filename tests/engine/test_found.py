"""A run that goes on says what it found before it spends anything, and waits for nothing else."""

from __future__ import annotations

import threading

import pytest
from tests.support.scripted_llm import prompt, scripted

from seedbed import BadRequestError, GeneratorTask, Reject, Task, run
from seedbed.engine.open_session import open_session
from seedbed.engine.plan_making import make_plan
from seedbed.engine.resume import gate
from seedbed.engine.resume.found import Found


class Count(GeneratorTask):
    template: str = "{{ n }}"

    def sample(self, index, rng):
        return {"n": index}


class Ask(Task):
    template: str = "{{ n }}"


class Twice(Task):
    template: str = "{{ n }}"

    async def generate_row(self, input):
        first = await self.ask(self.format_input(input))
        return {"first": first, "second": await self.ask(self.format_input(input))}


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """Has no run begin to spend because it has looked for long enough."""
    monkeypatch.setattr(gate, "_LONGEST_LOOK", 3600.0)


def made(*args, **options):
    """Return what `run` returns; fail where it waits for what never comes."""
    return ended(lambda: run(*args, **options))


def ended(work):
    results = []
    thread = threading.Thread(target=lambda: results.append(work()), daemon=True)
    thread.start()
    thread.join(200)
    assert results, "the run waits for ever"
    return results[0]


def test_a_fresh_run_has_found_nothing():
    assert made(Count(llm=scripted()), 3, name="count").found is None


@pytest.mark.parametrize("more", [1, 4, 40])
def test_more_rows_of_a_generator_are_made_at_once(more):
    made(Count(llm=scripted()), 8, name="count")
    llm = scripted()
    assert made(Count(llm=llm), 8 + more, name="count").found == Found(8, 0, more)
    assert len(llm.requests) == more


def test_more_rows_of_an_input_are_made_at_once():
    rows = [{"n": n} for n in range(20)]
    made(Ask(llm=scripted()), input=rows[5:15], name="ask")
    assert made(Ask(llm=scripted()), input=rows, name="ask").found == Found(10, 0, 10)


@pytest.mark.slow
def test_rows_beyond_those_that_fit_into_memory_are_found_too():
    made(Count(llm=scripted()), 2500, name="count")
    assert made(Count(llm=scripted()), 2510, name="count").found == Found(2500, 0, 10)


def test_nothing_is_sent_before_it_is_known_what_was_found():
    found = []

    def answer(request):
        found.append(session.run.found)
        return "yes"

    made(Twice(llm=scripted()), input=[{"n": n} for n in range(3)], name="twice")
    changed = Twice(llm=scripted(answer), template="{{ n }}.")
    session = open_session(make_plan(changed, input=[{"n": 0}, {"n": 5}]), name="twice")
    ended(session.execute)
    assert found == [Found(0, 0, 2, changed=("twice",))] * 4


def test_a_changed_step_that_asks_the_same_replays_its_answers():
    class Shouting(Count):
        def format_output(self, output, input):
            return {"generation": output.upper()}

    made(Count(name="count", llm=scripted()), 3, name="count")
    llm = scripted()
    done = made(Shouting(name="count", llm=llm), 3, name="count")
    assert done.found == Found(0, 3, 0, changed=("count",))
    assert [row["generation"] for row in done.rows()] == ["YES"] * 3
    assert llm.requests == []


def test_rows_that_were_rejected_are_not_among_those_that_were_kept():
    class Even(Count):
        def format_output(self, output, input):
            if input["n"] % 2:
                raise Reject("odd")
            return {"generation": output}

    made(Even(llm=scripted()), 4, name="even")
    # The index behind the last even one was tried and found odd, or not, as it was ahead or not.
    found = made(Even(llm=scripted()), 6, name="even").found
    assert found.rows == 4


def test_a_finished_run_is_found_so():
    made(Count(llm=scripted()), 3, name="count")
    assert made(Count(llm=scripted()), 3, name="count").found == Found(3, 0, 0, finished=True)


def test_a_finished_run_hands_out_its_rows_again():
    rows: list[list[bytes]] = []
    for _ in range(2):
        rows.append([])
        plan = make_plan(Count(llm=scripted()), n=3)
        assert ended(open_session(plan, name="count", emit=rows[-1].append).execute).outcome == "complete"
    first, second = rows
    assert len(first) == 3
    assert second == first


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (Found(612, 9, 20), "612 rows kept, 9 calls replayed, at least 20 calls to make"),
        (Found(1, 1, 1), "1 row kept, 1 call replayed, at least 1 call to make"),
        (Found(0, 0, 1200), "no row kept, at least 1,200 calls to make"),
        (Found(8, 0, 0), "8 rows kept, no call to make"),
        (Found(0, 0, 3, changed=("a", "b")), "no row kept, at least 3 calls to make (changed since: a, b)"),
    ],
)
def test_what_was_found_is_said_in_words(found, words):
    assert str(found) == words


def test_a_run_that_was_finished_is_not_found_so_after_another_took_its_place():
    def asked(word, **options):
        def answer(request):
            if word == "second" and prompt(request) == "second 2":
                raise BadRequestError("no")
            return word

        task = Ask(llm=scripted(answer), template=word + " {{ n }}")
        return run(task, input=ROWS, name="ask", concurrency=1, **options)

    asked("first")
    assert asked("second", max_failures=0).outcome == "stopped"
    assert [row["generation"] for row in asked("first").rows()] == ["first"] * 3


ROWS = [{"n": n} for n in range(3)]
