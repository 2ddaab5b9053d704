"""Names of steps that a run uses itself for what it keeps of another step."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from tests.support.scripted_llm import scripted

from seedbed import Pass, Task, UsageError, run
from seedbed.cli import invoke
from seedbed.store import RunReader
from seedbed.store.kept_beside import Beside


class Ask(Task):
    template: str = "{{ text }}"


@pytest.mark.parametrize("word", get_args(Beside))
def test_a_step_that_would_share_a_name_with_what_is_kept_of_another_is_refused(word: str) -> None:
    asking = Ask(name="ask", llm=(llm := scripted()))
    with pytest.raises(UsageError, match=f"'ask {word}' has the name under which a run keeps .* step 'ask'"):
        run(asking >> Pass(name=f"ask {word}"), input=[{"text": "tea"}])
    assert not llm.requests


@pytest.mark.parametrize("name", ["other calls", "calls", "ask called", "ask  calls", "two words"])
def test_any_other_name_may_have_several_words(name: str) -> None:
    done = run(Ask(name="ask", llm=scripted("yes")) >> Pass(name=name), input=[{"text": "tea"}], name="named")

    assert done.accepted == 1
    with RunReader.open(done.folder) as reader:
        assert set(reader.count_results()) == {"ask", name}


def test_a_check_of_the_file_says_which_step_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "p.yaml"
    file.write_text("steps:\n  - use: pass\n    name: ask\n  - use: pass\n    name: ask calls\n")

    assert invoke(["check", str(file)]) == 2

    assert "p.yaml:5:" in (said := capsys.readouterr().out)
    assert "'ask calls' has the name under which a run keeps what belongs to step 'ask'" in said
