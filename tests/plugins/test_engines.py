"""Engines are resolved by name as tasks and backends are."""

from __future__ import annotations

import pytest

from seedbed import Engine, GeneratorStep, Registry, run
from seedbed.engine.local import LocalEngine
from seedbed.errors import BrokenPluginError, UnknownPluginError, UsageError

ENGINE = """
    from seedbed import Engine, hookimpl

    class NoEngine(Engine):
        async def make_rows(self): return True
        def drain(self): ...
        def cancel(self): ...

    @hookimpl
    def seedbed_engine(name):
        return NoEngine
"""


class Three(GeneratorStep):
    def process(self, offset=0):
        yield from ({"n": n} for n in range(3))


@pytest.fixture
def registry(site):
    site.install("dist-none", {"seedbed.engines": {"none": "mod_none"}}, {"mod_none": ENGINE})
    return site.registry()


def test_a_run_asks_for_an_engine_by_name(registry):
    made = run(Three(), engine="none", registry=registry)

    assert issubclass(registry.engine("none"), Engine)
    assert (made.outcome, made.accepted) == ("complete", 0)


def test_a_run_that_names_none_has_the_one_that_is_built_in(registry):
    assert run(Three(), registry=registry).accepted == 3


def test_an_unknown_engine_is_answered_with_those_that_are_there(registry):
    with pytest.raises(UnknownPluginError, match="no engine named 'nome'") as caught:
        run(Three(), engine="nome", registry=registry)
    assert caught.value.advice == (
        "did you mean 'none'?",
        "leave it out to use the built-in engine",
        "installed engines: none",
    )


def test_a_class_that_is_no_engine_is_a_broken_plugin(site):
    source = ENGINE.replace("return NoEngine", "return dict")
    site.install("dist-bad", {"seedbed.engines": {"bad": "mod_bad"}}, {"mod_bad": source})
    with pytest.raises(BrokenPluginError, match="it must return an Engine class"):
        site.registry().engine("bad")


def test_a_class_of_this_process_can_be_added():
    registry = Registry([])
    registry.add(LocalEngine, "here")

    assert run(Three(), engine="here", registry=registry).accepted == 3


def test_a_class_in_a_file_is_an_engine(tmp_path):
    path = tmp_path / "own.py"
    path.write_text(
        "from seedbed.engine.local import LocalEngine\nclass Own(LocalEngine): ...\nclass No: ...\n"
    )

    assert run(Three(), engine=f"{path}:Own").accepted == 3
    with pytest.raises(UsageError, match="does not derive from Engine"):
        run(Three(), engine=f"{path}:No")
