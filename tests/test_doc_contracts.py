"""Every task, step, backend and observer that the docs show keeps the contract of its kind.

Classes are found mechanically: a block of Python on any page is imported without the statements that run
something, each class in it that is a plugin gets the contract of its kind, and a module with hooks of
observers that of those.
"""

from __future__ import annotations

import ast
import json
import re
import sys
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest

from seedbed import LLM, BaseTask, CombineStep, GeneratorStep, GlobalStep, Request, Step
from seedbed.engine.observing.observer_kind import OBSERVERS
from seedbed.testing import (
    Contract,
    EchoLLM,
    LLMContract,
    ObserverContract,
    StepContract,
    TaskContract,
    Wire,
    plausible_answer,
)

# Some eight hundred tests, for each plugin of the docs those of its kind.
pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
# Their blocks are signatures, made from the source.
SIGNATURES = [ROOT / "docs" / "reference" / page for page in ("api.md", "reading.md", "testing.md")]
PAGES = [
    ROOT / "README.md",
    *(page for page in sorted((ROOT / "docs").rglob("*.md")) if page not in SIGNATURES),
]
BLOCK = re.compile(
    r"^```python(?: title=\"(?P<title>[^\"]+)\")?\n(?P<code>.*?)^```", re.MULTILINE | re.DOTALL
)
KEPT = (ast.Import, ast.ImportFrom, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
HERE = sys.modules[__name__]
PREFIX = "shown_on_"


class Shown(NamedTuple):
    """A plugin on a page: the page, the number of its block, and the plugin."""

    page: str
    number: int
    plugin: Any

    @property
    def name(self) -> str:
        """The page, the block and the class."""
        page = re.sub(r"\W+", "_", self.page.removesuffix(".md"))
        return f"{page}_{self.number}_{getattr(self.plugin, '__qualname__', 'module')}"


def shown() -> Iterator[Shown]:
    """Yield the plugins of all pages, the blocks of one page in a folder and a namespace of their own."""
    for path in PAGES:
        page = str(path.relative_to(ROOT))
        before = NAMESPACES[page] = {}
        files = FILES[page] = {}
        for number, block in enumerate(BLOCK.finditer(path.read_text(encoding="utf-8"))):
            if "import distilabel" in block["code"] or "from distilabel" in block["code"]:
                # Not our plugins; a test of the page of its own runs it.
                continue
            # Under their names for as long only: other tests have files of these names, too.
            with pytest.MonkeyPatch.context() as patch:
                for stem, file in files.items():
                    patch.setitem(sys.modules, stem, file)
                module = imported(f"{page}:{number}", block["code"], before)
            before.update(vars(module))
            if block["title"]:
                files[Path(block["title"]).stem] = module
            yield from (Shown(page, number, plugin) for plugin in plugins_in(module))


def imported(name: str, code: str, before: Mapping[str, Any]) -> ModuleType:
    """Return a module of what a block defines, with the names of the blocks before it on the page."""
    module = ModuleType(PREFIX + re.sub(r"\W+", "_", name))
    vars(module).update({name: value for name, value in before.items() if not name.startswith("__")})
    tree = ast.parse(code)
    tree.body = [one for one in tree.body if isinstance(one, KEPT) or is_constant(one)]
    for statement in tree.body:
        if isinstance(statement, ast.ClassDef):
            # They give the class a name in a registry.
            statement.decorator_list.clear()
    sys.modules[module.__name__] = module
    exec(compile(tree, name, "exec", dont_inherit=True), vars(module))
    return module


def is_constant(statement: ast.stmt) -> bool:
    """Whether a statement gives a name in capitals to a value: no other one is needed by a class."""
    if not isinstance(statement, ast.Assign):
        return False
    return all(isinstance(target, ast.Name) and target.id.isupper() for target in statement.targets)


def plugins_in(module: ModuleType) -> Iterator[Any]:
    """Yield the classes of a module's own that are plugins, and the module itself where it observes."""
    own = [value for value in vars(module).values() if getattr(value, "__module__", "") == module.__name__]
    yield from (value for value in own if isinstance(value, type) and contract_of(value))
    if any(getattr(value, "__name__", "") in OBSERVERS.hook_names for value in own):
        yield module


def contract_of(plugin: Any) -> tuple[type[Contract], str] | None:
    """Return the contract of a plugin's kind and the fact that names the plugin, None for what is none."""
    if isinstance(plugin, ModuleType):
        return ObserverContract, "observer"
    if any(hook in vars(plugin) for hook in OBSERVERS.hook_names):
        return ObserverContract, "observer"
    for base, contract, fact in (
        (CombineStep, None, ""),
        (BaseTask, TaskContract, "task"),
        (Step | GlobalStep | GeneratorStep, StepContract, "step"),
        (LLM, LLMContract, "llm_class"),
    ):
        if issubclass(plugin, base):
            return (contract, fact) if contract else None
    return None


def number(request: Request) -> str:
    """Return a number of two digits, as likely as any other for each prompt and seed."""
    return f"I think, {10 + chosen(request) % 90}."


def grade(request: Request) -> str:
    """Return a reason and a grade from 1 to 5."""
    return f"<reason>Clear, {chosen(request)}.</reason><grade>{1 + chosen(request) % 5}</grade>"


def chosen(request: Request) -> int:
    """Return a number that the prompt and the seed choose."""
    return zlib.crc32(f"{request.messages} {request.seed}".encode())


def quiz(request: Request) -> str:
    """Return a question with four choices; the same one for the same request."""
    words = plausible_answer(request._replace(schema=None)).split()
    return json.dumps({"question": f"{' '.join(words)}?", "choices": words[:4], "correct": 0})


FACTS: dict[str, dict[str, Any]] = {
    "Visitors": {"answer": lambda _, request: number(request)},
    "Quiz in typed-rows": {"answer": lambda _, request: quiz(request)},
    "Grading": {"answer": lambda _, request: grade(request)},
    "Riddle in test-a-plugin": {"seeded": False},
    "Decontaminate": {
        "parameters": {"benchmark": ROOT / "LICENSE", "documents": str(ROOT / "docs" / "*.css")}
    },
    "NearTopic": {
        "parameters": {"embedder": "static/wordllama", "topic": "the weather at sea"},
        "inputs": [{"text": text} for text in ("Storms at sea.", "The tax on beer.", "Weather over the sea")],
    },
    "Exports": {"parameters": {"folder": ROOT / "tests" / "support" / "exports"}},
    "Logbook": {"parameters": {"path": ROOT / "tests" / "support" / "logbook.txt"}},
    "Votes": {"parameters": {"llm": EchoLLM()}},
    "ToyLLM": {"model": "toy-1"},
}
"""What a page says in words of a plugin that it shows, where the contract has to know it."""

DROPS = "ShuffleLLM in block 2"
"""The backend of which its page says that it drops most of what it is asked; the next block mends it."""


def facts_of(one: Shown) -> dict[str, Any]:
    """Return the facts that the contract of a plugin is given."""
    name = getattr(one.plugin, "__name__", "")
    facts = FACTS.get(f"{name} in {Path(one.page).stem}", FACTS.get(name, {}))
    if "base_url" in getattr(one.plugin, "model_fields", ()):
        (wire,) = (value for value in NAMESPACES[one.page].values() if is_own(value, Wire))
        return {**facts, "wire": wire()}
    return facts


def is_own(value: object, base: type) -> bool:
    """Whether a value is a class of a page's own that derives from another."""
    return isinstance(value, type) and issubclass(value, base) and value.__module__.startswith(PREFIX)


def contracts() -> Iterator[tuple[str, type[Contract]]]:
    """Yield a contract for each plugin: that of its page, where the page has one for it."""
    own = [value for names in NAMESPACES.values() for value in names.values() if is_own(value, Contract)]
    for one in SHOWN:
        found = contract_of(one.plugin)
        if found is None or f"{one.plugin.__name__} in block {one.number}" == DROPS:
            continue
        contract, fact = found
        facts = {fact: one.plugin, **facts_of(one)}
        given = [cls for cls in own if vars(cls).get(fact) is one.plugin]
        bases = (given[0],) if given else (contract,)
        yield one.name, type(f"Test_{one.name}", bases, {"__module__": __name__, **facts})


NAMESPACES: dict[str, dict[str, Any]] = {}
FILES: dict[str, dict[str, ModuleType]] = {}
SHOWN = [*shown()]

for name, contract in contracts():
    vars(HERE)[f"Test_{name}"] = contract


@pytest.fixture(autouse=True)
def files_of_the_page(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what a page imports be found under the name that its title gives it."""
    names = {one.name: one.page for one in SHOWN}
    page = names.get(getattr(request.cls, "__name__", "").removeprefix("Test_"), "")
    for name, module in FILES.get(page, {}).items():
        monkeypatch.setitem(sys.modules, name, module)


def test_there_are_plugins_of_each_kind() -> None:
    kinds = {contract_of(one.plugin) for one in SHOWN}

    assert {kind and kind[1] for kind in kinds} == {"task", "step", "llm_class", "observer"}
    assert len(SHOWN) > 20
