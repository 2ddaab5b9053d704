"""Distributions that exist as dist-info folders and modules in a temporary folder on `sys.path`."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from seedbed.plugins.policy import Policy
from seedbed.plugins.registry import Registry
from seedbed.plugins.scan import Installed, scan

LLM_MODULE = textwrap.dedent("""
    from seedbed.hookspecs import hookimpl
    from seedbed.llm.llm import LLM

    class FakeLLM(LLM):
        async def respond(self, request):
            raise NotImplementedError

    @hookimpl
    def seedbed_llm(name):
        return FakeLLM
""")

TASK_MODULE = textwrap.dedent("""
    from seedbed.hookspecs import hookimpl
    from seedbed.tasks.steps import Step
    from seedbed.tasks.generator_task import GeneratorTask

    class FakeTask(GeneratorTask):
        instruction: str = "Write."

        def process(self, offset=0):
            yield {"text": self.instruction}

        @property
        def outputs(self):
            return ["text"]

        def format_output(self, output, input):
            return {"text": output}

    class FakeStep(Step):
        def process(self, row):
            return row

    @hookimpl
    def seedbed_task(name):
        return FakeTask

    @hookimpl
    def seedbed_step(name):
        return FakeStep
""")


class Site:
    """A folder of fake installed distributions, and sources of modules for them."""

    llm_module = LLM_MODULE
    task_module = TASK_MODULE

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)

    def install(
        self,
        distribution: str,
        entry_points: Mapping[str, Mapping[str, str]],
        modules: Mapping[str, str] | None = None,
        *,
        version: str = "1.0",
        requires: Sequence[str] = (),
        metadata: str | None = None,
    ) -> None:
        """Write a distribution: `{group: {name: value}}`, and `{module: source}`."""
        info = self.folder / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        lines = [f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}"]
        lines += [f"Requires-Dist: {requirement}" for requirement in requires]
        (info / "METADATA").write_text(
            metadata or "\n".join([*lines, "\nThe description: never a header.\n"])
        )
        sections = (
            f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in names.items())
            for group, names in entry_points.items()
        )
        (info / "entry_points.txt").write_text("\n".join(sections))
        for module, source in (modules or {}).items():
            path = self.folder / f"{module.replace('.', '/')}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(source))

    def install_llm(self, name: str, source: str = LLM_MODULE, *, requires: Sequence[str] = ()) -> None:
        """Write the distribution `dist-NAME` with one LLM backend in the module `mod_NAME`."""
        module = f"mod_{name.replace('-', '_')}"
        self.install(f"dist-{name}", {"seedbed.llms": {name: module}}, {module: source}, requires=requires)

    def scan(self) -> tuple[Installed, ...]:
        """Return what is installed in this folder."""
        return tuple(found for found in scan(refresh=True) if Path(found.location) == self.folder)

    def registry(self, policy: Policy | None = None) -> Registry:
        """Return a registry of what is installed in this folder."""
        return Registry(self.scan(), policy or Policy())


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """An importable folder of fake distributions; whatever was imported from it is forgotten."""
    before = set(sys.modules)
    made = Site(tmp_path / "site")
    sys.path.insert(0, str(made.folder))
    yield made
    sys.path.remove(str(made.folder))
    for name in set(sys.modules) - before:
        if str(made.folder) in (getattr(sys.modules[name], "__file__", None) or ""):
            del sys.modules[name]
    scan(refresh=True)
