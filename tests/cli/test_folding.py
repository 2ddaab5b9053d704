from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cli.conftest import Result
from tests.support.terminal import terminal

from seedbed.cli import invoke
from seedbed.cli.preview.folding import PromptFolder

Seedbed = Callable[..., Result]

SHARED = [f"Rule {number} of many." for number in range(6)]


def lines_of(text: str) -> list[str]:
    return [part for line in text.splitlines() for part in textwrap.wrap(line, 40) or [""]]


def folded(*prompts: str) -> list[list[str]]:
    folder = PromptFolder(lines_of)
    return [[line.text for line in folder.folded(f"row {n}", prompt)] for n, prompt in enumerate(prompts)]


def test_the_first_prompt_is_whole_and_the_next_shows_what_differs() -> None:
    first, second = ("\n".join([*SHARED, f"Write about {topic}.", *SHARED]) for topic in ("tea", "salt"))
    assert folded(first, second) == [
        first.splitlines(),
        ["… 6 lines as in row 0", "Write about salt.", "… 6 lines as in row 0"],
    ]


def test_equal_prompts_of_one_row_are_one_line() -> None:
    folder = PromptFolder(lines_of)
    prompt = "\n".join(SHARED)
    assert len(folder.folded("row 0", prompt)) == 6
    assert [line.text for line in folder.folded("row 0", prompt)] == ["… 6 lines as above"]


def test_a_short_prompt_is_not_folded() -> None:
    assert folded("Be brief.\nOn tea.", "Be brief.\nOn salt.")[1] == ["Be brief.", "On salt."]


def test_within_a_long_line_only_the_place_that_differs_is_shown() -> None:
    before, after = "word " * 60, " more" * 60
    second = folded(f"{before}about tea,{after}", f"{before}about salt,{after}")[1]
    assert second[0].startswith("… ")
    assert second[-1].startswith("… ")
    assert "about salt," in " ".join(second)
    assert len(second) < 6


def test_marks_of_neighbouring_lines_are_one() -> None:
    rest = "\n".join(["and more " * 20, *SHARED])
    second = folded(f"On tea. {rest}", f"On salt. {rest}")[1]
    assert [line for line in second if line.startswith("… ")] == second[-1:]
    assert second[0].startswith("On salt.")


def test_lines_that_a_prompt_lacks_are_told() -> None:
    second = folded("\n".join([*SHARED, "An example:", "{}", *SHARED]), "\n".join([*SHARED, *SHARED]))[1]
    assert second == ["… 6 lines as in row 0", "… 2 lines in row 0, not here", "… 6 lines as in row 0"]


def test_a_prompt_of_another_step_is_compared_with_its_own_kind() -> None:
    write, judge = "\n".join(SHARED), "\n".join(f"Judge by {number}." for number in range(6))
    *_, third, fourth = folded(f"{write}\ntea", f"{judge}\ntea", f"{write}\nsalt", f"{judge}\nsalt")
    assert third == ["… 6 lines as in row 0", "salt"]
    assert fourth == ["… 6 lines as in row 1", "salt"]


_TEXTS = st.lists(st.sampled_from(["a rule", "another rule", "", "x " * 80, "tea", "salt"]), max_size=30)


@given(st.lists(_TEXTS.map("\n".join), max_size=5))
def test_folding_hides_nothing_that_was_not_shown_before(prompts: list[str]) -> None:
    shown: set[str] = set()
    for whole, parts in zip(prompts, folded(*prompts), strict=True):
        own = set(lines_of(whole))
        kept = {part for part in parts if not part.startswith("… ")}
        words = {word for line in own for word in line.split()}
        assert words <= {word for line in shown | kept for word in line.split()}
        assert len(parts) <= len(lines_of(whole))
        shown |= kept


RULES = "\\n".join(SHARED)


@pytest.fixture
def long_task(folder: Path) -> None:
    Path("long.py").write_text(
        "from seedbed import GeneratorTask\n"
        "class Long(GeneratorTask):\n"
        f"    template: str = '{RULES}\\nOn {{{{ topic }}}}.'\n"
        "    def sample(self, index, rng):\n"
        "        return {'topic': ('tea', 'salt', 'wool')[index % 3]}\n"
    )


COMMAND = ("preview", "long.py:Long", "--llm", "t.py:Echo/m", "-n", "2")


def shown_on_terminal(*args: str) -> str:
    with terminal() as screen:
        invoke(args)
    return screen.text


@pytest.mark.slow
@pytest.mark.usefixtures("long_task")
def test_on_a_terminal_the_second_prompt_is_folded_and_labels_have_colours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    text = shown_on_terminal(*COMMAND)
    assert text.count("Rule 3 of many.") == 1
    assert "\x1b[90m… 6 lines as in row 0\x1b[0m\n  On salt.\n" in text
    assert "\x1b[36m\x1b[1muser\x1b[0m\n" in text
    assert "\x1b[32mtopic:\x1b[0m salt\n" in text
    assert "--full shows them whole" in text


@pytest.mark.usefixtures("long_task")
@pytest.mark.parametrize("option", ["--full", "--json"])
def test_prompts_are_whole_on_a_terminal_where_that_is_asked_for(option: str) -> None:
    text = shown_on_terminal(*COMMAND, option)
    assert text.count("Rule 3 of many.") == 2
    assert "…" not in text


@pytest.mark.usefixtures("long_task")
def test_piped_output_holds_every_prompt_whole_and_no_colour(seedbed: Seedbed) -> None:
    result = seedbed(*COMMAND)
    assert result.out.count("Rule 3 of many.") == 2
    assert "\x1b" not in result.out
    assert "--full" not in result.err


def test_prompts_of_several_steps_name_their_step(seedbed: Seedbed) -> None:
    Path("judge.py").write_text(
        "from seedbed import Task\nclass Judge(Task):\n"
        "    template: str = 'Grade: {{ haiku }}'\n    output_column: str = 'grade'\n"
    )
    Path("p.yaml").write_text(
        "steps:\n  - {use: t.py:Haiku, name: poem}\n  - {use: judge.py:Judge, name: judge}\n"
    )
    out = seedbed(
        "preview",
        "p.yaml",
        "--llm",
        "t.py:Echo/m",
        "-n",
        "1",
        "--allow-code",
        "t.py",
        "--allow-code",
        "judge.py",
    ).out
    assert out.index("user · poem\n") < out.index("user · judge\n")
    assert (
        " · "
        not in seedbed("preview", "t.py:Haiku", "--llm", "t.py:Echo/m", "-n", "1").out.split("answer")[0]
    )


def test_a_row_that_is_not_in_the_dataset_says_so_in_its_title(seedbed: Seedbed) -> None:
    out = seedbed("preview", "t.py:Picky", "--llm", "t.py:Echo/m", "-n", "1").out
    assert "── row 0 · rejected ─" in out
    assert "── row 1 ──" in out
