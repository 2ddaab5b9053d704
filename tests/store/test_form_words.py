"""Words for ways to train lead to the form that is meant, and rows without a part to the step that helps."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from seedbed import DatasetError, UsageError
from seedbed.store.formats import format_of
from seedbed.store.training import TrainingRows, check_form
from seedbed.store.training_forms import FORMS, MEANT


@pytest.mark.parametrize(
    ("word", "form"), [("dpo", "preference"), ("SFT", "chat"), ("orpo", "preference"), ("rm", "reward")]
)
def test_a_way_to_train_is_no_form_but_tells_which_is_meant(word: str, form: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_form(word)
    assert caught.value.fact == f"there is no form {word!r}"
    assert caught.value.advice[0] == f"did you mean {form!r}?"


def test_every_word_means_a_form_and_is_none() -> None:
    assert {*MEANT.values()} <= {*FORMS}
    assert not {*MEANT} & {*FORMS}


def test_a_part_that_is_none_names_the_step_and_the_option_that_leave_it_out() -> None:
    rows = [orjson.dumps({"prompt": "a", "chosen": "b", "rejected": last}) for last in ("c", None)]
    with pytest.raises(DatasetError) as caught:
        [*TrainingRows(rows, "preference")]
    assert caught.value.fact == "row 2: column 'rejected' is None"
    assert "- {use: filter, with: {keep: rejected != None}}" in caught.value.advice[0]
    assert "--where 'rejected != None'" in caught.value.advice[1]


def test_an_unknown_ending_lists_each_ending_once() -> None:
    with pytest.raises(UsageError) as caught:
        format_of(Path("rows.xyz"), "write")
    endings = caught.value.advice[-1].removeprefix("use one of ").split(", ")
    assert len(endings) == len({*endings}) > 5
