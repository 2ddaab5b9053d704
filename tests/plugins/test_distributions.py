"""Distributions are found where Python finds them, also those whose metadata isn't in a plain folder."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys
import zipfile
from importlib.metadata import DistributionFinder
from pathlib import Path

import importlib_metadata
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedbed.plugins.discovery.distributions import distributions, folder_name, location, metadata_file
from seedbed.plugins.discovery.entry_points import load, read_entry_points
from seedbed.plugins.discovery.scan import scan

POINTS = "[seedbed.llms]\nodd = mod_odd\n"
METADATA = "Name: odd\nVersion: 1.0\n"

LINES = st.one_of(
    st.sampled_from(
        ["[seedbed.llms]", " [a] ", "[[b]]", "[c", "d]", "# note", "", "a = b", "a=b=c", "= b", "a ="]
    ),
    st.text("[]#=: ab.", max_size=8),
)


def put(info: Path) -> None:
    info.mkdir(parents=True)
    (info / "METADATA").write_text(METADATA)
    (info / "PKG-INFO").write_text(METADATA)
    (info / "entry_points.txt").write_text(POINTS)


def in_an_archive(folder: Path) -> Path:
    archive = folder / "odd.zip"
    with zipfile.ZipFile(archive, "w") as written:
        written.writestr("odd-1.0.dist-info/METADATA", METADATA)
        written.writestr("odd-1.0.dist-info/entry_points.txt", POINTS)
    return archive


def in_an_egg(folder: Path) -> Path:
    put(folder / "odd-1.0.egg" / "EGG-INFO")
    return folder / "odd-1.0.egg"


def in_capitals(folder: Path) -> Path:
    put(folder / "site" / "Odd-1.0.Dist-Info")
    return folder / "site"


def in_an_egg_info(folder: Path) -> Path:
    put(folder / "site" / "odd.egg-info")
    return folder / "site"


@pytest.mark.parametrize("place", [in_an_archive, in_an_egg, in_capitals, in_an_egg_info])
def test_a_distribution_is_found_wherever_python_finds_it(place, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(place(tmp_path)))
    (found,) = [claim for claim in scan(refresh=True) if claim.name == "odd"]
    assert found.owner == "odd 1.0"
    assert [metadata_file(one, "entry_points.txt") for one in distributions("ODD")] == [POINTS]
    monkeypatch.undo()
    assert "odd" not in {claim.name for claim in scan(refresh=True)}


def test_what_a_finder_of_somebody_else_supplies_is_found(tmp_path, monkeypatch):
    put(tmp_path / "elsewhere" / "odd-1.0.dist-info")

    class Finder(DistributionFinder):
        def find_spec(self, *_):
            return None

        def find_distributions(self, context=None):
            yield importlib.metadata.Distribution.at(tmp_path / "elsewhere" / "odd-1.0.dist-info")

    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Finder()])
    names = {claim.name for claim in scan(refresh=True)}
    monkeypatch.undo()
    scan(refresh=True)
    assert {"odd", "openai"} <= names


@pytest.mark.parametrize("entry", ["/nowhere", "nul\0", "file.txt", "broken.zip"])
def test_an_entry_of_the_path_that_cannot_be_listed_hides_nothing(entry, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("file.txt").write_text("x")
    Path("broken.zip").write_bytes(b"PK\3\4")
    monkeypatch.setattr(sys, "path", [entry, *sys.path])
    assert "seedbed" in {folder_name(found) for found in distributions()}


def test_they_are_those_that_importlib_metadata_finds_in_the_same_order_of_places():
    ours, theirs = (
        [(location(one), folder_name(one)) for one in found]
        for found in (distributions(), importlib_metadata.distributions())
    )
    assert sorted(ours) == sorted(theirs)
    assert [*dict.fromkeys(place for place, _ in ours)] == [*dict.fromkeys(place for place, _ in theirs)]


@given(st.lists(LINES).map("\n".join))
def test_entry_points_are_read_as_importlib_metadata_reads_them(text):
    class Theirs(importlib_metadata.Distribution):
        def read_text(self, filename):
            return text

        def locate_file(self, path):
            raise NotImplementedError

    try:
        wanted = [(point.group, point.name, point.value) for point in Theirs().entry_points]
    except (TypeError, ValueError):
        with pytest.raises(ValueError, match="has no '='"):
            list(read_entry_points(text))
    else:
        assert list(read_entry_points(text)) == wanted


@pytest.mark.parametrize(
    "value", ["json", "json:loads", "json : JSONDecoder.decode", "json:loads [fast, more]"]
)
def test_a_reference_names_what_it_names_for_importlib_metadata(value):
    assert load(value) is importlib_metadata.EntryPoint("x", value, "y").load()


@pytest.mark.parametrize("value", ["", "a b", "json:", "json:loads:x", "../x"])
def test_what_is_no_reference_is_refused(value):
    with pytest.raises(ValueError, match="is not of the form"):
        load(value)


def test_a_listing_for_programs_imports_no_parser_and_no_reader_of_archives():
    program = (
        "import sys\nfrom seedbed.cli import main\nsys.argv[1:] = ['plugins', '--json']\n"
        "main()\nprint(*sys.modules, file=sys.stderr)"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert {"openai", "qa-pairs"} <= {entry["name"] for entry in json.loads(shown.stdout)}
    loaded = {name.partition(".")[0] for name in shown.stderr.split()}
    assert (
        loaded & {"click", "orjson", "pydantic", "importlib_metadata", "zipfile", "email", "argparse"}
        == set()
    )
