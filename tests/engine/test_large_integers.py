"""Integers of more than 64 bits: carried where JSON can say them, else refused before anything is opened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.support.scripted_llm import ALL, scripted

from seedbed import GeneratorTask, Run, UsageError, run
from seedbed.cli import invoke
from seedbed.engine.local import LocalEngine
from seedbed.engine.open_session import open_session
from seedbed.engine.plan_making import make_plan
from seedbed.store import run_folder
from seedbed.tasks.rows import Row

LARGE = 2**70


class Numbers(GeneratorTask):
    template: str = "{{ n }} of {{ big }}"
    big: int = 1
    nested: Any = None

    def sample(self, index: int, rng: Any) -> Row:
        return {"n": index}


def made(name: str, big: int = LARGE) -> tuple[Run, list[Any]]:
    extra = {"deep": [{"in": [big, -big]}]}
    llm = scripted(lambda request: str(request.extra["deep"][0]["in"][1]), extra=extra, offers=ALL)
    fields: dict[str, Any] = {"big": big, "nested": [{"a": (big,)}], "max_reasks": big}
    return run(Numbers(llm=llm, generation={"max_tokens": big}, **fields), 2, name=name), llm.requests


def test_fields_and_parameters_are_carried_and_found_again() -> None:
    first, sent = made("large")
    again, asked = made("large")

    assert first.outcome == again.outcome == "complete"
    assert [row["generation"] for row in again.rows()] == [str(-LARGE)] * 2
    assert sent[0].messages[-1]["content"] == f"0 of {LARGE}"
    assert (len(sent), asked) == (2, [])


def test_one_large_integer_is_not_another() -> None:
    made("others")
    other, sent = made("others", LARGE + 1)

    assert (other.outcome, len(sent)) == ("complete", 2)


SIZES: list[dict[str, Any]] = [
    {"seed": 2**64},
    {"seed": -(2**63) - 1},
    {"seed": 10**5000},
    {"n": LARGE},
    {"concurrency": LARGE},
    {"max_attempts": LARGE},
    {"max_tokens": LARGE},
    {"max_cost": 10**400},
    {"max_seconds": 10**400},
    {"requests_per_minute": 10**400},
]


@pytest.mark.parametrize("options", SIZES, ids=lambda options: next(iter(options)))
def test_what_a_store_cannot_count_is_refused_before_it_is_opened(options: dict[str, Any]) -> None:
    llm = scripted()
    with pytest.raises(UsageError):
        run(Numbers(llm=llm), name="sizes", **{"n": 1, **options})

    assert llm.requests == []
    assert not run_folder("sizes").exists()


@pytest.mark.parametrize("seed", [2**64 - 1, -(2**63), -1])
def test_every_seed_of_64_bits_is_one(seed: int) -> None:
    assert run(Numbers(llm=scripted()), 1, name="seeds", seed=seed).outcome == "complete"
    assert run(Numbers(llm=scripted()), 2, name="seeds", seed=seed).outcome == "complete"


@pytest.mark.parametrize("words", [["--seed", str(2**64)], ["-n", str(LARGE)], ["--concurrency", str(LARGE)]])
def test_the_command_says_so_with_status_2(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "numbers.py").write_text(
        "from seedbed import GeneratorTask\n"
        "class Numbers(GeneratorTask):\n"
        "    template: str = '{{ n }}'\n"
        "    big: int = 0\n"
        "    def sample(self, index, rng):\n"
        "        return {'n': index}\n"
    )
    words = ["run", "numbers.py:Numbers", "--llm", "llamacpp/smollm2-135m", "-n", "1", *words]

    assert invoke(words) == 2
    assert "bits" in capsys.readouterr().err


class Unlucky(LocalEngine):
    """Cannot be made."""

    def __init__(self, job: Any) -> None:
        super().__init__(job)
        raise RuntimeError("no engine")


def test_a_start_that_fails_leaves_no_run_locked(monkeypatch: pytest.MonkeyPatch) -> None:
    # The error is kept, as notebooks do: what its frames hold lives on.
    plan = make_plan(Numbers(llm=scripted()), n=1)
    with pytest.raises(RuntimeError) as kept:
        open_session(plan, name="unlucky", engine=Unlucky)

    unserialisable = make_plan(Numbers(llm=scripted()), n=1)
    with pytest.raises(TypeError) as also_kept:
        open_session(unserialisable, name="unlucky", order={"odd": object()}).execute()

    assert run(Numbers(llm=scripted()), 1, name="unlucky").outcome == "complete"
    assert kept.value is not also_kept.value
