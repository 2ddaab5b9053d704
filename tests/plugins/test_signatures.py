"""Methods that the framework cannot call are found when their class is made, with what to write."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any, ClassVar

import pytest

from seedbed import (
    LLM,
    CombineStep,
    Engine,
    GeneratorStep,
    GeneratorTask,
    GlobalStep,
    Response,
    Step,
    Task,
    UsageError,
)


def made(base: type, name: str, method: Callable[..., Any], **more: Any) -> type:
    annotations = dict.fromkeys(more, "ClassVar[Any]")
    values = {name: method, **more, "__module__": __name__, "__annotations__": annotations}
    return type("Mine", (base,), values)


async def acall(self: Any, given: Any) -> Any:
    return given


def ayields(self: Any, given: Any) -> Any:
    yield given


WRONG: list[tuple[type, str, Callable[..., Any], str]] = [
    (GeneratorTask, "sample", lambda self, index: {}, "def sample(self, index, rng):"),
    (GeneratorTask, "sample", lambda self: {}, "def sample(self, index, rng):"),
    (GeneratorTask, "sample", lambda self, index, rng, accepted: {}, "def sample(self, index, rng):"),
    (GeneratorTask, "sample", lambda self, index, *, rng: {}, "def sample(self, index, rng):"),
    (GeneratorTask, "format_input", lambda self: [], "def format_input(self, input):"),
    (Task, "format_input", acall, "def format_input(self, input):"),
    (Task, "format_output", lambda self, output: {}, "def format_output(self, output, input):"),
    (Task, "generate_row", lambda self: {}, "async def generate_row(self, input):"),
    (Task, "generate_row", ayields, "async def generate_row(self, input):"),
    (Task, "process", acall, "def process(self, row):"),
    (Step, "process", lambda self: {}, "def process(self, row):"),
    (Step, "process", lambda self, row, more: {}, "def process(self, row):"),
    (Step, "process", acall, "def process(self, row):"),
    (Step, "process", ayields, "def process(self, row):"),
    (Step, "load", lambda self, path: None, "def load(self):"),
    (GlobalStep, "process", lambda self: [], "def process(self, rows):"),
    (GlobalStep, "process", acall, "def process(self, rows):"),
    (CombineStep, "process", lambda self, rows: [], "def process(self, *inputs):"),
    (GeneratorStep, "process", lambda self, offset: [], "def process(self, offset=0):"),
    (GeneratorStep, "admit", lambda self, row: None, "def admit(self, row, accepted):"),
    (Engine, "make_rows", ayields, "async def make_rows(self):"),
    (Engine, "drain", acall, "def drain(self):"),
    (LLM, "respond", ayields, "async def respond(self, request):"),
    (LLM, "check", lambda self, model: None, "async def check(self):"),
    (LLM, "estimate_tokens", lambda self: 3, "def estimate_tokens(self, request):"),
]


@pytest.mark.parametrize(("base", "name", "method", "head"), WRONG)
def test_a_method_that_cannot_be_called_is_found_when_its_class_is_made(
    base: type, name: str, method: Callable[..., Any], head: str
) -> None:
    with pytest.raises(UsageError, match=f"`{name}` of 'Mine'") as caught:
        made(base, name, method)

    assert f"in {__file__}, line {method.__code__.co_firstlineno}" in caught.value.advice
    assert f"write `{head}`" in caught.value.advice


def test_an_async_respond_with_another_number_of_arguments_is_found_too() -> None:
    async def respond(self: Any) -> Response:
        return Response.of_text("x")

    with pytest.raises(
        UsageError, match=r"takes \(self: 'Any'\) -> 'Response', and is called with \(request\)"
    ):
        made(LLM, "respond", respond)


def test_a_task_with_feedback_is_given_earlier_rows() -> None:
    with pytest.raises(UsageError) as caught:
        made(GeneratorTask, "sample", lambda self, index, rng: {}, feedback=5)

    assert "write `def sample(self, index, rng, accepted):`" in caught.value.advice
    made(GeneratorTask, "sample", lambda self, index, rng, accepted: {}, feedback=5)


def test_a_seekable_generator_is_given_its_offset() -> None:
    def process(self: Any) -> Iterator[Any]:
        yield {}

    made(GeneratorStep, "process", process)
    with pytest.raises(UsageError, match="called with \\(offset\\)"):
        made(GeneratorStep, "process", process, seekable=True)


def test_a_step_that_yields_batches_is_told_that_rows_come_alone() -> None:
    with pytest.raises(UsageError, match="`process` of 'Batches' yields, and has to return") as caught:

        class Batches(Step):
            def process(self, inputs: Any) -> Any:
                for row in inputs:
                    row["length"] = len(row["text"])
                yield inputs

    assert "rows come one at a time, not in batches" in caught.value.advice[-1]


def decorated(method: Callable[..., Awaitable[Any]]) -> Callable[..., Any]:
    @functools.wraps(method)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return method(*args, **kwargs)

    return wrapper


def test_what_can_be_called_is_left_alone() -> None:
    class Both(LLM):
        @decorated
        async def respond(self, request: Any, more: int = 3) -> Response:
            return Response.of_text("x")

        def check(self) -> Awaitable[None]:  # type: ignore[override]
            return super().check()

    class Static(GeneratorTask):
        sampled: ClassVar[tuple[str, ...]] = ("index",)

        @staticmethod
        def sample(index: int, rng: Any) -> dict[str, Any]:  # type: ignore[override]
            return {"index": index}

    class Anything(Step):
        def process(self, *rows: Any, **more: Any) -> Any:
            return rows[0]

    class Yielding(GlobalStep):
        def process(self, rows: Iterable[Any]) -> Iterable[Any]:
            yield from rows

    assert Static().variables(3) == {"index": 3}
