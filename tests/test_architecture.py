"""The borders of the house: imports run one way, and plugins use what is public."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import pytest

import seedbed
import seedbed.reading
import seedbed.testing

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src"

LEVELS: dict[str, int] = {
    "counts": 0,
    "durations": 0,
    "errors": 0,
    "open_files": 0,
    "suggestions": 0,
    "tracebacks": 0,
    "hookspecs": 0,
    "plugins": 1,
    "raters": 1,
    "reading": 1,
    "llm": 2,
    "tasks": 3,
    "pipeline": 4,
    "store": 4,
    "engine": 5,
    "scaffold": 5,
    "cli": 6,
    "__main__": 7,
    "testing": 7,
}

FOR_TYPES = "TYPE_CHECKING"

DOORS = {
    ("seedbed.pipeline.pipeline", "run", "engine"),
    ("seedbed.pipeline.pipeline", "arun", "engine"),
    ("seedbed.pipeline.pipeline", "plan", "engine"),
    ("seedbed.pipeline.pipeline", "stream", "engine"),
    ("seedbed.pipeline.pipeline", FOR_TYPES, "engine"),
    ("seedbed.tasks.base_step", "__rshift__", "pipeline"),
    ("seedbed.tasks.base_step", "__rrshift__", "pipeline"),
    ("seedbed.tasks.base_step", FOR_TYPES, "pipeline"),
}
"""Upward imports that are allowed, for users to start a run: module, function, package that is reached."""

INNER_DOORS = {("seedbed.pipeline.pipeline", "from_file"), ("seedbed.pipeline.pipeline", "to_yaml")}
"""Imports of a module that imports this one, for users to find it at a class: module and function."""


class Import(NamedTuple):
    module: str
    function: str | None
    target: str

    @property
    def package(self) -> str:
        return part_of(self.module)


def part_of(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def imports_of(path: Path, module: str) -> Iterator[Import]:
    """Yield the imports and the function each is in: `FOR_TYPES` for those that type checkers alone see."""
    yield from _walk(ast.parse(path.read_text()), module, None)


def _walk(node: ast.AST, module: str, function: str | None) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                yield from _walk(child, module, FOR_TYPES)
            case ast.Import(names=names):
                yield from (Import(module, function, name.name) for name in names)
            case ast.ImportFrom(module=target, level=level, names=names):
                assert level == 0, f"{module} imports by a relative name"
                yield from (_target(module, function, str(target), name.name) for name in names)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield from _walk(child, module, function or child.name)
            case _:
                yield from _walk(child, module, function)


def _target(module: str, function: str | None, target: str, name: str) -> Import:
    # `from seedbed.engine import api` is an import of a module, `from seedbed import run` is not.
    whole = f"{target}.{name}"
    return Import(module, function, whole if whole in MODULES else target)


def modules() -> list[tuple[Path, str]]:
    paths = sorted((SOURCE / "seedbed").rglob("*.py"))
    return [(path, ".".join(path.relative_to(SOURCE).with_suffix("").parts)) for path in paths]


MODULES = {module.removesuffix(".__init__") for _, module in modules()}


@functools.cache
def inner_imports() -> tuple[Import, ...]:
    return tuple(
        found
        for path, module in modules()
        if part_of(module) != "__init__"
        for found in imports_of(path, module)
        if found.target.split(".")[0] == "seedbed"
    )


def test_every_package_has_its_level():
    packages = {part_of(module.removesuffix(".__init__")) for _, module in modules()} - {"", "__init__"}
    assert packages <= LEVELS.keys()


def test_module_level_imports_run_one_way():
    wrong = [
        found
        for found in inner_imports()
        if found.function is None
        and found.package != part_of(found.target)
        and LEVELS[found.package] <= LEVELS.get(part_of(found.target), 99)
    ]
    assert wrong == []


def test_upward_imports_in_functions_and_for_types_go_through_the_known_doors():
    upward = {
        (found.module, found.function, part_of(found.target))
        for found in inner_imports()
        if found.function is not None
        and found.package != part_of(found.target)
        and LEVELS[found.package] <= LEVELS.get(part_of(found.target), 99)
    }
    assert upward == DOORS


def test_modules_import_each_other_through_the_doors_alone():
    """A reader can start at any module and read downwards; imports in functions and for types count, too."""
    through_doors = {(module, function) for module, function, _ in DOORS} | INNER_DOORS
    graph: dict[str, set[str]] = {module.removesuffix(".__init__"): set() for _, module in modules()}
    # These export what is in the others.
    for package in ("seedbed", "seedbed.reading", "seedbed.testing"):
        del graph[package]
    for found in inner_imports():
        name = found.module.removesuffix(".__init__")
        if name in graph and (found.module, found.function) not in through_doors:
            graph[name] |= {found.target} & graph.keys() - {name}

    assert tuple(TopologicalSorter(graph).static_order())


def test_no_two_modules_or_public_classes_have_one_name():
    """A reader who remembers a name, or searches for it, comes to one place."""
    homes: dict[str, set[str]] = {}
    for path, module in modules():
        if part_of(module) in ("testing", "__main__", "__init__"):
            continue
        name = module.rpartition(".")[2]
        if part_of(module) != "cli" and name not in ("__init__", "__main__"):
            homes.setdefault(name, set()).add(module)
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes.setdefault(node.name, set()).add(module)

    assert {name: sorted(found) for name, found in homes.items() if len(found) > 1} == {}


def test_the_paths_that_contributors_are_sent_to_exist():
    text = (ROOT / "CONTRIBUTING.md").read_text() + (ROOT / "docs/explanation/design.md").read_text()
    parts = "|".join(sorted(LEVELS.keys() | {"segments"}))
    paths = set(re.findall(rf"`((?:{parts})/[a-z_/]*(?:\.py)?)`", text))
    assert len(paths) > 30
    folders = (SOURCE / "seedbed", SOURCE / "seedbed" / "engine")
    assert [path for path in sorted(paths) if not any((folder / path).exists() for folder in folders)] == []


PLUGINS = sorted(ROOT.glob("plugins/*/src/*"))


@pytest.mark.parametrize("package", PLUGINS, ids=lambda package: package.name)
def test_first_party_plugins_use_the_public_api_alone(package):
    for path in sorted(package.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                assert not [name.name for name in node.names if name.name.startswith("seedbed.")], path
            if isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] == "seedbed":
                assert node.module in ("seedbed", "seedbed.reading"), path
                public = seedbed.reading if node.module == "seedbed.reading" else seedbed
                assert {name.name for name in node.names} <= {*public.__all__, "__version__"}, path


def test_there_are_plugins_to_look_at():
    assert len(PLUGINS) >= 4


@pytest.mark.parametrize("package", [seedbed, seedbed.reading, seedbed.testing])
def test_every_public_name_resolves(package):
    assert [name for name in package.__all__ if getattr(package, name, None) is None] == []


@pytest.mark.parametrize("package", [seedbed, seedbed.reading, seedbed.testing])
def test_type_checkers_see_the_names_that_are_there(package):
    tree = ast.parse(Path(package.__file__).read_text())
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    seen = {}
    for node in block.body:
        assert isinstance(node, ast.ImportFrom)
        for name in node.names:
            assert name.asname == name.name, f"{name.name} is not exported again"
            seen[name.name] = node.module
    homes = package._HOMES.items()
    homes = {name: f"{package.__name__}.{home}" for home, names in homes for name in names.split()}
    assert seen == homes
    assert package.__all__ == sorted(homes)


def test_a_name_that_is_not_there_is_an_attribute_error():
    for package in (seedbed, seedbed.reading, seedbed.testing):
        with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
            _ = package.Nothing
        assert set(package.__all__) <= set(dir(package))
    assert seedbed.__version__.count(".") >= 2


def test_the_tree_of_errors_is_drawn_as_it_is():
    errors = import_module("seedbed.errors")
    drawn, branch = {"SeedbedError": "Exception"}, ["SeedbedError"]
    for line in str(errors.__doc__).splitlines():
        indent, found, text = line.partition("── ")
        if found:
            name = text.split()[0]
            branch[1 + len(indent) // 4 :] = [name]
            drawn[name] = branch[-2]
    classes = {
        name: cls
        for name, cls in vars(errors).items()
        if isinstance(cls, type) and issubclass(cls, Exception)
    }
    assert {name: cls.__base__.__name__ for name, cls in classes.items()} == drawn
