"""Rows that failed or were rejected keep what they came of: input, prompts, answers and reason."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from tests.cli.conftest import Result
from tests.support.scripted_llm import ALL, prompt, scripted

from seedbed import LLM, BadRequestError, GeneratorTask, Reject, RunStore, Step, Task, image_part, run, when
from seedbed.store import RunReader, read_rows, run_folder

Seedbed = Callable[..., Result]


class Answer(Task):
    template: str = "Answer {{ question }}"
    system_prompt: str = "Be short."

    def format_output(self, output, input):
        return {"answer": output}


class Judge(Task):
    template: str = "Judge {{ answer }}"

    def format_output(self, output, input):
        if "no" in output:
            raise Reject("judged bad", "ask better")
        return {"good": output}


def answers(request):
    text = prompt(request)
    if "two" in text and "Judge" in text:
        raise BadRequestError("the server does not like two")
    return text.replace("Answer", "To").replace("Judge To three", "no")


QUESTIONS = [{"question": word, "n": number} for number, word in enumerate(("one", "two", "three"))]


@pytest.fixture
def judged(folder: Path) -> None:
    """A run of two tasks over a file: line 2 fails at the second, line 3 is rejected there."""
    Path("questions.jsonl").write_text("\n".join(map(json.dumps, QUESTIONS)))
    (Answer(llm=scripted(answers)) >> Judge(llm=scripted(answers))).run(
        input="questions.jsonl", name="judged"
    )


def test_each_is_exported_with_all_that_it_came_of(seedbed: Seedbed, judged: None) -> None:
    failed, rejected = seedbed("runs", "export", "judged", "--failed", "--rejected").rows
    assert {name: failed[name] for name in ("verdict", "source", "step", "error", "tries", "reason")} == {
        "verdict": "failed",
        "source": "questions.jsonl, line 2",
        "step": "judge",
        "error": "BadRequestError",
        "tries": 1,
        "reason": "the server does not like two",
    }
    assert failed["source_row"] == QUESTIONS[1]
    assert failed["input"] == {**QUESTIONS[1], "answer": "To two", "model_name": "scripted"}
    assert failed["calls"] == [
        {
            "step": "answer",
            "row": failed["row"],
            "messages": [
                {"role": "system", "content": "Be short."},
                {"role": "user", "content": "Answer two"},
            ],
            "answers": [{"text": "To two", "reasoning": None, "finish_reason": "stop"}],
        },
        {
            "step": "judge",
            "row": failed["row"],
            "messages": [{"role": "user", "content": "Judge To two"}],
            "answers": [],
        },
    ]
    assert (rejected["verdict"], rejected["source"]) == ("rejected", "questions.jsonl, line 3")
    assert rejected["reason"] == "judged bad\n  ask better"
    assert [call["answers"][0]["text"] for call in rejected["calls"]] == ["To three", "no"]


def test_one_kind_alone_is_exported(seedbed: Seedbed, judged: None) -> None:
    for option in ("failed", "rejected"):
        (row,) = seedbed("runs", "export", "judged", f"--{option}").rows
        assert row["verdict"] == option


@pytest.mark.parametrize("ending", [".jsonl", ".csv", ".parquet", ".arrow", ".hf"])
def test_every_format_takes_them(seedbed: Seedbed, judged: None, ending: str) -> None:
    out = Path(f"refused{ending}")
    assert seedbed("runs", "export", "judged", "--failed", "--rejected", "-o", str(out)).status == 0
    rows = list(read_rows(out))
    assert [row["source"] for row in rows] == ["questions.jsonl, line 2", "questions.jsonl, line 3"]
    calls = rows[0]["calls"]
    asked = json.loads(calls) if isinstance(calls, str) else calls
    assert asked[1]["messages"] == [{"role": "user", "content": "Judge To two"}]


def test_a_run_without_any_gives_an_empty_file(seedbed: Seedbed) -> None:
    run(Answer(llm=scripted("fine")), input=QUESTIONS, name="fine")
    for out in ("none.jsonl", "none.parquet", "none.csv"):
        assert seedbed("runs", "export", "fine", "--failed", "-o", out).status == 0
        assert list(read_rows(Path(out))) == []


def test_what_is_for_rows_of_the_dataset_is_refused(seedbed: Seedbed, judged: None) -> None:
    for option in (["--leaf", "judge"], ["--as", "chat"], ["--model-column", "m"]):
        assert "leave out --leaf" in seedbed("runs", "export", "judged", "--failed", *option).error


def test_explain_shows_it_for_one_row_and_for_all(seedbed: Seedbed, judged: None) -> None:
    failed, _ = seedbed("runs", "export", "judged", "--failed", "--rejected").rows
    text = seedbed("runs", "explain", "judged", failed["row"]).out
    for part in (
        "questions.jsonl, line 2",
        "Answer two",
        "To two",
        "Judge To two",
        "n: 1",
        "does not like two",
    ):
        assert part in text
    story = json.loads(seedbed("runs", "explain", "judged", failed["row"], "--json").out)
    assert story["source"] == "questions.jsonl, line 2"
    judge = story["steps"][-1]
    assert judge["input"] == failed["input"]
    assert judge["source_row"] == failed["source_row"]
    assert [call["messages"] for step in story["steps"] for call in step["calls"]] == [
        call["messages"] for call in failed["calls"]
    ]
    overview = seedbed("runs", "explain", "judged").out
    for part in ("questions.jsonl, line 3", "Judge To three", "question: three", "ask better"):
        assert part in overview
    first, _ = json.loads(seedbed("runs", "explain", "judged", "--json").out)
    assert first["examples"] == [failed]
    assert first["sources"] == ["questions.jsonl, line 2"]


def test_python_gives_the_same(seedbed: Seedbed, judged: None) -> None:
    done = (Answer(llm=scripted(answers)) >> Judge(llm=scripted(answers))).run(input=QUESTIONS)
    (failed,), (rejected,) = done.failed_rows(), done.rejected_rows()
    assert (failed.source, rejected.source) == ("row 2 of input", "row 3 of input")
    exported, _ = seedbed("runs", "export", "judged", "--failed", "--rejected").rows
    assert {**failed.as_json(), "source": None} == {**exported, "source": None}


def test_a_filter_after_the_task_keeps_the_prompts_of_the_task(folder: Path) -> None:
    class Filter(Step):
        def process(self, row):
            raise Reject("never")

    done = (Answer(llm=scripted("an answer")) >> Filter()).run(input=QUESTIONS[:1])
    (row,) = done.rejected_rows()
    assert [call.messages[-1]["content"] for call in row.calls if call.messages] == ["Answer one"]
    assert row.input == {**QUESTIONS[0], "answer": "an answer", "model_name": "scripted"}


@pytest.mark.parametrize("changed", [{}, {"n": True}, {"n": None}])
def test_the_source_row_is_what_came_in_whatever_a_step_made_of_it(folder: Path, changed: object) -> None:
    class Change(Step):
        def process(self, row):
            row.update(changed)
            if row["n"] is None:
                del row["n"]
            return {**row, "more": "x" * 5000}

    class Fail(Step):
        def process(self, row):
            raise ValueError("no")

    source = {"n": 1, "text": "y" * 5000, "list": [{"a": 1}]}
    done = (Change() >> Fail()).run(input=[source], name="source")
    (row,) = done.failed_rows()
    assert row.source_row is not None
    assert json.dumps(row.source_row) == json.dumps(source)
    assert row.input is not None
    assert ("n" in row.input) is (changed != {"n": None})


def test_rows_of_a_generator_keep_their_variables_and_their_index(folder: Path) -> None:
    class Count(GeneratorTask):
        template: str = "{{ n }}"
        unique = ("generation",)

        def sample(self, index, rng):
            return {"n": index, "_secret": "private"}

        def format_output(self, output, input):
            if input["n"] == 2:
                raise ValueError("two")
            return {"generation": output}

    done = run(Count(llm=scripted("same")), 2, max_attempts=3)
    (failed,), (rejected,) = done.failed_rows(), done.rejected_rows()
    assert (failed.row, failed.source, failed.input) == ("2", "", {"n": 2})
    assert rejected.step == "count admission"
    assert rejected.input == {"n": 1, "generation": "same", "model_name": "scripted"}
    assert rejected.source_row == {"n": 1}
    assert [call.messages for call in rejected.calls] == [[{"role": "user", "content": "1"}]]


class Blocking(Step):
    llm: LLM

    def process(self, row):
        self.llm.generate([[{"role": "user", "content": f"first {row['n']}"}]])
        self.llm.generate([[{"role": "user", "content": f"second {row['n']}"}]])
        raise ValueError("no")


class Gathering(Task):
    async def generate_row(self, input):
        await asyncio.gather(self.ask(f"first {input['n']}"), self.ask(f"second {input['n']}"))
        raise ValueError("no")


class Generations(Task):
    template: str = "{{ n }}"
    num_generations: int = 2

    def format_output(self, output, input):
        if output == "bad":
            raise Reject("no")
        return {"output": output}


@pytest.mark.parametrize("step", [Blocking, Gathering])
def test_all_calls_of_a_row_are_kept_wherever_it_makes_them(folder: Path, step: type[Step]) -> None:
    done = run(step(llm=scripted(prompt)), input=[{"n": 1}, {"n": 2}])
    for number, row in enumerate(done.failed_rows(), start=1):
        told = [((call.messages or [])[0]["content"], call.answers[0]["text"]) for call in row.calls]
        assert sorted(told) == [
            (f"first {number}", f"first {number}"),
            (f"second {number}", f"second {number}"),
        ]


def test_a_row_of_which_a_part_failed_keeps_the_prompts_of_all_parts(folder: Path) -> None:
    given = iter(("good", "bad"))
    done = run(Generations(llm=scripted(lambda request: next(given))), input=[{"n": 1}], name="parts")
    (row,) = done.rejected_rows()
    assert done.accepted == 1
    assert [(call.messages or [])[0]["content"] for call in row.calls] == ["1", "1"]
    assert sorted(call.answers[0]["text"] for call in row.calls) == ["bad", "good"]


def test_a_row_that_no_route_takes_keeps_its_own(folder: Path) -> None:
    routed = (
        Answer(llm=scripted("short"))
        >> [when("n > 5", Judge(llm=scripted("fine")))]
        >> Judge(name="last", llm=scripted("fine"))
    )
    done = run(routed, input=QUESTIONS[:1])
    (row,) = done.rejected_rows()
    assert row.step == "answer routes"
    assert [call.messages[-1]["content"] for call in row.calls if call.messages] == ["Answer one"]


def test_a_row_that_is_asked_again_shows_its_latest_attempt(folder: Path) -> None:
    class Picky(Answer):
        def format_output(self, output, input):
            raise ValueError(output)

    for words, retry in (("first", False), ("second", True)):
        done = run(Picky(llm=scripted(words)), input=QUESTIONS[:1], name="again", retry=retry)
        (row,) = done.failed_rows()
        assert row.reason.startswith(f"ValueError: {words}")
        ((call),) = row.calls
        assert (call.messages or [])[-1]["content"] == "Answer one"
        assert [answer["text"] for answer in call.answers] == [words]


def test_prompts_stay_when_the_run_goes_on(folder: Path) -> None:
    class Count(GeneratorTask):
        template: str = "{{ n }}"
        unique = ("generation",)

        def sample(self, index, rng):
            return {"n": index}

    for attempts in (3, 4):
        done = run(Count(llm=scripted("same")), 2, name="more", max_attempts=attempts)
    rows = list(done.rejected_rows())
    assert [row.row for row in rows] == ["1", "2", "3"]
    assert [[call.messages for call in row.calls] for row in rows] == [
        [[{"role": "user", "content": row.row}]] for row in rows
    ]


def test_keys_and_images_are_left_out(folder: Path) -> None:
    class Look(Task):
        def format_input(self, input):
            content = [image_part(b"x" * 5000), {"type": "text", "text": "the key is sk-verysecret"}]
            return [{"role": "user", "content": content}]

        def format_output(self, output, input):
            raise ValueError("blind")

    llm = scripted("nothing", api_key="sk-verysecret", offers=ALL)
    done = run(Look(llm=llm), input=[{"n": 1}], name="look")
    (row,) = done.failed_rows()
    text = json.dumps(row.as_json())
    assert "the key is [secret]" in text
    assert "characters that are not kept" in text
    assert len(text) < 2000
    assert done.folder is not None
    for file in done.folder.iterdir():
        assert b"verysecret" not in file.read_bytes()


def test_variables_are_kept_as_rows_are(folder: Path) -> None:
    class Odd(GeneratorTask):
        template: str = "{{ day }}"

        def sample(self, index, rng):
            return {"day": date(2026, 11, 27), "_object": object()}

        def format_output(self, output, input):
            raise ValueError("no")

    (row,) = run(Odd(llm=scripted("a")), 1).failed_rows()
    assert row.input == {"day": "2026-11-27"}


def test_escapes_of_a_terminal_are_shown_as_text(seedbed: Seedbed, folder: Path) -> None:
    class Fail(Answer):
        def format_output(self, output, input):
            raise ValueError("no")

    run(Fail(llm=scripted("\x1b[2Jgone")), input=[{"question": "\x1b]0;title\x07"}], name="chaos")
    for args in (["chaos"], ["chaos", "row 1 of input"]):
        out = seedbed("runs", "explain", *args).out
        assert "\x1b" not in out
        assert "\\x1b[2Jgone" in out
        assert "\\x1b]0;title\\x07" in out


def test_a_run_of_an_earlier_version_opens_without_what_it_did_not_keep(
    seedbed: Seedbed, judged: None
) -> None:
    with RunStore.open(run_folder("judged")) as store:
        store.forget_results("judge refused")
        for row in list(store.results_of("judge")):
            if row.reasons:
                whys = [{k: v for k, v in one.items() if k != "source"} for one in json.loads(row.reasons)]
                store.add_result(row._replace(reasons=json.dumps(whys).encode()))
        store.flush()
    failed, rejected = seedbed("runs", "export", "judged", "--failed", "--rejected").rows
    assert (failed["source"], failed["input"], failed["source_row"]) == (None, None, None)
    assert [call["messages"] for call in rejected["calls"]] == [None, None]
    assert [call["answers"][0]["text"] for call in rejected["calls"]] == ["To three", "no"]
    assert seedbed("runs", "explain", "judged").status == 0
    assert "judged bad" in seedbed("runs", "explain", "judged", rejected["row"]).out
    # What is known is kept when it goes on: a line more makes it do so.
    with Path("questions.jsonl").open("a") as file:
        file.write('\n{"question": "four", "n": 3}')
    (Answer(llm=scripted(answers)) >> Judge(llm=scripted(answers))).run(
        input="questions.jsonl", name="judged"
    )
    failed, rejected = seedbed("runs", "export", "judged", "--failed", "--rejected").rows
    assert (failed["source"], failed["source_row"]) == ("questions.jsonl, line 2", QUESTIONS[1])
    assert [call["messages"] for call in rejected["calls"]] == [None, None]


def test_rows_that_are_made_keep_no_prompts(folder: Path) -> None:
    done = run(Answer(llm=scripted("fine")), input=QUESTIONS, name="fine")
    assert done.folder is not None
    with RunReader.open(done.folder) as reader:
        assert not list(reader.results_of("answer refused"))


def test_a_row_is_found_by_its_line_whatever_became_of_it(seedbed: Seedbed, judged: None) -> None:
    for line, verdict in ((1, "accepted"), (2, "failed"), (3, "rejected")):
        for name in (f"questions.jsonl, line {line}", f"questions.jsonl:{line}"):
            out = seedbed("runs", "explain", "judged", name).out
            assert out.startswith(f"questions.jsonl, line {line} (row ")
            assert out.splitlines()[0].endswith(f": {verdict}")
    error = seedbed("runs", "explain", "judged", "questions.jsonl:9").error
    assert "its rows are questions.jsonl, lines 1, 2, 3\n" in error
    assert "FILE:7" in error
    assert seedbed("runs", "explain", "judged", "--line", "1").out.startswith("questions.jsonl, line 1 (row ")
    # Rows are known by content: they are found where they stand now, and without the file by their id.
    Path("questions.jsonl").write_text("\n" + "\n".join(map(json.dumps, QUESTIONS)))
    assert seedbed("runs", "explain", "judged", "--line", "1").out.startswith("questions.jsonl, line 2 (row ")
    Path("questions.jsonl").unlink()
    assert seedbed("runs", "explain", "judged", "--line", "1").out.startswith("row ")
