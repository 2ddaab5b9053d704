"""Rows that workers make are those of the built-in engine, and so is what the run keeps of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import PrivateAttr
from tests.support.crews import Here, HereLink
from tests.support.note_taker import NoteTaker
from tests.support.scripted_llm import prompt, scripted

from seedbed import (
    LLM,
    AuthenticationError,
    BadRequestError,
    GeneratorStep,
    GeneratorTask,
    GlobalStep,
    Pipeline,
    PluginError,
    Reject,
    Request,
    SharedAnswers,
    Step,
    Task,
    UsageError,
    WorkerLink,
    run,
)
from seedbed.engine.local import LocalEngine
from seedbed.engine.workers import row_worker
from seedbed.engine.workers.installed import Needs


def upper(request: Request) -> str:
    return prompt(request).upper()


class Word(GeneratorTask):
    template: str = "word {{ n }} of {{ a }}"

    def sample(self, index: int, rng: Any) -> dict[str, Any]:
        return {"n": index, "a": rng.random()}


class Longer(Task):
    outputs: ClassVar[list[str]] = ["longer"]

    async def generate_row(self, input: dict[str, Any]) -> dict[str, Any]:
        return {"longer": await self.ask(f"{input['generation']} and {input['n']}")}


class Odd(Step):
    """Refuses each third row, fails on each seventh, and doubles each fifth."""

    keeps: ClassVar[bool] = True

    def process(self, row: dict[str, Any]) -> Any:
        if row["n"] % 3 == 2:
            raise Reject("a third row")
        if row["n"] % 7 == 4:
            raise ValueError("a seventh row")
        return [row, {**row, "twice": True}] if row["n"] % 5 == 0 else row


class Count(GlobalStep):
    keeps: ClassVar[bool] = True

    def process(self, rows: Any) -> Any:
        rows = list(rows)
        return [{**row, "of": len(rows)} for row in rows]


def pipeline() -> Pipeline:
    llm = scripted(upper)
    return Pipeline([Word(llm=llm), Longer(llm=llm), Odd(), Count()], name="words")


def made(what: Any, out: Path, engine: Any, n: int | None = 40, **options: Any) -> Any:
    return run(what, n, out=out, name=out.stem, engine=engine, **options)


def test_the_dataset_has_the_same_bytes(tmp_path: Path) -> None:
    local = made(pipeline(), tmp_path / "local.jsonl", LocalEngine)
    crew = made(pipeline(), tmp_path / "crew.jsonl", Here)

    assert (tmp_path / "crew.jsonl").read_bytes() == (tmp_path / "local.jsonl").read_bytes()
    for name in ("outcome", "accepted", "failed", "rejected", "reasons", "rejections", "tried"):
        assert getattr(crew, name) == getattr(local, name), name
    assert crew.calls.answered == local.calls.answered
    assert crew.calls.usage == local.calls.usage


@pytest.mark.slow
def test_a_resumed_run_buys_no_answer_again_whichever_engine_began_it(tmp_path: Path) -> None:
    whole = made(pipeline(), tmp_path / "whole.jsonl", LocalEngine)
    for first, second in ((LocalEngine, Here), (Here, LocalEngine), (Here, Here)):
        out = tmp_path / f"{first.__name__}-{second.__name__}.jsonl"
        before = made(pipeline(), out, first, 15)
        after = made(pipeline(), out, second)

        assert out.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
        assert before.calls.answered + after.calls.answered == whole.calls.answered
        assert after.found is not None
        assert after.found.calls == 25


def test_rows_that_workers_make_again_do_not_count_their_earlier_calls(tmp_path: Path) -> None:
    for template in ("word {{ n }}", "another {{ n }}"):
        again = made(Word(llm=scripted(upper), template=template), tmp_path / "words.jsonl", Here, 2)

    (chapter,) = again.explain("1").chapters
    assert [(told.choices[0].text, told.is_old) for told in chapter.calls] == [
        ("WORD 1", True),
        ("ANOTHER 1", False),
    ]


def test_one_whose_own_code_fails_is_named_though_ours_decides_the_rows(tmp_path: Path) -> None:
    class Lineless(Here):
        async def start_workers(self) -> Any:
            raise KeyError("no such machine")

    with pytest.raises(PluginError, match=r"Lineless' is broken: KeyError: 'no such machine'"):
        made(Word(llm=scripted(upper)), tmp_path / "words.jsonl", Lineless, 2)


def refuse(request: Request) -> Any:
    return BadRequestError("not this one")


def test_tries_that_fail_in_a_worker_are_reported(tmp_path: Path) -> None:
    notes = NoteTaker()
    made(Word(llm=scripted(refuse)), tmp_path / "words.jsonl", Here, 3, observers=[notes])

    assert {(one.step, one.row, one.number, one.kind) for one in notes.failed} == {
        ("word", str(number), 1, "BadRequestError") for number in range(3)
    }


def wrong_key(request: Request) -> Any:
    return AuthenticationError("a wrong key", status=401)


def test_a_retry_asks_only_for_what_is_missing(tmp_path: Path) -> None:
    out, word = tmp_path / "words.jsonl", Word(llm=scripted(upper))
    failed = made(Pipeline([word, Longer(llm=scripted(refuse))]), out, Here, 10)
    after = made(Pipeline([word, Longer(llm=scripted(upper))]), out, Here, 10, retry=True)

    assert (failed.failed, failed.calls.answered) == (10, 10)
    assert (after.accepted, after.calls.answered) == (10, 10)


def test_an_error_that_every_row_would_meet_ends_the_run(tmp_path: Path) -> None:
    with pytest.raises(AuthenticationError, match="a wrong key") as caught:
        made(Word(llm=scripted(wrong_key)), tmp_path / "words.jsonl", Here)
    assert caught.value.status == 401


class Mortal(Here):
    """The first of its workers dies after a few rows, and with `all_die` the second one, too."""

    all_die: ClassVar[bool] = False

    async def start_workers(self) -> Any:
        links = await super().start_workers()
        for link in Here.links if self.all_die else Here.links[:1]:
            link.dies_after = 5
        return links


class AllMortal(Mortal):
    all_die: ClassVar[bool] = True


class Replaced(Mortal):
    """Replaces workers that die."""

    async def replace_worker(self, lost: WorkerLink) -> WorkerLink:
        Here.links.append(HereLink())
        return Here.links[-1]


@pytest.mark.slow
def test_the_rows_of_a_worker_that_dies_go_to_another(tmp_path: Path) -> None:
    made(pipeline(), tmp_path / "local.jsonl", LocalEngine)
    crew = made(pipeline(), tmp_path / "crew.jsonl", Mortal)

    assert (tmp_path / "crew.jsonl").read_bytes() == (tmp_path / "local.jsonl").read_bytes()
    assert [link.is_lost for link in Here.links] == [True, False]
    assert crew.calls.in_flight == 0


@pytest.mark.slow
def test_a_run_whose_workers_all_die_is_resumed_by_the_same_call(tmp_path: Path) -> None:
    out = tmp_path / "crew.jsonl"
    stopped = made(pipeline(), out, AllMortal)
    made(pipeline(), out, Here)
    made(pipeline(), tmp_path / "local.jsonl", LocalEngine)

    assert "all workers are lost" in str(stopped.stopped_by)
    assert out.read_bytes() == (tmp_path / "local.jsonl").read_bytes()


@pytest.mark.slow
def test_a_worker_that_dies_is_replaced(tmp_path: Path) -> None:
    made(pipeline(), tmp_path / "local.jsonl", LocalEngine)
    made(pipeline(), tmp_path / "crew.jsonl", Replaced)

    assert (tmp_path / "crew.jsonl").read_bytes() == (tmp_path / "local.jsonl").read_bytes()
    assert [link.is_lost for link in Here.links] == [True, False, False]


class Deadly(Replaced):
    """Each worker dies with the first rows that it gets."""

    async def start_workers(self) -> Any:
        links = await super().start_workers()
        for link in Here.links:
            link.dies_after = 3
        return links

    async def replace_worker(self, lost: WorkerLink) -> WorkerLink:
        link = await super().replace_worker(lost)
        Here.links[-1].dies_after = 3
        return link


def test_a_row_that_ends_each_process_ends_the_run_and_is_named(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match=r"workers die of row '0': 2 had nothing else .*: the line"):
        made(pipeline(), tmp_path / "crew.jsonl", Deadly, 2)


class Ordered(Step):
    ordered: ClassVar[bool] = True
    keeps: ClassVar[bool] = True

    def process(self, row: dict[str, Any]) -> Any:
        return row


class Asking(GeneratorStep):
    asked: LLM

    def process(self, offset: int = 0) -> Any:
        yield {"n": self.asked.generate([[{"role": "user", "content": "one"}]])}


class Sharing(Word):
    _outlines: SharedAnswers = PrivateAttr(default_factory=SharedAnswers)


class Open(Step):
    keeps: ClassVar[bool] = True
    _file: Any = PrivateAttr(default_factory=lambda: Path(__file__).open())  # noqa: SIM115

    def process(self, row: dict[str, Any]) -> Any:
        return row


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        ([Word(llm=scripted(upper)), Ordered()], "step 'ordered' takes the rows in their order"),
        ([Asking(asked=scripted(upper))], "step 'asking' makes its rows one after the other with a model"),
        ([Sharing(llm=scripted(upper))], "step 'sharing' asks once for answers that several rows share"),
    ],
)
def test_what_needs_one_process_is_made_there_with_a_note(steps: list[Any], why: str, tmp_path: Path) -> None:
    made(Pipeline(steps), tmp_path / "local.jsonl", LocalEngine, 2)
    Here.links.clear()
    crew = made(Pipeline(steps), tmp_path / "crew.jsonl", Here, 2)

    assert (tmp_path / "crew.jsonl").read_bytes() == (tmp_path / "local.jsonl").read_bytes()
    assert crew.notes[0].startswith(why)
    assert not Here.links


def test_workers_make_the_other_parts_of_such_a_pipeline(tmp_path: Path) -> None:
    llm = scripted(upper)
    steps = [Word(llm=llm), Ordered(), Count(), Longer(llm=llm)]
    made(Pipeline(steps), tmp_path / "local.jsonl", LocalEngine, 9)
    made(Pipeline(steps), tmp_path / "crew.jsonl", Here, 9)

    assert (tmp_path / "crew.jsonl").read_bytes() == (tmp_path / "local.jsonl").read_bytes()
    assert len(Here.links) == 2


def test_a_step_that_cannot_be_sent_is_named(tmp_path: Path) -> None:
    step = Open()
    with pytest.raises(UsageError, match="step 'open' can't be sent to workers: cannot pickle"):
        made(Pipeline([Word(llm=scripted(upper)), step]), tmp_path / "words.jsonl", Here, 2)
    step._file.close()


def test_workers_that_lack_a_plugin_are_named_before_anything_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lacking(needs: Needs) -> list[str]:
        return [f"{needs.distributions[0].distribution} {needs.distributions[0].version}: it has 0.0.9"]

    monkeypatch.setattr(row_worker, "lacking", lacking)
    with pytest.raises(PluginError, match="a worker of this process lacks what this run needs") as caught:
        made(Word(llm=scripted(upper)), tmp_path / "words.jsonl", Here)

    assert caught.value.advice[0].startswith("seedbed 0.")
    assert all(link.has_ended for link in Here.links)


def test_a_plan_whose_steps_fail_to_load_says_what_went_wrong(tmp_path: Path) -> None:
    with pytest.raises(Exception, match=r"step 'broken' could not be loaded: .*no such thing"):
        made(Pipeline([Word(llm=scripted(upper)), Broken()]), tmp_path / "words.jsonl", Here)
    assert all(link.has_ended for link in Here.links)


class Broken(Step):
    keeps: ClassVar[bool] = True

    def load(self) -> None:
        raise KeyError("no such thing")

    def process(self, row: dict[str, Any]) -> Any:
        return row


def test_links_are_ended_with_the_run(tmp_path: Path) -> None:
    made(Word(llm=scripted(upper)), tmp_path / "words.jsonl", Here, 3)
    assert [type(link) for link in Here.links] == [HereLink, HereLink]
    assert all(link.has_ended for link in Here.links)
