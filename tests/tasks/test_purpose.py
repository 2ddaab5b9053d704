"""What a class says of itself is read from its class variables, and checked when the class is defined."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

from seedbed import Citation, Example, GeneratorTask, Task, UsageError
from seedbed.engine.resume.code import code_parts
from seedbed.tasks.description.purpose import Purpose, citation_text, purpose_of

PAPER = Citation("On Tides", ("Ada Lovelace",), 1843, url="https://example.com/tides")


class Tides(GeneratorTask):
    """Writes about tides."""

    goals = ("sft", "retrieval")
    keywords = ("sea",)
    citation = (PAPER, "@misc{other}")
    example = Example({"topic": "ebb"})

    template: str = "Write about {{ topic }}."
    topic: str = "tides"


def test_a_class_says_what_it_is_for() -> None:
    assert purpose_of(Tides) == Purpose(
        ("sft", "retrieval"), ("sea",), (PAPER, "@misc{other}"), Example({"topic": "ebb"})
    )
    assert [citation_text(one) for one in purpose_of(Tides).citations] == [PAPER.bibtex(), "@misc{other}"]


def test_a_class_need_not_say_anything() -> None:
    assert purpose_of(GeneratorTask) == Purpose()


def test_a_derived_class_says_the_same_unless_it_says_otherwise() -> None:
    class Waves(Tides):
        goals = ("math",)

    assert purpose_of(Waves) == purpose_of(Tides)._replace(goals=("math",))


def test_authors_may_use_the_names_for_their_own_parameters_and_methods() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")

        class Own(Task):
            template: str = "{{ goals }} {{ text }}"
            goals: list[str] = ["win"]  # type: ignore[misc]
            keywords: dict[str, int] = {"a": 1}  # type: ignore[misc]

            @property
            def citation(self) -> int:  # type: ignore[override]
                return 1

            def example(self) -> str:  # type: ignore[override]
                return "x"

    assert purpose_of(Own) == Purpose()
    assert Own(goals=["lose"]).format_input({"text": "t"})[0]["content"] == "['lose'] t"


def test_what_a_class_says_of_itself_makes_no_row_again() -> None:
    def parts(**said: Any) -> list[bytes]:
        cls = type("Same", (GeneratorTask,), {"__module__": __name__, "template": "x", **said})
        return list(code_parts(cls))

    plain = {"__annotations__": {"template": str}}
    said = {"goals": ("sft",), "keywords": ("a",), "citation": PAPER, "example": Example()}
    assert parts(**plain) == parts(**plain, **said)
    assert parts(**plain) != parts(**plain, example=lambda self: 1)


@pytest.mark.parametrize(
    ("said", "fact", "advice"),
    [
        ({"goals": ("sftt",)}, "`goals` of 'Odd' has the unknown goal 'sftt'", "did you mean 'sft'?"),
        ({"goals": "sft"}, "`goals` of 'Odd' is a str", 'write `goals = ("sft", "retrieval")`'),
        ({"goals": (["sft"],)}, "`goals` of 'Odd' is a tuple", "write"),
        ({"keywords": "sea"}, "`keywords` of 'Odd' is a str", "write"),
        ({"citation": 2212.1056}, "`citation` of 'Odd' is a float", "write `citation = Citation("),
        ({"example": {"topic": "ebb"}}, "`example` of 'Odd' is a dict", "write `example = Example("),
    ],
)
def test_what_nobody_could_read_is_refused_when_the_class_is_defined(
    said: dict[str, Any], fact: str, advice: str
) -> None:
    with pytest.raises(UsageError) as caught:
        type("Odd", (GeneratorTask,), {"__module__": __name__, **said})

    assert fact in caught.value.fact
    assert any(line.startswith(advice) for line in caught.value.advice)


@pytest.mark.parametrize(
    ("wrong", "fact"),
    [
        ({"rows": {"text": "one"}}, "aren't a list of rows"),
        ({"rows": ["one"]}, "aren't a list of rows"),
        ({"n": 0}, "0 rows"),
        ({"files": {"../a.txt": "x"}}, "'../a.txt' of an example is outside"),
        ({"files": {"/etc/a": "x"}}, "'/etc/a' of an example is outside"),
    ],
)
def test_an_example_that_cannot_run_is_refused(wrong: dict[str, Any], fact: str) -> None:
    with pytest.raises(UsageError, match=fact):
        Example(**wrong)
