"""The branches of a row: known apart, and one row where it matters."""

from __future__ import annotations

import gc
import weakref

from seedbed.llm.calling.scope import CallScope


def test_a_call_that_is_cancelled_in_a_branch_of_a_branch_cuts_the_row():
    scope = CallScope(0, "step", "row")
    scope.of_task().labelled("critic").is_cut = True
    assert scope.is_cut


def test_what_is_asked_in_a_branch_is_noted_with_its_row():
    scope = CallScope(0, "step", "row")
    scope.asked = []
    scope.of_task().labelled("critic").note(b"digest", 1, ())
    assert [(asked.digest, asked.k) for asked in scope.asked] == [(b"digest", 1)]


def test_equal_calls_of_two_branches_are_two_calls():
    scope = CallScope(0, "step", "row")
    first, second = scope.of_task(), scope.of_task()
    branches = [
        scope,
        first,
        second,
        first.of_task(),
        second.of_task(),
        scope.labelled("a"),
        first.labelled("a"),
    ]
    assert len({branch.digest(b"asked") for branch in branches}) == len(branches)
    assert len({branch.derive_seed(0) for branch in branches}) == len(branches)


def test_tasks_that_a_call_starts_are_no_branches():
    scope = CallScope(0, "step", "row")
    scope.asking += 1
    assert scope.of_task() is scope
    scope.asking -= 1
    assert scope.of_task() is not scope


def test_of_equal_calls_each_has_its_number():
    scope = CallScope(0, "step", "row")
    assert [scope.count(digest) for digest in (b"a", b"a", b"b", b"a")] == [0, 1, 0, 2]


class Text(str):
    """A text that can be watched."""


def test_a_scope_and_its_prompts_go_without_a_search_for_cycles():
    text = Text("a prompt of a megabyte")
    watched = weakref.ref(text)
    scope = CallScope(7, "step", "3")
    scope.asked = []
    scope.note(b"digest", 0, ({"role": "user", "content": text},))
    scope.note_reask()
    gc.disable()
    try:
        del text, scope
        assert watched() is None
    finally:
        gc.enable()
