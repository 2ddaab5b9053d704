"""What a distribution with plugins owes those who install it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from itertools import accumulate
from types import ModuleType
from typing import ClassVar

import pytest
from packaging.version import Version

from seedbed.hookspecs import PROJECT
from seedbed.plugins.inspection import CheckResult
from seedbed.plugins.kinds import kinds
from seedbed.plugins.loading import load_plugin
from seedbed.plugins.metadata import excludes, running_version
from seedbed.plugins.names import is_name
from seedbed.plugins.scan import Installed
from seedbed.suggestions import did_you_mean
from seedbed.testing.contract import Contract, fact
from seedbed.testing.installed_package import InstalledPackage

_HEAVY = (
    "aiohttp anthropic boto3 botocore cohere cv2 datasets dspy faiss httpx httpx2 huggingface_hub jax keras "
    "langchain langchain_core litellm llama_cpp matplotlib mistralai nltk numpy ollama openai pandas PIL "
    "polars pyarrow ray requests scipy sentence_transformers sklearn spacy tensorflow tiktoken tokenizers "
    "torch transformers vllm xllamacpp google.genai"
)
HEAVY = frozenset(_HEAVY.split())
"""Packages that take long to import or bring a client of the network; none belongs at a plugin's top."""

_HOOKS = tuple(name for kind in kinds() for name in kind.hook_names)


class PackageContract(Contract):
    """What every distribution with plugins keeps to, as it is installed where the tests run.

    Its one fact is the name of the distribution:

        class TestPackage(PackageContract):
            distribution = "haiku-tasks"

    `most_modules` bounds how many modules importing a plugin's module may load, `heavy` names those that it
    may not load at all.
    """

    subject: ClassVar[str] = "the package"

    distribution: ClassVar[str] = fact(
        "the name of the distribution, as pip knows it", 'distribution = "haiku-tasks"'
    )
    most_modules: ClassVar[int] = 100
    heavy: ClassVar[frozenset[str]] = HEAVY

    @pytest.fixture(autouse=True)
    def _path_of_other_processes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))

    @pytest.fixture
    def package(self) -> InstalledPackage:
        """The distribution, as it is installed."""
        return InstalledPackage(self.distribution)

    def test_it_has_plugins(self, package: InstalledPackage) -> None:
        """An entry point is how a plugin is found: without one, nobody can use the package by name."""
        assert package.claims or package.strays, f"{package.name} has no entry point for Seedbed"

    def test_its_groups_are_known(self, package: InstalledPackage) -> None:
        """Entry points lie in groups that Seedbed has: one in a misspelt group is never looked at."""
        known = [str(kind) for kind in kinds()]
        for stray in package.strays:
            hint = "; ".join(did_you_mean(stray.group, known)) or f"groups: {', '.join(known)}"
            pytest.fail(f"{stray.name!r} lies in {stray.group!r}, which is no group of Seedbed; {hint}")

    def test_its_names_are_valid(self, package: InstalledPackage) -> None:
        """Names are words in lower case joined by hyphens: any other is refused when it is asked for."""
        invalid = [claim.name for claim in package.claims if not is_name(claim.name)]
        assert not invalid, "names are of the form lower-case-words"

    def test_its_hooks_are_known(self, package: InstalledPackage) -> None:
        """Its modules implement hooks that Seedbed has: a misspelt one is never called."""
        for claim, _ in _imported(package):
            for name in _unknown_hooks(claim):
                hint = "; ".join(did_you_mean(name, _HOOKS)) or f"hooks: {', '.join(_HOOKS)}"
                pytest.fail(f"{claim.value!r} implements {name!r}, which is no hook of Seedbed; {hint}")

    def test_its_entry_points_resolve(self, package: InstalledPackage) -> None:
        """Every name leads to a class of its kind: otherwise it is listed, and fails when it is used."""
        for claim, result in package.checked():
            if result.error is not None and result.modules and _unknown_hooks(claim):
                pytest.skip(f"{claim.value!r} has an unknown hook: see test_its_hooks_are_known")
            assert result.error is None, result.error

    def test_importing_it_loads_nothing_heavy(self, package: InstalledPackage) -> None:
        """A plugin's module loads no SDK at its top: who uses one name would pay for all of them.

        Import it inside the hook, or in the method that needs it. What counts as heavy is the fact `heavy`.
        """
        for claim, result in _imported(package):
            found = sorted(self.heavy & _packages(result))
            assert not found, f"importing {claim.value!r} loads {', '.join(found)}"

    def test_importing_it_loads_few_modules(self, package: InstalledPackage) -> None:
        """A plugin's module is light, since it is imported whenever one of its names is used.

        Modules are counted, and not seconds, which differ from machine to machine; those that its kind of
        plugin needs of Seedbed do not count. Where there is no other way, raise the fact `most_modules`.
        """
        for claim, result in _imported(package):
            count = len(result.modules)
            assert count <= self.most_modules, f"importing {claim.value!r} loads {count} modules"

    def test_importing_it_asks_nobody(self, package: InstalledPackage) -> None:
        """Neither import nor hook uses the network or a model: nobody has asked for a row yet."""
        for claim, result in _imported(package):
            assert not result.asked, f"finding {claim.name!r} asks {', '.join(result.asked)}"

    def test_importing_it_prints_nothing(self, package: InstalledPackage) -> None:
        """Neither import nor hook prints, on standard output or error: a command's own output may be data.

        Warnings that Python shows count, and so does what C libraries and child processes print. Log it:
        `logging.getLogger(__name__)`.
        """
        for claim, result in _imported(package):
            assert not result.printed, f"finding {claim.name!r} prints {result.printed!r}"

    def test_it_bounds_seedbed_above(self, package: InstalledPackage) -> None:
        """It requires a Seedbed below the next major version: `<1` while that is 0.x.

        The next one may break it; the bound makes that a clear error before anything is imported.
        """
        bound = str(Version(running_version() or "0").major + 1)
        required = package.required_seedbed
        assert required is not None, f"{package.name} requires no seedbed: add 'seedbed<{bound}'"
        assert excludes(required, bound), f"seedbed {required} has no bound below {bound}: add '<{bound}'"

    def test_it_admits_this_seedbed(self, package: InstalledPackage) -> None:
        """It admits the Seedbed that it is tested with: otherwise all of its names are refused."""
        required, running = package.required_seedbed, running_version()
        assert not excludes(required, running), f"it requires seedbed {required}, and {running} is running"

    def test_it_shows_its_types(self, package: InstalledPackage) -> None:
        """Its packages hold a file `py.typed`: without it type checkers ignore all that is annotated.

        A single module cannot have one; make it a package.
        """
        assert not package.untyped, "put an empty file py.typed beside the __init__.py of these"

    def test_it_has_a_readme(self, package: InstalledPackage) -> None:
        """Its metadata holds a README, which is the page that a package index shows of it."""
        assert package.readme, f'{package.name} shows no README: readme = "README.md" in pyproject.toml'

    def test_it_names_its_licence(self, package: InstalledPackage) -> None:
        """Its metadata names a licence: without one nobody may use it."""
        assert package.licences, f'{package.name} names no licence: license = "MIT", say, in pyproject.toml'


def _imported(package: InstalledPackage) -> Iterator[tuple[Installed, CheckResult]]:
    """Yield what importing each plugin shows; skip the running test where one cannot be imported."""
    for claim, result in package.checked():
        if not result.modules:
            pytest.skip(f"{claim.value!r} cannot be imported: see test_its_entry_points_resolve")
        yield claim, result


def _packages(result: CheckResult) -> set[str]:
    """Return the names of all modules loaded, and of the packages that they lie in."""
    return {part for name in result.modules for part in accumulate(name.split("."), "{}.{}".format)}


def _unknown_hooks(claim: Installed) -> list[str]:
    """Return what a plugin's module marks as a hook, or seems to mean as one, and Seedbed does not know."""
    plugin = load_plugin(claim)
    # A package that exports its classes lazily lists them in dir(); looking at them would import all.
    names = vars(plugin) if isinstance(plugin, ModuleType) else dir(plugin)
    return [name for name in names if name not in _HOOKS and _is_meant(name, getattr(plugin, name, None))]


def _is_meant(name: str, value: object) -> bool:
    options = getattr(value, f"{PROJECT}_impl", None)
    if isinstance(options, dict):
        return not options.get("optionalhook")
    return callable(value) and name.startswith("seedbed_") and bool(did_you_mean(name, _HOOKS))
