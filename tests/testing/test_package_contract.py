"""The contract of packages fails exactly the test that names a fault, and a sound package passes."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from seedbed import UsageError
from seedbed.testing import FakeSite, PackageContract
from seedbed.testing.packages.installed_package import InstalledPackage

HOOK = '''
    from seedbed import hookimpl

    @hookimpl
    def seedbed_task(name):
        from seedbed import GeneratorTask

        class Haiku(GeneratorTask):
            """Haiku."""

            template: str = "Write a haiku."

        return Haiku
'''

ASKING_HOOK = """
    from seedbed import LLM, GeneratorTask, Response, hookimpl

    class Parrot(LLM):
        async def respond(self, request):
            return Response.of_text("yes")

    @hookimpl
    def seedbed_task(name):
        Parrot(model="m").generate([[{"role": "user", "content": "What am I?"}]])
        return GeneratorTask
"""

OBSERVER = """
    from seedbed import hookimpl

    @hookimpl
    def seedbed_row_finished(row):
        print(row.id)
"""

CONNECT = "import socket\nwith socket.socket() as opened:\n    opened.connect_ex(('127.0.0.1', 9))\n"

NOISE = {
    "print": "print('loud')",
    "standard-error": "import sys; sys.stderr.write('loud')",
    "descriptor": "import os; os.write(1, b'loud')",
    "child": "import subprocess; subprocess.run(['echo', 'loud'])",
    "c-library": "import ctypes; ctypes.CDLL(None).printf(b'loud')",
}

BULK = {f"{{package}}.part{number}": "" for number in range(101)}

FAULTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    # The one test that the contract fails, what the report says, and what is other than in a sound package.
    "no-plugin": ("test_it_has_plugins", "no entry point", {"point": ""}),
    "misspelt-group": (
        "test_its_groups_are_known",
        "did you mean 'seedbed.tasks'?",
        {"group": "seedbed.task"},
    ),
    "invalid-name": ("test_its_names_are_valid", "My_Haiku", {"point": "My_Haiku"}),
    "misspelt-hook": (
        "test_its_hooks_are_known",
        "did you mean 'seedbed_task'",
        {"source": HOOK.replace("seedbed_task", "seedbed_taks")},
    ),
    "misspelt-without-marker": (
        "test_its_hooks_are_known",
        "did you mean 'seedbed_task'",
        {"source": HOOK.replace("seedbed_task", "seedbed_taks").replace("@hookimpl", "")},
    ),
    "misspelt-hook-of-an-observer": (
        "test_its_hooks_are_known",
        "did you mean 'seedbed_row_finished'",
        {"group": "seedbed.observers", "source": OBSERVER.replace("row_finished", "row_finish")},
    ),
    "no-marker": (
        "test_its_entry_points_resolve",
        "put @hookimpl of seedbed above it",
        {"source": HOOK.replace("@hookimpl", "")},
    ),
    "broken-import": (
        "test_its_entry_points_resolve",
        "pip install haikulib",
        {"source": f"import haikulib\n{textwrap.dedent(HOOK)}", "requires": ["seedbed<1", "haikulib"]},
    ),
    "exit-at-import": (
        "test_its_entry_points_resolve",
        "ended the process with status 3",
        {"source": f"import os\nos._exit(3)\n{textwrap.dedent(HOOK)}"},
    ),
    "not-a-task": (
        "test_its_entry_points_resolve",
        "it must return a Task or GeneratorTask class",
        {"source": HOOK.replace("return Haiku", "return str")},
    ),
    "heavy-import": (
        "test_importing_it_loads_nothing_heavy",
        "loads torch, transformers",
        {
            "source": f"import transformers.models\n{textwrap.dedent(HOOK)}",
            "others": {"torch": "", "transformers.models": "import torch"},
        },
    ),
    "many-modules": (
        "test_importing_it_loads_few_modules",
        "loads 102 modules",
        {
            "source": "".join(f"import {{package}}.part{number}\n" for number in range(101))
            + textwrap.dedent(HOOK),
            "others": BULK,
        },
    ),
    "network-at-import": (
        "test_importing_it_asks_nobody",
        "asks ('127.0.0.1', 9)",
        {"source": CONNECT + textwrap.dedent(HOOK)},
    ),
    "model-in-hook": ("test_importing_it_asks_nobody", "asks a model", {"source": ASKING_HOOK}),
    **{
        f"noise-by-{by}": (
            "test_importing_it_prints_nothing",
            "prints 'loud",
            {"source": f"{noise}\n{textwrap.dedent(HOOK)}"},
        )
        for by, noise in NOISE.items()
    },
    "no-upper-bound": (
        "test_it_bounds_seedbed_above",
        "add '<1'",
        {"requires": ["seedbed>=0.1"]},
    ),
    "bound-too-high": ("test_it_bounds_seedbed_above", "add '<1'", {"requires": ["seedbed<2"]}),
    "no-requirement": ("test_it_bounds_seedbed_above", "add 'seedbed<1'", {"requires": []}),
    "excludes-this-one": ("test_it_admits_this_seedbed", "is installed", {"requires": ["seedbed<0.1"]}),
    "no-marker-of-types": ("test_it_shows_its_types", "py.typed", {"typed": ""}),
    "single-module": ("test_it_shows_its_types", "single_module", {"module": "single_module", "typed": ""}),
    "no-readme": ("test_it_has_a_readme", 'readme = "README.md"', {"readme": ""}),
    "no-licence": ("test_it_names_its_licence", 'license = "MIT"', {"licence": ""}),
}


@pytest.fixture
def install(tmp_path: Path) -> Iterator[Callable[..., None]]:
    """Writes a package that keeps its contract but for what is given."""
    with FakeSite(tmp_path / "site") as site:

        def install(
            name: str,
            *,
            group: str = "seedbed.tasks",
            point: str = "haiku",
            source: str = HOOK,
            module: str = "{package}.__init__",
            others: dict[str, str] | None = None,
            typed: str = "{package}",
            requires: Sequence[str] = ("seedbed>=0.1,<1",),
            readme: str = "# Haiku",
            licence: str = "License-Expression: MIT\n",
        ) -> None:
            package = name.replace("-", "_")
            headers = licence + "".join(f"Requires-Dist: {one}\n" for one in requires)
            modules = {module: source, **(others or {})}
            value = module.replace("{package}", package).removesuffix(".__init__")
            site.install(
                name,
                {group: {point: value}} if point else {},
                {
                    key.replace("{package}", package): text.replace("{package}", package)
                    for key, text in modules.items()
                },
                metadata=f"Name: {name}\nVersion: 1.0\n{headers}\n{readme}",
            )
            if typed:
                (site.folder / typed.replace("{package}", package) / "py.typed").touch()

        yield install


@pytest.fixture
def judged(judge, install):
    """Returns what the contract, or one test of it, says of a package that is other than a sound one."""

    def judged(name: str, test: str = "", **changes: Any):
        install(name, **changes)
        source = f"""
            from seedbed.testing import PackageContract

            class TestPackage(PackageContract):
                distribution = {name!r}
        """
        return judge(source, f"TestPackage{test and f'::{test}'}")

    return judged


@pytest.mark.slow
@pytest.mark.parametrize("package", [{}, {"group": "seedbed.observers", "source": OBSERVER}])
def test_a_sound_package_keeps_its_contract(judged, package):
    verdict = judged("sound", **package)

    assert verdict.failed == {}
    assert verdict.skipped == []


@pytest.mark.slow
@pytest.mark.parametrize("fault", [*FAULTS][:6])
def test_a_fault_is_found(judged, fault):
    test, said, changes = FAULTS[fault]

    assert said in judged(fault, test, **changes).failed[test]


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_fails_the_test_that_names_it_and_no_other(judged, fault):
    test, said, changes = FAULTS[fault]

    verdict = judged(fault, **changes)

    assert list(verdict.failed) == [test]
    assert said in verdict.failed[test]
    assert inspect.getdoc(getattr(PackageContract, test)).splitlines()[0] in verdict.failed[test]


@pytest.mark.slow
def test_a_package_in_a_namespace_is_typed_where_it_begins(judged):
    package = {"others": {"many.haiku.__init__": ""}, "typed": "many/haiku"}
    verdict = judged("namespaced", module="many.haiku.plugin", **package)

    assert verdict.failed == {}


def test_every_test_of_the_contract_has_a_fault_that_fails_it():
    promised = {name for name in dir(PackageContract) if name.startswith("test")}

    assert {test for test, _, _ in FAULTS.values()} == promised


def test_a_package_that_is_not_installed_says_how_to_install_it():
    with pytest.raises(UsageError, match="no distribution 'haiku-tasks' is installed") as caught:
        InstalledPackage("haiku-tasks")
    assert "pip install -e ." in str(caught.value)
