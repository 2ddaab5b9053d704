"""A task may need no LLM with some parameters: it runs without one, and says nothing of a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest

from seedbed import GeneratorTask, Reject, UsageError, run
from seedbed.cli.run.planning import plan_of, run_options
from seedbed.engine.plan_making import make_plan
from seedbed.plugins.registry import Registry
from seedbed.testing import EchoLLM


class Dice(GeneratorTask):
    """Throws of a die, with a comment if one is wanted."""

    comment: bool = False
    template: str = "Comment on {{ throw }}"
    sampled: ClassVar[tuple[str, ...]] = ("throw",)

    @property
    def needs_llm(self) -> bool:
        return self.comment

    @property
    def outputs(self) -> list[str]:
        return ["throw", *(["comment"] if self.comment else [])]

    @property
    def only_samples(self) -> bool:
        return not self.comment

    def sample(self, index: int, rng: Any) -> dict[str, Any]:
        if (throw := rng.randint(1, 7)) == 7:
            raise Reject("off the table")
        return {"throw": throw, "_hand": "left"}

    async def generate_row(self, input: dict[str, Any]) -> dict[str, Any]:
        return {"comment": await self.ask(self.format_input(input))} if self.comment else {}


def test_its_rows_are_made_without_a_model_and_name_none() -> None:
    rows = list(run(Dice(), n=20).rows())

    assert len({row["throw"] for row in rows}) > 2
    assert {tuple(row) for row in rows} == {("throw",)}
    assert Dice().columns == ["throw"]
    assert next(iter(Dice().process())) == [{"throw": rows[0]["throw"]}]


@pytest.mark.parametrize("comment", [False, True])
def test_a_row_that_isnt_wanted_when_it_is_sampled_is_replaced(comment: bool) -> None:
    made = run(Dice(comment=comment), n=60, llm=EchoLLM(model="m") if comment else None)

    assert made.accepted == 60
    assert made.failed == 0
    assert made.rejections == {"off the table": made.rejected}
    assert made.rejected > 0


def test_rows_that_are_only_sampled_are_those_of_their_seed_and_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    task = Dice(output_mappings={"throw": "eyes"})
    few = [row["eyes"] for row in run(task, n=30, seed=4, name="r").rows()]
    more = [row["eyes"] for row in run(task, n=90, seed=4, name="r").rows()]
    whole = [row["eyes"] for row in run(task, n=90, seed=4).rows()]

    assert more[:30] == few
    assert more == whole


def test_with_other_parameters_it_needs_one_as_ever() -> None:
    with pytest.raises(UsageError, match="no LLM"):
        run(Dice(comment=True), n=1)

    (row,) = run(Dice(comment=True), n=1, llm=EchoLLM(model="m")).rows()

    assert [*row] == ["throw", "comment", "model_name"]


def test_a_model_that_it_does_not_ask_is_no_part_of_the_plan() -> None:
    plan = make_plan(Dice(llm=EchoLLM(model="m")), n=1)

    assert plan.backends == []


def test_the_command_takes_it_from_a_pipeline_file_and_refuses_a_model_for_nothing(
    tmp_path: Path,
) -> None:
    code = Path(__file__).read_text().partition("\n\ndef test")[0]
    (tmp_path / "dice.py").write_text(code)
    file = tmp_path / "dice.yaml"
    file.write_text("steps:\n  - use: dice.py:Dice\n")
    allowed = {"allow_code": (tmp_path / "dice.py",), "what": str(file), "n": 2, "input": None}

    assert plan_of(run_options(settings=(), llm=None, **allowed), Registry()).llms == []
    with pytest.raises(UsageError, match=r"no step of .* would use --llm"):
        plan_of(run_options(settings=(), llm="llamacpp/smollm2-135m", **allowed), Registry())
