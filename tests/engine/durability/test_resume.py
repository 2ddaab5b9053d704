"""The same run again makes what is missing, and asks for what has changed and for nothing else."""

from __future__ import annotations

import threading
from collections import Counter
from typing import ClassVar

import pytest
from tests.support.answering_server import digest_of

from seedbed import GeneratorTask, Step, Task, run
from seedbed.engine.open_session import open_session
from seedbed.engine.plan_making import make_plan
from seedbed.engine.resume import gate
from seedbed.engine.resume.found import Found
from seedbed.errors import UsageError
from seedbed.store import RunReader
from seedbed_openai import OpenAILLM


class Joke(GeneratorTask):
    template: str = "Tell me a joke."
    outputs: ClassVar[list[str]] = ["joke"]


class Explain(Task):
    template: str = "Explain {{ joke }}"
    outputs: ClassVar[list[str]] = ["explained"]


class Doubt(Task):
    template: str = "Doubt {{ explained }}"
    outputs: ClassVar[list[str]] = ["doubt"]


class Answer(Task):
    template: str = "Answer {{ doubt }}"
    outputs: ClassVar[list[str]] = ["answer"]


class Count(Step):
    """Needs the rows in order."""

    ordered: ClassVar[bool] = True
    keeps: ClassVar[bool] = True

    def load(self):
        self._count = 0

    def process(self, row):
        self._count += 1
        return {**row, "count": self._count}


@pytest.fixture
def again(answering_server, llm, tmp_path):
    """Runs something under one name, and returns its rows and how often each kind of prompt was asked."""

    def make(what, n=None, **options):
        answering_server.forget()
        made = run(what, n, **{"llm": llm, "name": "r", **options})
        assert made.outcome == "complete", made
        return list(made.rows()), Counter(prompt.split()[0] for prompt in answering_server.prompts)

    return make


def chain(**templates):
    return Joke() >> Explain() >> Doubt(**templates) >> Answer()


def test_a_prompt_that_is_always_the_same_is_asked_once_for_each_row(again, answering_server):
    rows, _ = again(Joke(), 40)
    assert answering_server.count == 40
    assert len({row["joke"] for row in rows}) == 40
    assert again(Joke(), 40) == (rows, {})


@pytest.mark.slow
def test_more_rows_are_made_beside_those_that_are_there(again):
    fresh, _ = again(Joke(), 50, name="fresh")
    first, _ = again(Joke(), 30)
    assert again(Joke(), 50, concurrency=3) == (fresh, {"Tell": 20})
    assert fresh[:30] == first


def test_fewer_rows_are_a_beginning_and_the_others_are_not_lost(again):
    rows, _ = again(Joke(), 50)
    assert again(Joke(), 20) == (rows[:20], {})
    assert again(Joke(), 50) == (rows, {})


@pytest.mark.slow
@pytest.mark.parametrize(
    "made", [Joke, lambda: Joke() >> Count(), lambda: Joke() >> [Explain(), Count()] >> Doubt()]
)
def test_how_many_calls_are_in_flight_changes_nothing(again, made):
    rows, _ = again(made(), 30, name="fresh", concurrency=1)
    again(made(), 10, concurrency=7)
    again(made(), 20, concurrency=2)
    assert again(made(), 30)[0] == rows


@pytest.mark.slow
def test_a_changed_prompt_is_retried_from_its_step_on(again):
    rows, asked = again(chain(), 20)
    assert asked == {"Tell": 20, "Explain": 20, "Doubt": 20, "Answer": 20}
    changed, asked = again(chain(template="Scorn {{ explained }}"), 20)
    assert asked == {"Scorn": 20, "Answer": 20}
    assert [row["explained"] for row in changed] == [row["explained"] for row in rows]
    assert {row["doubt"] for row in changed}.isdisjoint(row["doubt"] for row in rows)


@pytest.mark.slow
def test_a_prompt_that_is_changed_back_costs_nothing(again):
    rows, _ = again(chain(), 20)
    again(chain(template="Scorn {{ explained }}"), 20)
    assert again(chain(), 20) == (rows, {})


def test_another_model_is_asked_for_everything(again, llm, answering_server):
    again(chain(), 5)
    other = llm.model_copy(update={"model": "other"})
    rows, asked = again(chain(), 5, llm=other)
    assert asked == {"Tell": 5, "Explain": 5, "Doubt": 5, "Answer": 5}
    assert {asked.model for asked in answering_server.log} == {"other"}
    assert {row["model_name"] for row in rows} == {"other"}


def test_another_model_of_one_step_is_asked_from_there_on(again, llm):
    again(chain(), 5)
    other = llm.model_copy(update={"model": "other"})
    assert again(chain(llm=other), 5)[1] == {"Doubt": 5, "Answer": 5}


@pytest.mark.slow
def test_another_sampling_parameter_is_retried(again):
    again(Joke(), 5)
    assert again(Joke(generation={"temperature": 0.5}), 5)[1] == {"Tell": 5}


def test_another_seed_is_retried(again):
    rows, _ = again(Joke(), 5)
    others, asked = again(Joke(), 5, seed=1)
    assert asked == {"Tell": 5}
    assert others != rows


@pytest.fixture
def elsewhere(answering_server):
    """The same model by another key, at another address, with another time-out."""
    address = answering_server.base_url.replace("127.0.0.1", "localhost")
    return OpenAILLM(model="m", api_key="another", base_url=address, timeout=5)


def test_another_key_address_and_timeout_ask_nothing(again, elsewhere):
    rows, _ = again(Joke(), 5)
    assert again(Joke(), 5, llm=elsewhere) == (rows, {})
    more, asked = again(Joke(), 8, llm=elsewhere)
    assert (more[:5], asked) == (rows, {"Tell": 3})


class LoudJoke(Joke):
    def format_output(self, output, input):
        return {"joke": output.upper()}


def test_a_call_is_known_whatever_the_key_address_and_timeout(again, elsewhere):
    rows, _ = again(Joke(), 5)
    loud, asked = again(LoudJoke(name="joke"), 5, llm=elsewhere)
    assert asked == {}
    assert [row["joke"] for row in loud] == [row["joke"].upper() for row in rows]


def test_a_step_more_works_on_the_rows_that_are_there(again):
    again(Joke() >> Explain(), 20)
    rows, asked = again(Joke() >> Explain() >> Doubt(), 20)
    assert asked == {"Doubt": 20}
    assert all(row["doubt"] for row in rows)


def test_a_step_more_is_not_taken_for_complete_where_rows_are_missing(again):
    again(Joke(), 10)
    assert again(Joke() >> Explain(), 25)[1] == {"Tell": 15, "Explain": 25}


@pytest.mark.slow
def test_a_step_less_costs_nothing(again):
    rows, _ = again(Joke() >> Explain(), 20)
    again(Joke() >> Explain() >> Doubt(), 20)
    assert again(Joke() >> Explain(), 20) == (rows, {})


def test_what_was_there_is_told_before_anything_is_asked(answering_server, llm):
    task = Joke() >> Count() >> Explain()
    assert run(task, 10, llm=llm, name="r").found is None
    session = open_session(make_plan(task, n=25, llm=llm), name="r")
    told = []
    answering_server.answer = lambda body: told.append(session.run.found) or digest_of(body)
    session.execute()
    assert set(told) == {Found(rows=10, replayed=0, calls=15)}


@pytest.mark.slow
def test_calls_wait_no_longer_than_rows_are_looked_at(llm, answering_server, monkeypatch):
    monkeypatch.setattr(gate, "_LONGEST_LOOK", 3600)
    task = Joke() >> Count() >> Explain()
    run(task, 10, llm=llm, name="r")
    more = threading.Thread(target=run, args=(task, 25), kwargs={"llm": llm, "name": "r"}, daemon=True)
    more.start()
    answering_server.wait_until_the_log(lambda log: len(log) == 50)
    more.join()


def test_restart_begins_anew_and_keeps_the_old_run_aside(again, runs):
    rows, _ = again(Joke(), 5)
    anew, asked = again(Joke(), 5, restart=True)
    assert asked == {"Tell": 5}
    assert anew == rows
    with RunReader.open(runs / "r.1") as old:
        assert len(old.rows("joke")) == 5


def test_restart_of_a_run_that_is_not_there_begins_it(again):
    assert again(Joke(), 5, restart=True)[1] == {"Tell": 5}


def test_a_name_that_another_task_has_is_refused_and_nothing_is_asked(again, answering_server, llm):
    again(Joke(), 5)
    answering_server.forget()
    with pytest.raises(UsageError, match="the run 'r' belongs to 'joke', not to 'explain'"):
        run(Explain(), input=[{"joke": "x"}], llm=llm, name="r")
    assert answering_server.count == 0
