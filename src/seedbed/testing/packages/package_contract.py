"""The contract of a distribution with plugins: what people who install it can rely on."""

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
from seedbed.plugins.catalogue.inspection import CheckResult
from seedbed.plugins.discovery.loading import load_plugin
from seedbed.plugins.discovery.metadata import excludes, running_version
from seedbed.plugins.discovery.scan import Installed
from seedbed.plugins.kinds import kinds
from seedbed.plugins.names import is_name
from seedbed.suggestions import did_you_mean
from seedbed.testing.contract import Contract, fact
from seedbed.testing.packages.installed_package import InstalledPackage

_HEAVY = (
    "aiohttp anthropic boto3 botocore cohere cv2 datasets dspy faiss httpx httpx2 huggingface_hub jax keras "
    "langchain langchain_core litellm llama_cpp matplotlib mistralai nltk numpy ollama openai pandas PIL "
    "polars pyarrow ray requests scipy sentence_transformers sklearn spacy tensorflow tiktoken tokenizers "
    "torch transformers vllm xllamacpp google.genai"
)
HEAVY = frozenset(_HEAVY.split())
"""Packages that are slow to import or bring a network client; import none at the top of a plugin's module."""

_HOOKS = tuple(name for kind in kinds() for name in kind.hook_names)


class PackageContract(Contract):
    """What Seedbed expects of every distribution with plugins; it must be installed where the tests run.

    You give one fact, the name of the distribution:

        class TestPackage(PackageContract):
            distribution = "haiku-tasks"

    `most_modules` is how many modules a plugin's module may load, `heavy` names those it must not load.
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
        """The installed distribution."""
        return InstalledPackage(self.distribution)

    def test_it_has_plugins(self, package: InstalledPackage) -> None:
        """It has an entry point: without one, Seedbed doesn't find the plugin."""
        assert package.claims or package.strays, (
            f"{package.name} has no entry point for Seedbed: "
            'add [project.entry-points."seedbed.tasks"] to pyproject.toml, and install it again'
        )

    def test_its_groups_are_known(self, package: InstalledPackage) -> None:
        """Its entry points are in groups that Seedbed knows; Seedbed never looks at a misspelt group."""
        known = [str(kind) for kind in kinds()]
        for stray in package.strays:
            hint = "; ".join(did_you_mean(stray.group, known)) or f"groups: {', '.join(known)}"
            pytest.fail(f"{stray.name!r} is in {stray.group!r}, which is not a group of Seedbed; {hint}")

    def test_its_names_are_valid(self, package: InstalledPackage) -> None:
        """Plugin names are lower-case words joined by hyphens; Seedbed refuses any others."""
        invalid = [claim.name for claim in package.claims if not is_name(claim.name)]
        assert not invalid, "names must be of the form lower-case-words: rename the entry points"

    def test_its_hooks_are_known(self, package: InstalledPackage) -> None:
        """Its modules implement hooks that Seedbed knows; Seedbed never calls a misspelt hook."""
        for claim, _ in _imported(package):
            for name in _unknown_hooks(claim):
                hint = "; ".join(did_you_mean(name, _HOOKS)) or f"hooks: {', '.join(_HOOKS)}"
                pytest.fail(f"{claim.value!r} implements {name!r}, which is not a hook of Seedbed; {hint}")

    def test_its_entry_points_resolve(self, package: InstalledPackage) -> None:
        """Every name leads to a class of its kind; otherwise it is listed, but fails when it's used."""
        for claim, result in package.checked():
            if result.error is not None and result.modules and _unknown_hooks(claim):
                pytest.skip(f"{claim.value!r} has an unknown hook: see test_its_hooks_are_known")
            assert result.error is None, result.error

    def test_importing_it_loads_nothing_heavy(self, package: InstalledPackage) -> None:
        """A plugin's module doesn't load an SDK when it's imported: every user of any name would pay for it.

        Import the SDK inside the hook, or in the method that needs it. The fact `heavy` lists what counts.
        """
        for claim, result in _imported(package):
            found = sorted(self.heavy & _packages(result))
            assert not found, f"importing {claim.value!r} loads {', '.join(found)}: import it where it's used"

    def test_importing_it_loads_few_modules(self, package: InstalledPackage) -> None:
        """A plugin's module is light, since Seedbed imports it whenever someone uses one of its names.

        The test counts modules, not seconds, which differ between machines. Modules of Seedbed that this kind
        of plugin needs don't count. If there's no other way, raise the fact `most_modules`.
        """
        for claim, result in _imported(package):
            count = len(result.modules)
            assert count <= self.most_modules, (
                f"importing {claim.value!r} loads {count} modules, more than {self.most_modules}: "
                "import them where they're used"
            )

    def test_importing_it_asks_nobody(self, package: InstalledPackage) -> None:
        """Neither the import nor the hook uses the network or a model: nobody has asked for a row yet."""
        for claim, result in _imported(package):
            assert not result.asked, (
                f"finding {claim.name!r} asks {', '.join(result.asked)}: do that in `load`"
            )

    def test_importing_it_prints_nothing(self, package: InstalledPackage) -> None:
        """Neither the import nor the hook prints to standard output or error: a command's output may be data.

        Warnings that Python shows count, and so does output of C libraries and child processes. Use the log:
        `logging.getLogger(__name__)`.
        """
        for claim, result in _imported(package):
            assert not result.printed, f"finding {claim.name!r} prints {result.printed!r}: log it instead"

    def test_it_bounds_seedbed_above(self, package: InstalledPackage) -> None:
        """It requires a Seedbed below the next major version: `<1` for 0.x.

        The next major version may break it. With the bound, that's a clear error before any import.
        """
        bound = str(Version(running_version() or "0").major + 1)
        required = package.required_seedbed
        assert required is not None, f"{package.name} requires no seedbed: add 'seedbed<{bound}'"
        assert excludes(required, bound), f"seedbed {required} has no bound below {bound}: add '<{bound}'"

    def test_it_admits_this_seedbed(self, package: InstalledPackage) -> None:
        """It accepts the Seedbed that it is tested with; otherwise Seedbed refuses all of its names."""
        required, running = package.required_seedbed, running_version()
        assert not excludes(required, running), f"it requires seedbed {required}, but {running} is installed"

    def test_it_shows_its_types(self, package: InstalledPackage) -> None:
        """Its packages have a file `py.typed`; without it type checkers ignore all annotations.

        A single module can't have one: make it a package.
        """
        assert not package.untyped, "put an empty file py.typed next to the __init__.py of these"

    def test_it_has_a_readme(self, package: InstalledPackage) -> None:
        """Its metadata has a README, which package indexes show as its page."""
        assert package.readme, f'{package.name} has no README: add readme = "README.md" to pyproject.toml'

    def test_it_names_its_licence(self, package: InstalledPackage) -> None:
        """Its metadata names a licence; without one nobody may use it."""
        assert package.licences, (
            f'{package.name} has no licence: add, e.g., license = "MIT" to pyproject.toml'
        )


def _imported(package: InstalledPackage) -> Iterator[tuple[Installed, CheckResult]]:
    """Yield what importing each plugin shows; skip the running test if one can't be imported."""
    for claim, result in package.checked():
        if not result.modules:
            pytest.skip(f"{claim.value!r} cannot be imported: see test_its_entry_points_resolve")
        yield claim, result


def _packages(result: CheckResult) -> set[str]:
    """Return the names of all loaded modules, and of the packages they're in."""
    return {part for name in result.modules for part in accumulate(name.split("."), "{}.{}".format)}


def _unknown_hooks(claim: Installed) -> list[str]:
    """Return names that a plugin's module marks as hooks, or that look like it, but Seedbed doesn't know."""
    plugin = load_plugin(claim)
    # A package that exports lazily lists its classes in dir(); getattr would import all of them.
    names = vars(plugin) if isinstance(plugin, ModuleType) else dir(plugin)
    return [name for name in names if name not in _HOOKS and _is_meant(name, getattr(plugin, name, None))]


def _is_meant(name: str, value: object) -> bool:
    options = getattr(value, f"{PROJECT}_impl", None)
    if isinstance(options, dict):
        return not options.get("optionalhook")
    return callable(value) and name.startswith("seedbed_") and bool(did_you_mean(name, _HOOKS))
