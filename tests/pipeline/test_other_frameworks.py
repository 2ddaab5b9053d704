from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from tests.support.steps import plain

from seedbed import ParameterError, Pass, Pipeline, Step, UsageError, arun, plan, preview, run, when


@pytest.mark.parametrize("steps", ["mine", Pass(), 3, [Pass], ["pass"], None])
def test_what_is_no_list_of_steps_is_refused_where_it_is_written(steps: Any) -> None:
    with pytest.raises(UsageError) as caught:
        Pipeline(steps)

    assert caught.value.advice


def test_a_class_in_place_of_a_step_is_told_to_be_called() -> None:
    with pytest.raises(UsageError) as caught:
        Pipeline([Pass])  # type: ignore[list-item]

    assert "Pass()" in caught.value.advice[0]


@pytest.mark.parametrize(
    "join",
    [
        lambda: Pass() >> Pass,
        lambda: Pass >> Pass(),
        lambda: Pass() >> [Pass(), Pass],
        lambda: Pipeline() >> Pass,
    ],
)
def test_a_class_that_is_joined_is_told_to_be_called(join: Callable[[], Any]) -> None:
    with pytest.raises(UsageError) as caught:
        join()

    assert caught.value.advice == ("make a step of it: Pass()",)


def shout(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"loud": True}


@pytest.mark.parametrize(
    "join",
    [
        lambda: run(shout, n=1),  # type: ignore[arg-type]
        lambda: Pass() >> shout,  # type: ignore[operator]
        lambda: shout >> Pass(),  # type: ignore[operator]
        lambda: Pass() >> [Pass(), when("n > 1", shout)],  # type: ignore[arg-type]
    ],
)
def test_a_function_is_told_to_be_called_by_a_step_and_the_step_works(join: Callable[[], Any]) -> None:
    with pytest.raises(UsageError, match="'shout' is a function, not a step") as caught:
        join()

    here = {"Step": Step, "shout": shout}
    exec("\n".join(caught.value.advice[1:]), here)
    made = run(here["MyStep"](), input=[{"n": 1}])  # type: ignore[operator]
    assert list(made.rows()) == [{"n": 1, "loud": True}]


@pytest.mark.parametrize(
    "join",
    [
        lambda: Pass() >> "dedup-near",  # type: ignore[operator]
        lambda: "dedup-near" >> Pass(),  # type: ignore[operator]
        lambda: Pipeline(["dedup-near"]),  # type: ignore[list-item]
    ],
)
def test_a_name_that_is_joined_is_told_to_be_looked_up(join: Callable[[], Any]) -> None:
    with pytest.raises((TypeError, UsageError)) as caught:
        join()

    assert str(caught.value).splitlines()[1] == "  make a step of it: get_step('dedup-near')"


def test_a_pipeline_may_have_a_name_and_no_steps_yet() -> None:
    (step,) = plain("a")

    assert (Pipeline(name="mine") >> step).name == "mine"


def test_with_says_how_steps_are_joined() -> None:
    made: Any = Pipeline()

    with pytest.raises(UsageError) as caught, made:
        pass

    assert ">>" in caught.value.advice[0]


@pytest.mark.parametrize("owner", [Pass(), Pipeline()])
def test_connect_says_how_steps_are_joined_and_is_no_attribute(owner: Any) -> None:
    with pytest.raises(AttributeError) as caught:
        owner.connect(Pass())

    assert ">>" in str(caught.value)
    assert not hasattr(owner, "connect")
    assert not hasattr(owner, "nothing")


@pytest.mark.parametrize(("option", "instead"), [("parameters", "field"), ("dataset", "input")])
def test_options_of_other_frameworks_name_ours(option: str, instead: str) -> None:
    with pytest.raises(UsageError) as caught:
        Pipeline([Pass()]).run(**{option: {}})

    assert instead in caught.value.advice[0]


def test_run_names_options_of_other_frameworks_too_and_no_others() -> None:
    options: dict[str, Any] = {"parameters": {"step": {"count": 1}}}
    with pytest.raises(UsageError, match="'parameters'") as caught:
        run(Pass(), **options)
    assert "MyStep(field=1)" in caught.value.advice[0]

    options = {"nothing": 1}
    with pytest.raises(TypeError, match="nothing"):
        run(Pass(), **options)


@pytest.mark.parametrize("make", [run, plan, preview, arun])
def test_a_parameter_of_a_task_or_an_llm_that_is_given_to_a_run_is_told_where_it_goes(
    make: Callable[..., Any],
) -> None:
    with pytest.raises(TypeError) as caught:
        _awaited(make("qa-pairs", lines=3))

    first, task, llm = str(caught.value).splitlines()
    assert first == f"{make.__name__}() got an unexpected keyword argument 'lines'"
    assert "get_task('qa-pairs', lines=...)" in task
    assert "get_llm('BACKEND/MODEL', lines=...)" in llm


def test_an_option_of_a_dataset_that_is_given_to_a_run_names_the_output() -> None:
    options: dict[str, Any] = {"form": "chat"}
    with pytest.raises(TypeError, match=r"out=Output\('FILE', form=...\)"):
        run(Pass(), **options)


def test_a_misspelt_option_of_a_run_names_the_right_one_and_nothing_else() -> None:
    options: dict[str, Any] = {"max_csot": 1}
    with pytest.raises(TypeError) as caught:
        Pipeline([Pass()]).run(**options)

    assert str(caught.value).splitlines()[1:] == ["  did you mean 'max_cost'?"]


def _awaited(made: Any) -> Any:
    return asyncio.run(made) if asyncio.iscoroutine(made) else made


def test_fields_of_other_frameworks_are_refused_unless_a_step_has_them() -> None:
    class Batched(Pass):
        input_batch_size: int = 1

    options: dict[str, Any] = {"input_batch_size": 50}

    with pytest.raises(ParameterError, match="one row at a time"):
        Pass(**options)
    assert Batched(**options).input_batch_size == 50
