"""Plugins are installed without an installer, into a registry that sees nothing else."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from seedbed import (
    GeneratorTask,
    IncompatiblePluginError,
    Registry,
    Step,
    UnknownPluginError,
    UsageError,
    get_llm,
    get_step,
    get_task,
    run,
)
from seedbed.testing import BlockedRegistry, EchoLLM, FakeSite, fake_distribution

PARROT = """
    from seedbed import LLM, Response, hookimpl

    class ParrotLLM(LLM):
        async def respond(self, request):
            return Response.of_text("Polly!")

    @hookimpl
    def seedbed_llm(name):
        return ParrotLLM
"""


class Colours(GeneratorTask):
    template: str = "Name colour {{ number }}."

    def sample(self, index, rng):
        return {"number": index}


class Shout(Step):
    def process(self, row):
        return {**row, "generation": row["generation"].upper()}


def test_nothing_that_is_installed_is_seen(registry: BlockedRegistry) -> None:
    assert registry.entries() == ()
    with pytest.raises(UnknownPluginError):
        registry.llm("openai")


def test_what_is_faked_is_found_by_its_name_and_imported_on_use(registry: BlockedRegistry) -> None:
    registry.fake("seedbed-parrot", {"seedbed.llms": {"parrot": "parrot_llm"}}, {"parrot_llm": PARROT})

    assert [entry.installed.owner for entry in registry.entries()] == ["seedbed-parrot 1.0"]
    assert "parrot_llm" not in sys.modules
    llm = get_llm("parrot/grey", registry=registry)
    assert llm.generate([[{"role": "user", "content": "x"}]]) == [["Polly!"]]


def test_what_was_imported_from_a_site_is_forgotten_with_it(tmp_path: Path) -> None:
    with FakeSite(tmp_path / "site") as site:
        site.install("seedbed-parrot", {"seedbed.llms": {"parrot": "parrot_llm"}}, {"parrot_llm": PARROT})
        Registry(site.scan()).llm("parrot")
        assert "parrot_llm" in sys.modules

    assert "parrot_llm" not in sys.modules
    assert not [found for found in Registry().entries() if found.installed.name == "parrot"]


def test_a_package_without_init_is_forgotten_with_its_site(tmp_path: Path) -> None:
    with FakeSite(tmp_path / "site") as site:
        site.install("seedbed-parrot", {}, {"spaceless.inner": ""})
        importlib.import_module("spaceless.inner")

    assert not {"spaceless", "spaceless.inner"} & set(sys.modules)


def test_only_modules_of_the_site_are_forgotten(tmp_path: Path) -> None:
    near = tmp_path / "site2"
    near.mkdir()
    (near / "neighbour_of_parrots.py").touch()
    with FakeSite(tmp_path / "site"):
        sys.path.insert(0, str(near))
        importlib.import_module("neighbour_of_parrots")
        sys.path.remove(str(near))

    assert sys.modules.pop("neighbour_of_parrots")


def test_a_fake_distribution_has_metadata_that_counts(registry: BlockedRegistry) -> None:
    registry.fake("seedbed-old", {"seedbed.llms": {"old": "old_llm"}}, requires=["seedbed<0.0.1"])

    with pytest.raises(IncompatiblePluginError):
        registry.llm("old")


def test_a_distribution_is_one_that_python_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib.metadata import distribution

    info = fake_distribution(tmp_path, "some-thing", {"a.group": {"x": "module_x"}}, {"module_x": "Y = 1"})
    monkeypatch.syspath_prepend(tmp_path)

    found = distribution("some-thing")
    assert (found.version, info.name) == ("1.0", "some_thing-1.0.dist-info")
    (point,) = found.entry_points
    assert point.load().Y == 1


def test_classes_of_a_notebook_are_run_by_name(registry: BlockedRegistry) -> None:
    for cls, name in [(EchoLLM, "echo"), (Colours, "colours"), (Shout, "shout")]:
        assert registry.add(cls, name) is cls

    colours = get_task("colours", registry=registry, llm=get_llm("echo/any", registry=registry))
    rows = list(run(colours >> get_step("shout", registry=registry), 2).rows())

    assert [row["generation"] for row in rows] == ["NAME COLOUR 0.", "NAME COLOUR 1."]
    assert rows[0]["model_name"] == "any"


def test_a_name_that_is_taken_is_refused(registry: BlockedRegistry) -> None:
    registry.fake("seedbed-parrot", {"seedbed.llms": {"parrot": "parrot_llm"}}, {"parrot_llm": PARROT})

    with pytest.raises(UsageError, match=r"'parrot' is taken by seedbed-parrot 1\.0"):
        registry.add(EchoLLM, "parrot")


def test_two_registries_of_one_test_share_nothing(registry: BlockedRegistry, tmp_path: Path) -> None:
    with FakeSite(tmp_path / "other") as site:
        other = BlockedRegistry(site)
        other.fake("seedbed-parrot", {"seedbed.llms": {"parrot": "parrot_llm"}}, {"parrot_llm": PARROT})

        assert [*map(len, (other.entries(), registry.entries()))] == [1, 0]
