"""`run` works in scripts, threads, loops and web applications, and checks all before anything is spent."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from tests.support.scripted_llm import prompt, scripted, user

from seedbed import (
    LLM,
    GeneratorStep,
    GeneratorTask,
    LoopThreadError,
    Pipeline,
    Step,
    Task,
    UsageError,
    arun,
    run,
)
from seedbed.llm.calling.loop import loop_thread

ROWS = [{"n": n} for n in range(3)]


class Ask(Task):
    template: str = "{{ n }}"


class Endless(GeneratorTask):
    template: str = "x"


class Numbers(GeneratorStep):
    def process(self, offset: int = 0):
        yield {"n": 1}


class Same(Step):
    def process(self, row):
        return row


def answers(done):
    return [row["generation"] for row in done.rows()]


def test_in_a_thread():
    made = []
    thread = threading.Thread(target=lambda: made.append(run(Ask(llm=scripted(prompt)), input=ROWS)))
    thread.start()
    thread.join()
    assert answers(made[0]) == ["0", "1", "2"]


def test_in_a_running_loop_it_names_its_twin():
    async def cell():
        with pytest.raises(LoopThreadError, match=r"await seedbed\.arun"):
            run(Ask(llm=scripted(prompt)), input=ROWS)
        with pytest.raises(LoopThreadError, match=r"await seedbed\.arun"):
            shouting().run(input=ROWS)
        return await arun(Ask(llm=scripted(prompt)), input=ROWS)

    assert answers(asyncio.run(cell())) == ["0", "1", "2"]


def shouting():
    """Return a pipeline whose second step blocks, and asks a model too."""
    return Ask(llm=scripted(prompt)) >> Shout(llm=scripted(lambda request: prompt(request).upper()))


class Shout(Step):
    llm: LLM

    def process(self, row):
        return {"shouted": self.llm.generate([user(f"n{row['generation']}")])[0][0]}


SHOUTED = [{"shouted": f"N{n}"} for n in range(3)]


def test_a_pipeline_in_threads_and_in_the_loop_of_a_notebook():
    async def cell():
        return list((await shouting().arun(input=ROWS)).rows())

    with ThreadPoolExecutor(2) as threads:
        made = [threads.submit(shouting().run, input=ROWS) for _ in range(2)]
        assert [list(one.result().rows()) for one in made] == [SHOUTED] * 2
    assert asyncio.run(cell()) == SHOUTED


async def of_a_pipeline(request):
    return web.json_response(list((await shouting().arun(input=ROWS)).rows()))


async def in_a_thread(request):
    made = await asyncio.to_thread(shouting().run, input=ROWS)
    return web.json_response(list(made.rows()))


async def awaited(request):
    made = await arun(shouting(), input=ROWS)
    return web.json_response(list(made.rows()))


@pytest.mark.slow
def test_a_pipeline_in_the_handlers_of_a_web_application():
    handlers = (of_a_pipeline, in_a_thread, awaited)

    async def visit():
        application = web.Application()
        application.add_routes([web.get(f"/{handler.__name__}", handler) for handler in handlers])
        async with TestClient(TestServer(application)) as client, asyncio.timeout(60):
            answers = await asyncio.gather(*(client.get(f"/{handler.__name__}") for handler in handlers * 2))
            return [await answer.json() for answer in answers]

    assert asyncio.run(visit()) == [SHOUTED] * 6


def test_two_runs_at_once_do_not_mix():
    made = {}

    def one(name):
        made[name] = run(Ask(llm=scripted(lambda request: f"{name}{prompt(request)}")), input=ROWS * 20)

    threads = [threading.Thread(target=one, args=name) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name in "ab":
        assert answers(made[name]) == [f"{name}{n}" for n in range(3)] * 20


def test_on_the_loop_thread_it_names_its_twin():
    class Nested(Task):
        async def generate_row(self, input):
            return {"n": run(Ask(llm=scripted()), input=ROWS).accepted}

    with pytest.raises(LoopThreadError, match=r"await seedbed\.arun"):
        run(Nested(llm=scripted()), input=ROWS)


def test_inside_of_a_blocking_step_another_run_is_fine():
    class Nested(Step):
        def process(self, row):
            return {"inner": run(Ask(llm=scripted(prompt)), input=[row]).accepted}

    assert [row["inner"] for row in run(Nested(), input=ROWS).rows()] == [1, 1, 1]
    assert loop_thread().loop.is_running()


def test_the_model_is_given_to_the_tasks_that_have_none():
    mine, given = scripted("mine"), scripted("given")
    done = (Ask(name="a", llm=mine) >> Ask(name="b")).run(input=ROWS, llm=given)
    assert answers(done) == ["given"] * 3
    assert (len(mine.requests), len(given.requests)) == (3, 3)


WRONG = {
    "no model": (lambda: run(Ask(), input=ROWS), "task 'ask' has no LLM"),
    "no rows": (lambda: run(Ask(llm=scripted())), "'ask' takes rows as input, and there are none"),
    "rows for a generator": (
        lambda: run(Endless(llm=scripted()), 3, input=ROWS),
        "'endless' makes its rows without input",
    ),
    "no end": (lambda: run(Endless(llm=scripted())), "'endless' can make any number of rows"),
    "no rows wanted": (lambda: run(Endless(llm=scripted()), 0), "cannot make 0 rows"),
    "no calls allowed": (
        lambda: run(Endless(llm=scripted()), 1, concurrency=0),
        "cannot keep 0 calls in flight",
    ),
    "a name twice": (lambda: (Same() >> Same()).run(input=ROWS), "2 steps have the name 'same'"),
    "a generator behind": (lambda: (Same() >> Numbers()).run(input=ROWS), "can't follow another step"),
    "no steps": (lambda: Pipeline().run(input=ROWS), "the pipeline has no steps"),
    "no file": (lambda: run(Same(), input="nowhere.jsonl"), "there is no file 'nowhere.jsonl'"),
    "an unknown ending": (lambda: run(Same(), input=ROWS, out="rows.xml"), "rows.xml"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_run_is_said_before_anything_is_spent(case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    call, text = WRONG[case]
    with pytest.raises(UsageError, match=text):
        call()
    assert list(tmp_path.iterdir()) == []


def test_a_missing_input_leaves_the_old_dataset_alone(tmp_path):
    out = tmp_path / "rows.jsonl"
    out.write_text("old\n")
    with pytest.raises(UsageError, match="there is no file"):
        run(Same(), input=tmp_path / "nowhere.jsonl", out=out)
    assert [path.name for path in tmp_path.iterdir()] == ["rows.jsonl"]
    assert out.read_text() == "old\n"


def test_the_dataset_takes_its_place_and_has_its_name(tmp_path):
    out = tmp_path / "names.csv"
    done = run(Same(), input=ROWS, out=out)
    assert (done.name, done.outcome, done.out) == ("names", "complete", out)
    assert out.read_text().split() == ["n", "0", "1", "2"]
    again = run(Same(), input=out)
    assert (again.name, [str(row["n"]) for row in again.rows()]) == ("same", ["0", "1", "2"])
    assert Pipeline([Same()], "mine").run(input=ROWS).name == "mine"
