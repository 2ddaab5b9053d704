"""`seedbed runs retry`: failed rows are asked again, with the order that the run keeps."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Result

Seedbed = Callable[..., Result]

SOURCE = '''
from pathlib import Path
from t import Echo
from seedbed import GeneratorTask, LLMConnectionError


class Flaky(Echo):
    """Has no answer for what is named in the file `broken`, and notes what it is asked."""

    async def respond(self, request):
        text = request.messages[-1]["content"]
        with open("asked", "a") as file:
            file.write(text + "\\n")
        if text in Path("broken").read_text().split():
            raise LLMConnectionError("no line", retryable=False)
        return await super().respond(request)


class Numbers(GeneratorTask):
    template: str = "{{ n }}"
    word: str = ""

    def sample(self, index, rng):
        return {"n": index}

    def format_output(self, output, input):
        if "bad" in Path("broken").read_text() and input["n"] == 2:
            raise ValueError("bad")
        return {"n": input["n"], "text": output}
'''

RUN = ("run", "f.py:Numbers", "--llm", "f.py:Flaky/m", "-n", "5", "-o", "out.jsonl")


@pytest.fixture(autouse=True)
def flaky(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A task, and an LLM that has no answer for 1 and 3."""
    monkeypatch.syspath_prepend(folder)
    Path("f.py").write_text(SOURCE)
    Path("broken").write_text("1 3")


def asked() -> list[str]:
    """Return what was asked since the last time."""
    texts = Path("asked").read_text().split()
    Path("asked").write_text("")
    return texts


def made() -> list[int]:
    return [json.loads(line)["n"] for line in Path("out.jsonl").read_text().splitlines()]


@pytest.mark.slow
def test_only_the_failed_rows_are_asked_again_and_the_dataset_is_whole(seedbed: Seedbed) -> None:
    first = seedbed(*RUN)
    assert first.status == 1
    assert "`seedbed runs retry out` retries the failed rows" in first.err
    assert (made(), sorted(asked())) == ([0, 2, 4], ["0", "1", "2", "3", "4"])
    Path("broken").write_text("")
    again = seedbed("runs", "retry", "out")
    assert again.status == 0
    assert again.err.startswith(
        "resuming the run 'out': 3 rows kept, at least 2 calls to make\n5 rows in out.jsonl\n"
    )
    assert (made(), sorted(asked())) == ([0, 1, 2, 3, 4], ["1", "3"])


def test_the_same_command_again_does_not_ask_failed_rows(seedbed: Seedbed) -> None:
    seedbed(*RUN)
    asked()
    again = seedbed(*RUN)
    assert again.status == 1
    assert again.err.startswith("the run 'out' has already finished: 3 rows kept, no call to make\n")
    assert "`seedbed runs retry out` retries the failed rows" in again.err
    assert asked() == []


def test_a_row_that_fails_again_stays_failed_and_is_explained_with_both_answers(seedbed: Seedbed) -> None:
    Path("broken").write_text("bad")
    seedbed(*RUN)
    again = seedbed("runs", "retry", "out", "--json")
    assert again.status == 1
    assert json.loads(again.out)["accepted"] == 4
    told = json.loads(seedbed("runs", "explain", "out", "2", "--json").out)
    (step,) = told["steps"]
    assert (told["verdict"], step["status"], step["attempt"]) == ("failed", "failed", 1)
    assert [(call["attempt"], call["answers"][0]["text"]) for call in step["calls"]] == [(0, "2"), (1, "2")]
    assert step["reasons"][0]["reason"].startswith("ValueError: bad")
    text = seedbed("runs", "explain", "out", "2").out
    assert "row 2: failed" in text
    assert "failed, attempt 2" in text
    assert text.count("10 input + 20 output tokens") == 2


def test_where_nothing_has_failed_nothing_is_asked(seedbed: Seedbed) -> None:
    Path("broken").write_text("")
    seedbed(*RUN)
    asked()
    again = seedbed("runs", "retry", "out")
    assert again.status == 0
    assert "5 rows kept, no call to make" in again.err
    assert asked() == []


def test_a_secret_is_not_kept_and_is_asked_for_again(seedbed: Seedbed, runs: Path) -> None:
    key = "sk-1234567890"
    seedbed(*RUN, "--set", f"llm.api_key={key}", "--set", "word=plain")
    assert not any(key.encode() in path.read_bytes() for path in (runs / "out").iterdir())
    refused = seedbed("runs", "retry", "out")
    assert refused.status == 2
    assert "give it again: seedbed runs retry out --set llm.api_key=..." in refused.error
    Path("broken").write_text("")
    assert seedbed("runs", "retry", "out", "--set", f"llm.api_key={key}").status == 0


def test_a_setting_that_holds_a_secret_of_the_llm_is_not_kept_either(seedbed: Seedbed, runs: Path) -> None:
    key = "sk-1234567890"
    seedbed(*RUN, "--set", f"llm.api_key={key}", "--set", f"word=the {key}")
    order = json.loads(seedbed("runs", "show", "out", "--json").out)["manifest"]["order"]
    assert (order["settings"], order["withheld"]) == ([], ["word", "llm.api_key"])


OTHER = ("runs", "retry", "out", "--llm", "f.py:Flaky/other")


@pytest.mark.slow
def test_another_llm_is_asked_the_failed_rows_alone_whoever_goes_on_later(seedbed: Seedbed) -> None:
    seedbed(*RUN)
    asked()
    Path("broken").write_text("3")
    assert seedbed(*OTHER).status == 1
    assert sorted(asked()) == ["1", "3"]
    Path("broken").write_text("")
    assert seedbed("runs", "retry", "out", "--llm", "f.py:Flaky/third").status == 0
    assert asked() == ["3"]
    rows = Path("out.jsonl").read_bytes()
    with_other = (*RUN[:3], "f.py:Flaky/other", *RUN[4:])
    for goes_on in (RUN, with_other, OTHER, ("runs", "retry", "out")):
        assert seedbed(*goes_on).status == 0
        assert asked() == []
        assert Path("out.jsonl").read_bytes() == rows
    told = [json.loads(seedbed("runs", "explain", "out", str(n), "--json").out) for n in range(5)]
    models = [one["steps"][0]["calls"][-1]["model"] for one in told]
    assert models == ["m", "other", "m", "third", "m"]
    exported = seedbed("runs", "export", "out", "--model-column", "made_by").out.splitlines()
    assert [json.loads(row)["made_by"] for row in exported] == models
    assert seedbed("runs", "export", "out", "--model-column", "text").status == 2


def test_other_parameters_are_for_the_failed_rows_alone(seedbed: Seedbed) -> None:
    seedbed(*RUN)
    asked()
    Path("broken").write_text("")
    again = seedbed("runs", "retry", "out", "--set", "word=new", "--set", "llm.temperature=0.1")
    assert (again.status, sorted(asked())) == (0, ["1", "3"])
    assert made() == [0, 1, 2, 3, 4]


def test_a_run_with_another_llm_that_is_no_retry_makes_all_rows_again(seedbed: Seedbed) -> None:
    seedbed(*RUN)
    asked()
    Path("broken").write_text("")
    assert seedbed(*RUN[:3], "f.py:Flaky/other", *RUN[4:]).status == 0
    assert sorted(asked()) == ["0", "1", "2", "3", "4"]


def test_changed_code_makes_all_rows_again_and_that_must_be_meant(seedbed: Seedbed) -> None:
    seedbed(*RUN)
    asked()
    Path("broken").write_text("")
    Path("f.py").write_text(SOURCE.replace('"text": output}', '"text": output, "more": 1}'))
    refused = seedbed(*OTHER)
    assert (refused.status, asked()) == (2, [])
    assert seedbed(*OTHER, "--yes").status == 0
    assert sorted(asked()) == ["0", "1", "2", "3", "4"]


def test_options_take_the_place_of_those_that_the_run_was_made_with(seedbed: Seedbed) -> None:
    Path("broken").write_text("0 1 2 3 4")
    seedbed(*RUN, "--max-failures", "90%", "--set", "llm.strict=false")
    capped = seedbed("runs", "retry", "out", "--max-failures", "1", "--concurrency", "1")
    assert capped.status == 3
    assert "2 rows have failed, which is more than --max-failures allows" in capped.err


def test_a_run_is_retried_from_the_folder_that_its_files_are_named_from(
    seedbed: Seedbed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seedbed(*RUN)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    refused = seedbed("runs", "retry", "out")
    assert refused.status == 2
    assert f"cd {tmp_path}" in refused.error


def test_rows_that_went_to_standard_output_go_there_again(seedbed: Seedbed) -> None:
    first = seedbed(*RUN[:-2])
    assert [row["n"] for row in first.rows] == [0, 2, 4]
    Path("broken").write_text("")
    assert [row["n"] for row in seedbed("runs", "retry", "numbers").rows] == [0, 1, 2, 3, 4]


def test_a_refused_command_is_not_the_order_that_is_retried(seedbed: Seedbed) -> None:
    seedbed(*RUN)
    assert seedbed(*RUN, "--set", "llm.refuses=true", "--set", "word=other").status == 2
    Path("broken").write_text("")
    asked()
    assert seedbed("runs", "retry", "out").status == 0
    assert sorted(asked()) == ["1", "3"]


@pytest.mark.slow
def test_a_retry_of_another_llm_that_is_killed_keeps_the_rows_of_the_first(seedbed: Seedbed) -> None:
    seedbed(*RUN)
    asked()
    Path("broken").write_text("")
    Path("dies.py").write_text(
        "import os\nfrom f import Flaky\n\n\nclass Dies(Flaky):\n"
        "    async def respond(self, request):\n"
        "        if request.messages[-1]['content'] == '3':\n"
        "            os.kill(os.getpid(), 9)\n"
        "        return await super().respond(request)\n"
    )
    command = [sys.executable, "-m", "seedbed", "runs", "retry", "out", "--llm", "dies.py:Dies/other"]
    killed = subprocess.run(command, capture_output=True, timeout=60)
    assert killed.returncode == -9
    assert seedbed(*RUN).status == 1
    assert seedbed("runs", "retry", "out").status == 0
    assert made() == [0, 1, 2, 3, 4]
    assert set(asked()) == {"1", "3"}
