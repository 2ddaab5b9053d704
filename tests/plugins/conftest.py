"""Distributions that exist as dist-info folders and modules in a temporary folder on `sys.path`."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from seedbed.plugins.policy.policy import Policy
from seedbed.plugins.registry import Registry
from seedbed.testing import FakeSite

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


class Site(FakeSite):
    """A folder of fake installed distributions, and sources of modules for them."""

    llm_module = LLM_MODULE
    task_module = TASK_MODULE

    def install_llm(self, name: str, source: str = LLM_MODULE, *, requires: Sequence[str] = ()) -> None:
        """Write the distribution `dist-NAME` with one LLM backend in the module `mod_NAME`."""
        module = f"mod_{name.replace('-', '_')}"
        self.install(f"dist-{name}", {"seedbed.llms": {name: module}}, {module: source}, requires=requires)

    def registry(self, policy: Policy | None = None) -> Registry:
        """Return a registry of what is installed in this folder."""
        return Registry(self.scan(), policy or Policy())


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """An importable folder of fake distributions; whatever was imported from it is forgotten."""
    with Site(tmp_path / "site") as made:
        yield made
