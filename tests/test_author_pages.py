"""The how-to pages for authors: their code is run, and what they say of it is held."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import threading
import tomllib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.specifiers import SpecifierSet
from tests.support.clean_environment import CleanEnvironment, have_uv_install
from tests.support.scripted_llm import ALL, prompt, scripted

from seedbed import (
    Capabilities,
    Gateway,
    LLMError,
    Request,
    RetryPolicy,
    Row,
    Step,
    Task,
    TimedOutError,
    UnknownModelError,
    run,
)
from seedbed.cli import invoke
from seedbed.llm.llm_kind import LLMS
from seedbed.plugins.discovery.source_file import load_class
from seedbed.plugins.policy.eligibility import Status
from seedbed.scaffold.new_package import NewPackage
from seedbed.scaffold.rendering import rendered
from seedbed.tasks.task_kinds import STEPS, TASKS

ROOT = Path(__file__).parents[1]
HOW_TO = ROOT / "docs" / "how-to"
FILE = re.compile(r"^```\w+ title=\"([^\"]+)\"\n(.*?)^```", re.MULTILINE | re.DOTALL)
CONSOLE = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
DOUBLE = '''
from itertools import count

from seedbed import LLM, Capabilities, Response

NUMBERS = count()


class CountingLLM(LLM):
    """Answers each time with the next number."""

    @property
    def capabilities(self):
        return Capabilities(raw_prompt=True)

    async def respond(self, request):
        return Response.of_text(f"{next(NUMBERS)}")
'''

Loader = Callable[..., Any]


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Loader]]:
    """Returns a function that writes the files of a page and returns what loads their classes."""

    def of(name: str) -> Loader:
        for path, text in FILE.findall((HOW_TO / name).read_text()):
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text)
        return lambda reference, kind=STEPS: load_class(str(tmp_path / reference), kind)

    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    # Other tests of the docs may have it, from a page of their own.
    former = sys.modules.pop("toy_model", None)
    yield of
    sys.modules.pop("toy_model", None)
    if former is not None:
        sys.modules["toy_model"] = former


def commands(name: str) -> list[str]:
    blocks = CONSOLE.findall((HOW_TO / name).read_text())
    return [line.removeprefix("$ ") for block in blocks for line in block.replace("\\\n", "").splitlines()]


def numbers(*answers: str) -> Callable[[Request], str]:
    """Return a function that gives the answers in their order, and the last one for ever."""
    left = iter(answers)
    return lambda _: next(left, answers[-1])


def until(asked: int, answer: Callable[[Request], str]) -> Callable[[Request], str]:
    """Return a function that answers so many requests, and then none."""
    lock, count = threading.Lock(), 0

    def answering(request: Request) -> str:
        nonlocal count
        with lock:
            count += 1
        if count > asked:
            raise LLMError("out of order", fatal=True)
        return answer(request)

    return answering


def length(request: Request) -> str:
    return f"{len(prompt(request))}."


@pytest.mark.parametrize(
    "name", ["several-calls.md", "typed-rows.md", "raw-prompts.md", "deduplicate-and-reject.md"]
)
def test_the_commands_on_a_page_work(name: str, page: Any, tmp_path: Path) -> None:
    page(name)
    (tmp_path / "double.py").write_text(DOUBLE)
    (tmp_path / "beginnings.jsonl").write_text('{"instruction": "Once upon a time"}\n')
    lines = commands(name)

    assert lines
    for line in lines:
        program, *words = line.replace("llamacpp/smollm2-135m", "double.py:CountingLLM/any").split()
        assert program == "seedbed"
        # A preview of answers that are no JSON shows them, and has no row.
        assert invoke(words) == (1 if words[0] == "preview" else 0), line


def test_calls_of_one_row_are_asked_at_once_and_private_variables_stay_out_of_it(page: Any) -> None:
    both = asyncio.Barrier(2)

    async def answer(request: Request) -> str:
        if prompt(request).startswith("As "):
            await asyncio.wait_for(both.wait(), 30)
        return prompt(request)

    (row,) = run(page("several-calls.md")("debate.py:Debate")(), 1, llm=scripted(answer)).rows()

    assert list(row) == ["motion", "pro", "contra", "verdict", "model_name"]
    assert row["verdict"].endswith(f"A: {row['pro']}\nB: {row['contra']}")


def test_a_verdict_that_does_not_fit_is_asked_for_again_and_the_claim_is_not(page: Any) -> None:
    answers = ["A claim.", '{"winner": "both", "score": 9}', '{"winner": "pro", "score": 4}']
    llm = scripted(lambda _: answers.pop(0))

    (row,) = run(page("several-calls.md")("verdicts.py:Judged")(), 1, llm=llm).rows()

    assert (row["claim"], row["winner"], row["score"]) == ("A claim.", "pro", 4)


def test_a_row_that_was_cut_off_is_made_of_the_answers_that_are_there(page: Any) -> None:
    debate = page("several-calls.md")("debate.py:Debate")
    whole = list(run(debate(), 3, llm=scripted(prompt), name="whole").rows())

    first = scripted(until(5, prompt))
    with suppress(LLMError):
        run(debate(), 3, llm=first, name="cut", concurrency=1)
    second = scripted(prompt)
    gone_on = run(debate(), 3, llm=second, name="cut")

    assert list(gone_on.rows()) == whole
    assert len(second.requests) == 9 - 5


def test_opinions_of_threads_are_found_again_by_their_labels(page: Any) -> None:
    votes = page("several-calls.md")("votes.py:Votes")

    def seed(request: Request) -> str:
        return str(request.seed)

    llms = [scripted(until(7, seed), offers=ALL), scripted(seed, offers=ALL), scripted(seed, offers=ALL)]
    with suppress(LLMError):
        run(votes(llm=llms[0]), input=[{"n": 1}, {"n": 1}], name="cut", concurrency=1)
    gone_on = list(run(votes(llm=llms[1]), input=[{"n": 1}, {"n": 1}], name="cut").rows())

    assert gone_on == list(run(votes(llm=llms[2]), input=[{"n": 1}, {"n": 1}]).rows())
    assert len(llms[1].requests) == 12 - 7
    assert len({answer for row in gone_on for votes in row["votes"] for answer in votes}) == 12


def test_a_story_goes_on_behind_the_sentences_that_are_there(page: Any) -> None:
    story = page("several-calls.md")("story.py:Story")
    with suppress(LLMError):
        run(story(), llm=scripted(until(2, length)), name="story")
    second = scripted(length)

    rows = list(run(story(), llm=second, name="story").rows())

    assert len(rows) == 4
    assert len(second.requests) == 2
    assert prompt(second.requests[-1]).endswith(f"seed. {' '.join(row['sentence'] for row in rows[:3])}")


GOOD = {"question": "Which is wet?", "choices": ["a", "b", "c", "d"], "correct": 0}


def quiz(**changes: Any) -> str:
    return json.dumps({**GOOD, **changes})


def test_an_answer_that_does_not_fit_is_asked_again_in_the_words_of_the_page(page: Any) -> None:
    llm = scripted(numbers(quiz(question="Wet."), f"Here:\n```json\n{quiz()}\n```"))

    (row,) = run(page("typed-rows.md")("quiz.py:Quiz")(), 1, llm=llm).rows()

    assert {name: row[name] for name in GOOD} == GOOD
    quoted = re.findall(r"^ *> (.*)$", (HOW_TO / "typed-rows.md").read_text(), re.MULTILINE)
    assert prompt(llm.requests[1]) == " ".join(quoted)


def test_what_never_fits_is_replaced_or_fails_where_there_is_no_next_one(page: Any) -> None:
    quiz_task = page("typed-rows.md")("quiz.py:Quiz")

    class OfRows(Task):
        """The same, of rows."""

        Output = quiz_task.Output
        template: str = "A question about {{ subject }}"

    wrong = [quiz(correct=7)] * 3
    made = run(quiz_task(), 1, llm=scripted(numbers(*wrong, quiz())))
    of_rows = run(OfRows(), input=[{"subject": "tea"}], llm=scripted(wrong[0]))
    once = scripted(wrong[0])
    run(quiz_task(max_reasks=0), 1, llm=once, max_attempts=1)

    assert (made.accepted, made.rejected, made.failed) == (1, 1, 0)
    assert (of_rows.accepted, of_rows.rejected, of_rows.failed) == (0, 0, 1)
    assert len(once.requests) == 1


def test_the_schema_goes_by_the_means_of_the_backend_or_in_words(page: Any) -> None:
    quiz_task = page("typed-rows.md")("quiz.py:Quiz")
    native = scripted(quiz(), offers=Capabilities(structured_output=True))
    told = scripted(quiz())
    for llm in (native, told):
        run(quiz_task(), 1, llm=llm)

    (by_means,), (in_words,) = native.requests, told.requests
    assert by_means.schema is not None
    assert by_means.schema["required"] == list(GOOD)
    assert in_words.schema is None
    assert "JSON Schema" in in_words.messages[0]["content"]


def test_format_output_sees_the_row_and_has_it_asked_again_or_dropped(page: Any) -> None:
    sentence = page("typed-rows.md")("spelling.py:Sentence")
    long = " ".join(["word"] * 31)

    def answer(request: Request) -> str:
        if len(request.messages) == 2:
            return json.dumps({"sentence": "None of them."})
        return json.dumps({"sentence": "ladder harbour sieve " + ("" if answered else long)})

    answered: list[None] = []
    llm = scripted(answer)
    dropped = run(sentence(), 1, llm=llm, max_attempts=1)
    asked = len(llm.requests)
    answered.append(None)
    kept = run(sentence(), 1, llm=llm, name="kept")

    assert (dropped.rejected, asked) == (1, 2)
    assert kept.accepted == 1


def test_rejected_rows_are_replaced_until_there_are_as_many_as_were_asked_for(page: Any) -> None:
    visitors = page("deduplicate-and-reject.md")("visitors.py:Visitors")

    made = run(visitors(), 3, llm=scripted(numbers("5", "5 years", "old", "6", "7")), concurrency=1)
    none = run(visitors(), 2, llm=scripted("old"), name="none", give_up_after=0)
    stopped = run(visitors(), 2, llm=scripted("old"))

    assert [row["age"] for row in made.rows()] == [5, 6, 7]
    assert made.rejected == 2
    assert (none.outcome, none.accepted, none.rejected) == ("incomplete", 0, 20)
    assert (stopped.outcome, stopped.rejected) == ("stopped", 8)


def test_what_a_step_drops_is_replaced_and_counted_by_nobody(page: Any) -> None:
    class EvenAges(Step):
        """Keeps rows of even ages."""

        def process(self, row: Row) -> Row | None:
            return None if row["age"] % 2 else row

    visitors = page("deduplicate-and-reject.md")("visitors.py:Visitors")
    made = run(visitors() >> EvenAges(), 2, llm=scripted(numbers("1", "2", "3", "4")), concurrency=1)

    assert [row["age"] for row in made.rows()] == [2, 4]
    assert (made.accepted, made.rejected, made.failed) == (2, 0, 0)


def test_the_first_of_rows_that_are_alike_stays(page: Any) -> None:
    load = page("deduplicate-and-reject.md")
    said = numbers("All is well today.", "All is well at last.", "Rain comes.")

    proverbs = run(load("proverbs.py:Proverbs")(), 2, llm=scripted(said), concurrency=1)
    named = [{"name": name, "n": n} for n, name in enumerate(["Ann", "Bo", "ann"])]
    unseen = run(load("unseen.py:Unseen")(), input=named)

    assert [row["generation"] for row in proverbs.rows()] == ["All is well today.", "Rain comes."]
    assert [row["n"] for row in unseen.rows()] == [0, 1]


def test_rows_feed_on_those_of_the_blocks_that_the_page_names(page: Any) -> None:
    llm = scripted(numbers(*(f"proverb-{number}." for number in range(16))))

    run(page("deduplicate-and-reject.md")("chain.py:Chain")(), 16, llm=llm, concurrency=1)

    fed = [{int(n) for n in re.findall(r"proverb-(\d+)", prompt(asked))} for asked in llm.requests]
    assert fed[:8] == [set()] * 8
    assert set().union(*fed[8:12]) == {0, 1, 2, 3}
    assert set().union(*fed[12:]) <= set(range(8))


@pytest.fixture
def toy_llm(page: Any) -> Any:
    """The class of the backend on the page about local libraries."""
    return page("wrap-a-local-library.md")("toy_llm.py:ToyLLM", LLMS)


def test_a_local_model_is_asked_no_more_at_once_than_it_has_slots(toy_llm: Any) -> None:
    lock, two = threading.Lock(), threading.Barrier(2)
    running = most = 0

    class Watched(toy_llm):
        def _answer(self, request: Request, stopped: threading.Event) -> Any:
            nonlocal running, most
            with lock:
                running += 1
                most = max(most, running)
            two.wait(30)
            with lock:
                running -= 1
            return super()._answer(request, stopped)

    llm = Watched(model="toy-1", max_tokens=30)
    llm.generate([[{"role": "user", "content": "a b c"}]] * 8)
    llm.unload()

    assert most == 2


def test_a_local_call_that_is_over_leaves_its_thread(toy_llm: Any) -> None:
    llm = toy_llm(model="toy-1", max_tokens=None, timeout=0.2)
    llm.ensure_loaded()
    bound = llm.bound(Gateway(retry=RetryPolicy(tries=1)), None)

    with pytest.raises(TimedOutError):
        bound.generate([[{"role": "user", "content": "a b c"}]])

    # It waits for the threads.
    llm.unload()


def test_a_local_model_stays_loaded_behind_a_run_and_can_be_missing(toy_llm: Any) -> None:
    llm = toy_llm(model="toy-1", max_tokens=3)
    made = run("text-generation", input=[{"instruction": "a b c"}], llm=llm)

    assert made.accepted == 1
    assert llm._model is not None
    llm.unload()
    assert llm.generate([[{"role": "user", "content": "a b c"}]])
    llm.unload()
    with pytest.raises(UnknownModelError, match="'giant'"):
        toy_llm(model="giant").generate([[{"role": "user", "content": "a"}]])


@pytest.mark.slow
def test_the_local_backend_keeps_its_contract(page: Any) -> None:
    page("wrap-a-local-library.md")
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "test_toy.py"], capture_output=True, text=True, check=False
    )

    assert ended.returncode == 0, ended.stdout


def test_what_load_raises_names_the_line(toy_llm: Any) -> None:
    class Clumsy(toy_llm):
        def load(self) -> None:
            raise KeyError("weights")

    with pytest.raises(LLMError, match=r"KeyError: 'weights'\n  raised in .*test_author_pages.py"):
        Clumsy(model="toy-1").generate([[{"role": "user", "content": "a"}]])


def test_the_metadata_and_the_workflow_on_the_page_are_what_it_says(page: Any, tmp_path: Path) -> None:
    page("publish.md")
    project = tomllib.loads((tmp_path / "pyproject.toml").read_text())["project"]
    bounds = SpecifierSet(project["dependencies"][0].removeprefix("seedbed"))
    workflow = yaml.safe_load((tmp_path / ".github" / "workflows" / "ci.yml").read_text())
    words = re.findall(r"^\| `([a-z ]+)` \|", (HOW_TO / "publish.md").read_text(), re.MULTILINE)

    assert ("0.1" in bounds, "0.9.3" in bounds, "1.0" in bounds) == (True, True, False)
    assert workflow["jobs"]["publish"]["permissions"]["id-token"] == "write"
    assert set(words) == {status.value for status in Status}


def test_the_page_has_what_a_new_package_has_beside_the_task() -> None:
    text = (HOW_TO / "publish.md").read_text()
    written = rendered(NewPackage(TASKS, "riddles", "Ada Example"))
    shown = dict(FILE.findall(text))

    assert shown.pop("src/seedbed_riddles/task.py")
    assert shown == {path: written[path] for path in shown}
    assert "the workflow `ci.yml`" in text


@pytest.mark.slow
def test_the_package_on_the_page_is_installed_and_looked_at(page: Any, tmp_path: Path) -> None:
    (tmp_path / "double.py").write_text(DOUBLE)
    environment = CleanEnvironment(tmp_path / "env")
    have_uv_install(environment.folder)

    for line in [f"pip install --quiet '{ROOT}'", *commands("publish.md")]:
        if line.startswith("pip install -e"):
            page("publish.md")
        command = line.replace("llamacpp/smollm2-135m", "double.py:CountingLLM/any")
        ended = subprocess.run(
            ["bash", "-c", command], env=environment.variables, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, f"{command}\n{ended.stdout}\n{ended.stderr}"


@pytest.mark.slow
def test_the_embedder_of_the_page_keeps_its_contract(tmp_path: Path) -> None:
    files = dict(FILE.findall((HOW_TO / "write-an-embedder.md").read_text()))
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_acme.py"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout
    near = load_class(f"{tmp_path / 'near.py'}:NearTopic", STEPS)
    assert near.model_fields.keys() >= {"embedder", "topic"}
