"""What steps and LLMs declare that they need: an engine may go by it, and rows don't depend on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest
from tests.support.crews import Here
from tests.support.scripted_llm import prompt, scripted

from seedbed import (
    BaseTask,
    GeneratorTask,
    GlobalStep,
    Job,
    ParameterError,
    Pipeline,
    Resources,
    Step,
    UsageError,
    run,
)

FILE = """\
name: words
llm: {{use: openai/m, resources: {{gpus: 1, replicas: 2}}}}
steps:
  - use: qa-pairs
    with: {{topics: [tides]}}
  - use: judge
    resources: {resources}
"""


class Word(GeneratorTask):
    template: str = "word {{ n }}"

    def sample(self, index: int, rng: Any) -> dict[str, Any]:
        return {"n": index}


class Heavy(Step):
    keeps: ClassVar[bool] = True

    def process(self, row: dict[str, Any]) -> Any:
        return row


class Whole(GlobalStep):
    keeps: ClassVar[bool] = True

    def process(self, rows: Any) -> Any:
        return rows


class Ordered(Heavy):
    ordered: ClassVar[bool] = True


def needed_by(pipeline: Pipeline) -> Resources:
    found: list[Resources] = []

    class Asked(Here):
        places: ClassVar[bool] = True

        def __init__(self, job: Job) -> None:
            super().__init__(job)
            found.append(self.needed_resources())

    made = run(pipeline, 1, engine=Asked)
    assert not [note for note in made.notes if "resources" in note]
    return found[0]


def test_a_worker_needs_what_all_of_its_steps_and_their_models_need_together() -> None:
    llm = scripted(prompt).with_resources(gpus=0.5, replicas=3)
    first, second = Word(llm=llm), Word(name="second", llm=scripted(prompt).with_resources(gpus=0.5))
    heavy = Heavy().with_resources(cpus=1.5, replicas=2, custom={"licence": 1})
    also = Heavy(name="also").with_resources(cpus=2, custom={"licence": 1})

    assert needed_by(first >> heavy >> also) == Resources(cpus=4, gpus=0.5, replicas=3, custom={"licence": 2})
    assert Resources.together(
        [one._resources_declared or Resources() for one in (llm, second.llm)]
    ) == Resources(gpus=1, replicas=3)


def test_a_model_that_several_steps_use_counts_once() -> None:
    steps = [Word(llm=scripted(prompt).with_resources(gpus=1)), Heavy()]
    # A file makes an LLM of its own for each step.
    again = Judge(llm=scripted(prompt).with_resources(gpus=1))
    assert needed_by(Pipeline([*steps, again])).gpus == 1


class Judge(Heavy):
    llm: Any


def test_what_is_not_on_workers_needs_nothing_there() -> None:
    whole, ordered = Whole().with_resources(cpus=8), Ordered().with_resources(gpus=1)
    assert needed_by(Word(llm=scripted(prompt)) >> whole >> ordered) == Resources()


def test_the_built_in_engine_says_that_it_takes_no_notice_and_makes_the_same_rows(tmp_path: Path) -> None:
    plain = run(Word(llm=scripted(prompt)) >> Heavy(), 3, name="words", out=tmp_path / "words.jsonl")
    before = (tmp_path / "words.jsonl").read_bytes()
    placed = Word(llm=scripted(prompt).with_resources(gpus=1)) >> Heavy().with_resources(cpus=4)
    again = run(placed, 3, name="words", out=tmp_path / "words.jsonl")

    assert (plain.notes, plain.calls.answered, again.calls.answered) == ([], 3, 0)
    assert again.notes[0].startswith("step 'word' has `resources`, and this engine takes no notice of them")
    assert (tmp_path / "words.jsonl").read_bytes() == before


@pytest.mark.parametrize(
    ("needed", "said"),
    [
        ({"gpus": 0}, "gpus"),
        ({"cpus": "many"}, "cpus"),
        ({"replicas": 1.5}, "replicas"),
        ({"gpu": 1}, "did you mean 'gpus'"),
        ({"custom": {"GPU": 1}}, "write `gpus` instead of 'GPU'"),
    ],
)
def test_what_does_not_fit_is_refused(needed: dict[str, Any], said: str) -> None:
    for one in (Heavy(), scripted(prompt)):
        with pytest.raises(ParameterError, match="the parameters of the resources of the") as caught:
            one.with_resources(**needed)
        assert said in "\n".join(caught.value.advice)


def test_a_file_declares_them_for_steps_and_llms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    file = tmp_path / "words.yaml"
    file.write_text(FILE.format(resources="{cpus: 4, custom: {licence: 1}}"))
    made = Pipeline.from_file(file)
    first, second = made.steps
    assert isinstance(first, BaseTask)
    assert isinstance(second, BaseTask)

    assert first._resources_declared is None
    assert second._resources_declared == Resources(cpus=4, custom={"licence": 1})
    assert [one.llm._resources_declared for one in (first, second)] == [Resources(gpus=1, replicas=2)] * 2
    written = made.to_yaml()
    again = tmp_path / "again.yaml"
    again.write_text(written)
    assert Pipeline.from_file(again).to_yaml() == written
    assert "licence: 1" in written
    assert "replicas: 2" in written


def test_a_mistake_in_a_file_is_shown_at_its_place(tmp_path: Path) -> None:
    file = tmp_path / "words.yaml"
    file.write_text(FILE.format(resources="{gpus: -1}"))
    with pytest.raises(UsageError, match=r"words\.yaml") as caught:
        Pipeline.from_file(file)
    said = f"{caught.value}\n" + "\n".join(caught.value.advice)
    assert "gpus" in said
    assert "must be more than 0, not -1" in said
