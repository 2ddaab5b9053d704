"""The generated pages say what the code says, and the others what the commands print."""

from __future__ import annotations

import importlib.util
import json
import re
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

import pytest

import seedbed.reading
import seedbed.testing
from seedbed import PLUGIN_API, errors
from seedbed.plugins.discovery.metadata import excludes, required_seedbed, running_version
from seedbed.plugins.kinds import kinds

DOCS = Path(__file__).parents[1] / "docs"


def load(script: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"docs_{script}", DOCS / f"{script}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


generate, python_reference, outputs, catalogue = map(
    load, ("generate", "python_reference", "outputs", "catalogue")
)


@pytest.mark.parametrize(("page", "write"), [*generate.PAGES.items(), *python_reference.PAGES.items()])
def test_a_generated_page_is_up_to_date(page: str, write: object) -> None:
    assert callable(write)
    assert (DOCS / "reference" / page).read_text() == write(), "run: uv run python docs/generate.py"


@pytest.fixture(scope="module")
def catalogues() -> dict[Path, str]:
    """What each package has to say of its plugins: it takes a second to find, as all of them are imported."""
    return dict(catalogue.catalogues())


def test_what_packages_say_of_their_plugins_is_up_to_date(catalogues: dict[Path, str]) -> None:
    # In any order: git merges these files line by line.
    kept = {path: sorted(path.read_text().splitlines()) for path in catalogues}
    written = {path: text.splitlines() for path, text in catalogues.items()}
    assert kept == written, "run: uv run python docs/generate.py"


def test_every_plugin_of_ours_has_a_line_of_its_own(catalogues: dict[Path, str]) -> None:
    lines = [json.loads(line) for text in catalogues.values() for line in text.splitlines()]
    points = [point for kind in kinds() for point in entry_points(group=kind)]
    ours = {(point.group, point.name) for point in points if point.value.startswith("seedbed_")}

    assert {(line["group"], line["name"]) for line in lines} == ours
    said = [(line["group"], line["description"]) for line in lines]
    assert len(set(said)) == len(said)
    assert [text for _, text in said if not 10 <= len(text) <= 120] == []


def test_the_page_on_the_plugin_api_has_its_number_and_a_requirement_that_fits() -> None:
    page = (DOCS / "reference" / "plugin-api.md").read_text()
    (line,) = re.findall(r"^dependencies = (\[.*\])$", page, re.MULTILINE)
    required = required_seedbed(json.loads(line))

    assert f"Plugin API **{PLUGIN_API}**" in page
    assert not excludes(required, running_version())
    assert excludes(required, "1.0")


# Its commands ask the model inside the process for many rows; the other pages hold the same, with fewer.
LONG = "how-to/runs.md"


@pytest.mark.variants(1)
@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, marks=pytest.mark.slow if page == LONG else ())
        for page in (str(page.relative_to(DOCS)) for page in outputs.pages())
    ],
)
def test_a_page_shows_what_its_commands_print(page: str) -> None:
    text = (DOCS / page).read_text()

    assert likeness(outputs.filled(text)) == likeness(text), "run: uv run python docs/outputs.py"


def test_the_links_of_the_readme_lead_somewhere() -> None:
    root = DOCS.parent
    links = re.findall(r"\]\(([^)#]+)[)#]", (root / "README.md").read_text())

    assert links
    assert [link for link in links if not (root / link).exists()] == []


@pytest.mark.parametrize(
    ("module", "pages"),
    [
        (seedbed, ("api", "hooks", "engines", "plugin-api")),
        (seedbed.reading, ("reading",)),
        (seedbed.testing, ("testing",)),
    ],
    ids=["seedbed", "seedbed.reading", "seedbed.testing"],
)
def test_every_public_name_has_its_place_in_the_reference(module: ModuleType, pages: tuple[str, ...]) -> None:
    text = "".join((DOCS / "reference" / f"{page}.md").read_text() for page in pages)
    named = re.findall(r"^#+ (\w+)$|`seedbed\.(\w+)`", text, re.MULTILINE)
    documented = {name for names in named for name in names} | set(vars(errors)) | {"hookimpl"}

    assert set(module.__all__) - documented == set()


def likeness(text: str) -> list[str]:
    """Return the lines without what differs from one day, or one processor, to another."""
    lines = (re.sub(r"[\d,.:]+|row$| +", "*", line) for line in text.splitlines())
    return [line for line in lines if "rejected" not in line.lower() and line.strip("*")]


MOST_BYTES = 3_000_000


def test_every_page_of_the_view_is_pictured_in_two_sizes_light_and_dark() -> None:
    screenshots = load("screenshots")
    shown = (DOCS / "how-to" / "view-pages.md").read_text()
    pictures = [
        screenshots.PICTURES / f"{page}-{size}-{scheme}.webp"
        for page in (*screenshots.PAGES, "try")
        for size in screenshots.SIZES
        for scheme in screenshots.SCHEMES
    ]

    assert sum(one.stat().st_size for one in pictures) < MOST_BYTES
    assert [one.name for one in pictures if one.name not in shown] == []
    assert {one.name for one in screenshots.PICTURES.iterdir()} == {one.name for one in pictures}
