"""What authors override and the framework reads: a fault names the plugin, its line, and what is wanted."""

from __future__ import annotations

import inspect
import re
from abc import abstractmethod
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import pytest
from tests.plugins.conftest import Site

from seedbed import (
    LLM,
    BrokenPluginError,
    GeneratorStep,
    GeneratorTask,
    Response,
    Step,
    Task,
    UsageError,
    get_llm,
    get_step,
    run,
)
from seedbed.engine.resume.code import code_parts
from seedbed.errors import AuthenticationError
from seedbed.llm.guarded_backends import OVERRIDES
from seedbed.plugins.authoring.overrides import Wanted
from seedbed.plugins.catalogue.inspection import check_plugin
from seedbed.plugins.registry import Registry
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.base_task import BaseTask
from seedbed.tasks.guarded_steps import GENERATOR_STEP, GENERATOR_TASK, ROW_STEP, STEP, TASK

THE_FRAMEWORKS_OWN = {"is_admitting", "is_indexed", "noted", "offered", "origin", "untrusted_host"}
"""Properties that are not there to be overridden."""


class Plain(LLM):
    async def respond(self, request: Any) -> Response:
        return Response.of_text("plain")


class Words(Step):
    def process(self, row: Any) -> Any:
        return row


class Numbers(GeneratorStep):
    def process(self, offset: int = 0) -> Iterator[Any]:
        yield {"number": offset}


def cases() -> Iterator[tuple[type, str, Wanted]]:
    yield from ((Plain, name, wanted) for name, wanted in OVERRIDES.items())
    yield from ((Words, name, wanted) for name, wanted in {**STEP, **ROW_STEP}.items())
    yield from ((Numbers, name, wanted) for name, wanted in GENERATOR_STEP.items())
    yield from ((GeneratorTask, name, wanted) for name, wanted in GENERATOR_TASK.items())
    yield from ((Task, name, wanted) for name, wanted in TASK.items())


CASES = [*cases()]


def made(base: type, name: str, given: object) -> Any:
    """Return an object of a class that overrides one thing."""
    cls: Any = type("Mine", (base,), {name: given, "__module__": __name__})
    return cls(**({"model": "m"} if issubclass(cls, LLM) else {}))


def read(owner: Any, name: str, wanted: Wanted) -> object:
    found = getattr(owner, name)
    return found(*[None] * (name == "estimate_tokens")) if wanted.is_method else found


@pytest.mark.parametrize(("base", "name", "wanted"), CASES)
def test_what_raises_is_reported_with_its_line_and_what_is_wanted(
    base: type, name: str, wanted: Wanted
) -> None:
    def broken(self: Any, *arguments: Any) -> Any:
        raise AttributeError("no luck")

    owner = made(base, name, broken if wanted.is_method else property(broken))

    with pytest.raises(BrokenPluginError) as caught:
        read(owner, name, wanted)

    assert f"'Mine' is broken: its `{name}` raised AttributeError: no luck" in caught.value.fact
    assert caught.value.advice[0] == f"raised in {__file__}, line {broken.__code__.co_firstlineno + 1}"
    assert wanted.words in caught.value.advice[-1]


@pytest.mark.parametrize(("base", "name", "wanted"), CASES)
def test_what_is_of_another_type_is_reported_with_what_came(base: type, name: str, wanted: Wanted) -> None:
    def odd(self: Any, *arguments: Any) -> Any:
        return 1.5j

    owner = made(base, name, odd if wanted.is_method else property(odd))

    with pytest.raises(BrokenPluginError) as caught:
        read(owner, name, wanted)

    assert f"its `{name}` returned a complex, not {wanted.words}" in caught.value.fact
    assert caught.value.advice[0] == f"in {__file__}, line {odd.__code__.co_firstlineno}"


@pytest.mark.parametrize(("base", "name", "wanted"), CASES)
def test_a_value_of_the_class_is_looked_at_when_the_class_is_made(
    base: type, name: str, wanted: Wanted
) -> None:
    if wanted.is_method:
        pytest.skip("a method")
    annotation = {"__annotations__": {name: ClassVar[Any]}, "__module__": __name__, name: 1.5j}

    with pytest.raises(UsageError, match=f"`{name}` of 'Mine' is a complex"):
        type("Mine", (base,), annotation)


@pytest.mark.parametrize(
    "owner", [LLM, BaseStep, Step, GeneratorStep, BaseTask, Task, GeneratorTask], ids=lambda cls: cls.__name__
)
def test_every_property_that_may_be_overridden_is_guarded(owner: type) -> None:
    guarded = {name for _, name, _ in CASES}
    properties = {name for name, value in vars(owner).items() if isinstance(value, property)}
    public = {name for name in properties if not name.startswith(("_", "model_"))}

    assert public - THE_FRAMEWORKS_OWN <= guarded


@pytest.mark.parametrize(
    ("given", "came"),
    [
        (None, "None"),
        ("text", "a str"),
        ({"text": True}, "a dict"),
        (["text", 3], "a list with an int in it"),
        (["", 3], "a list with an int in it"),
        ({"text"}, "a set"),
        ((name for name in ["text"]), "a generator"),
        (str, "the class str"),
    ],
)
def test_a_list_of_columns_is_nothing_else(given: object, came: str) -> None:
    owner = made(Words, "outputs", property(lambda self: given))

    with pytest.raises(BrokenPluginError, match=re.escape(f"`outputs` returned {came}, not")) as caught:
        _ = owner.columns

    assert ("['text']" in caught.value.advice[-1]) == (given == "text")


def test_a_method_that_should_be_a_property_is_told_so() -> None:
    with pytest.raises(UsageError, match="is a method, but is read as a property") as caught:

        class Methodical(Words):
            def outputs(self) -> list[str]:  # type: ignore[override]
                return ["text"]

    assert "@property" in caught.value.advice[-1]


@pytest.mark.filterwarnings("ignore:Field name")
def test_a_parameter_cannot_have_the_name_of_what_is_read() -> None:
    with pytest.raises(UsageError, match="parameter 'columns' of 'Chooser'"):

        class Chooser(Words):
            columns: list[str] = []  # type: ignore[assignment]


@pytest.mark.filterwarnings("ignore:Field name")
def test_a_parameter_in_place_of_a_value_of_the_class_is_read() -> None:
    class Ordered(Words):
        ordered: bool = True  # type: ignore[misc]

    assert Ordered(ordered=False).ordered is False
    with pytest.raises(UsageError, match="`ordered` of 'Odd' is None, but must be True or False"):

        class Odd(Words):
            ordered: bool = None  # type: ignore[assignment,misc]


def test_good_overrides_stay_as_they_are() -> None:
    class Good(Words):
        inputs: ClassVar[tuple[str, ...]] = ("a",)  # type: ignore[assignment]

        @cached_property
        def outputs(self) -> list[str]:  # type: ignore[override]
            return [*super().outputs, "b"]

    good = Good()
    assert (good.inputs, good.outputs, good.columns) == (("a",), ["b"], ["b"])
    assert good.outputs is good.outputs


def test_errors_of_ours_pass() -> None:
    def refused(self: Any) -> str:
        raise AuthenticationError("no key")

    with pytest.raises(AuthenticationError, match="no key"):
        _ = made(Plain, "credential_id", property(refused)).limits_key


def test_a_key_in_what_a_backend_raises_is_not_shown() -> None:
    def shown(self: Any) -> str:
        raise RuntimeError(f"cannot use {self.api_key.get_secret_value()}")

    cls: Any = type("Mine", (Plain,), {"endpoint": property(shown), "__module__": __name__})
    with pytest.raises(BrokenPluginError) as caught:
        _ = cls(model="m", api_key="sk-secret-1234").endpoint

    assert "sk-secret-1234" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert "RuntimeError" in caught.value.fact


STEP_MODULE = """
from seedbed import GeneratorStep, LLM, Response, hookimpl

class Numbers(GeneratorStep):
    finite = True

    @property
    def outputs(self):
        return {OUTPUTS}

    def process(self, offset=0):
        yield {"number": 1}

class Backend(LLM):
    @property
    def capabilities(self):
        return {CAPABILITIES}

    async def respond(self, request):
        return Response.of_text("text")

@hookimpl
def seedbed_step(name):
    return Numbers

@hookimpl
def seedbed_llm(name):
    return Backend
"""


def installed(site: Site, outputs: str = "['number']", capabilities: str = "None") -> Registry:
    source = STEP_MODULE.replace("{OUTPUTS}", outputs).replace("{CAPABILITIES}", capabilities)
    points = {"seedbed.steps": {"one": "mod_one"}, "seedbed.llms": {"two": "mod_one"}}
    site.install("dist-one", points, {"mod_one": source}, version="2.0")
    return site.registry()


def test_a_plugin_is_named_by_its_registered_name_and_its_package(site: Site) -> None:
    registry = installed(site, outputs="3")

    with pytest.raises(BrokenPluginError, match=r"the step 'one' of dist-one 2\.0 is broken: its `outputs`"):
        run(get_step("one", registry=registry), registry=registry)
    with pytest.raises(BrokenPluginError, match=r"the LLM backend 'two' of dist-one 2\.0 is broken"):
        get_llm("two/m", registry=registry).generate([[{"role": "user", "content": "hi"}]])


def test_a_backend_that_breaks_in_a_run_stops_it_at_the_first_row(site: Site) -> None:
    class Letter(GeneratorTask):
        template: str = "Write."

    registry = installed(site)
    with pytest.raises(BrokenPluginError, match="its `capabilities` returned None, not Capabilities"):
        run(Letter(), n=50, llm="two/m", registry=registry)


@pytest.mark.slow
def test_a_check_reads_what_a_class_overrides(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(site.folder))
    installed(site, outputs="[self.name, 3]", capabilities="self.nothing")
    results = {claim.name: check_plugin(claim) for claim in site.scan()}

    assert "its `outputs` returned a list with an int in it" in str(results["one"].error)
    assert "its `capabilities` raised AttributeError" in str(results["two"].error)
    assert f"raised in {Path(site.folder) / 'mod_one.py'}, line 17" in str(results["two"].error)


@pytest.mark.slow
def test_a_check_makes_up_what_is_required_and_blames_nobody_for_it(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(site.folder))
    module = """
from seedbed import Step, hookimpl

class Needs(Step):
    words: dict[str, str]
    count: int = "many"
    outputs = property(lambda self: [self.words["nothing"]])
    inputs = property(lambda self: self.count)

    def process(self, row):
        return row

@hookimpl
def seedbed_step(name):
    return Needs
"""
    site.install("dist-one", {"seedbed.steps": {"one": "mod_one"}}, {"mod_one": module})
    (claim,) = site.scan()
    result = check_plugin(claim)

    assert result.error is not None
    assert "`inputs` returned a str" in result.error
    assert "outputs" not in result.error
    assert "the default 'many' of 'count' does not fit" in result.notes[0]


@pytest.mark.slow
def test_a_check_gives_a_task_an_llm_as_a_run_does(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(site.folder))
    module = """
from seedbed import LLM, GeneratorTask, hookimpl

class Judged(GeneratorTask):
    judge: LLM
    outputs = property(lambda self: [self.llm.model_name, self.judge.model_name, self.nothing])

@hookimpl
def seedbed_task(name):
    return Judged

class Named(Judged):
    judge: LLM | None = None
    outputs = property(lambda self: [self.llm.model_name])

@hookimpl
def seedbed_step(name):
    return Named
"""
    points = {"seedbed.tasks": {"one": "mod_one"}, "seedbed.steps": {"two": "mod_one"}}
    site.install("dist-one", points, {"mod_one": module})

    assert [check_plugin(claim).error for claim in site.scan()] == [None, None]


def test_an_abstract_property_stays_abstract() -> None:
    class Base(Words):
        @property
        @abstractmethod
        def outputs(self) -> list[str]: ...

    class Made(Base):
        outputs: ClassVar[list[str]] = ["text"]  # type: ignore[misc]

    with pytest.raises(TypeError, match="abstract"):
        Base()  # type: ignore[abstract]
    assert Made().outputs == ["text"]


def test_a_guard_is_no_part_of_the_code_that_a_run_knows_a_step_by(monkeypatch: pytest.MonkeyPatch) -> None:
    class Guarded(Words):
        @property
        def outputs(self) -> list[str]:
            return ["text"]

    guarded = [*code_parts(Guarded)]
    monkeypatch.setattr(Guarded, "outputs", property(inspect.unwrap(Guarded.outputs.fget)))  # type: ignore[attr-defined]

    assert [*code_parts(Guarded)] == guarded
