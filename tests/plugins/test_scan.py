"""Discovery reads metadata and imports nothing."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys

import pytest
from packaging.specifiers import SpecifierSet

from seedbed.plugins.discovery.metadata import excludes, required_seedbed
from seedbed.plugins.discovery.scan import scan, strays
from seedbed.tasks.task_kinds import TASKS

LIST_AND_RESOLVE = """
import json, sys
from seedbed.plugins.policy.policy import Policy
from seedbed.plugins.registry import Registry

def imported():
    return sorted(name for name in sys.modules if name.startswith("mod_"))

registry = Registry(policy=Policy())
names = [entry.installed.name for entry in registry.entries() if entry.status == "ok"]
before = imported()
registry.llm("fake-217")
print(json.dumps([names, before, imported()]))
"""


@pytest.mark.slow
def test_300_distributions_are_listed_without_an_import_and_one_name_imports_one_module(site):
    for number in range(300):
        site.install_llm(f"fake-{number}", requires=["seedbed>=0.1", "pydantic"])
    environ = {**os.environ, "PYTHONPATH": str(site.folder)}
    child = subprocess.run(
        [sys.executable, "-c", LIST_AND_RESOLVE], env=environ, capture_output=True, text=True, check=True
    )
    names, before, after = json.loads(child.stdout)
    assert {f"fake-{number}" for number in range(300)} <= set(names)
    assert before == []
    assert after == ["mod_fake_217"]


def test_a_scan_says_what_the_metadata_say(site):
    site.install(
        "My.Haiku",
        {"seedbed.tasks": {"haiku": "my_haiku"}, "console_scripts": {"haiku": "my_haiku:main"}},
        version="1.2.3",
        requires=["aiohttp>=3", "seedbed[parquet]>=0.1,<2"],
    )
    (found,) = site.scan()
    assert found[:5] == (TASKS, "haiku", "my_haiku", "My.Haiku", "1.2.3")
    assert set(found.requires_seedbed.split(",")) == {">=0.1", "<2"}
    assert found.owner == "My.Haiku 1.2.3"


def test_one_scan_serves_the_process_until_it_is_refreshed(site):
    before = scan(refresh=True)
    site.install_llm("late")
    assert scan() is before
    assert "late" in {found.name for found in scan(refresh=True)}


def test_of_a_distribution_that_is_there_twice_the_first_on_the_path_wins(site, tmp_path):
    site.install("twice", {"seedbed.llms": {"twice": "old"}}, version="1.0")
    first = type(site)(tmp_path / "first")
    first.install("Twice", {"seedbed.llms": {"twice": "new"}}, version="2.0")
    sys.path.insert(0, str(first.folder))
    try:
        found = [claim for claim in scan(refresh=True) if claim.name == "twice"]
    finally:
        sys.path.remove(str(first.folder))
    assert [claim.value for claim in found] == ["new"]


def test_a_copy_without_entry_points_hides_a_later_one(site, tmp_path):
    site.install("hidden", {"seedbed.llms": {"hidden": "old"}})
    first = type(site)(tmp_path / "first")
    first.install("hidden", {})
    sys.path.insert(0, str(first.folder))
    try:
        assert "hidden" not in {claim.name for claim in scan(refresh=True)}
    finally:
        sys.path.remove(str(first.folder))


def test_unreadable_entry_points_of_one_distribution_do_not_hide_the_others(site, caplog):
    site.install_llm("good")
    site.install("garbled", {})
    garbled = site.folder / "garbled-1.0.dist-info" / "entry_points.txt"
    garbled.write_text("[seedbed.llms]\nno equals sign\n")
    site.install("binary", {})
    (site.folder / "binary-1.0.dist-info" / "entry_points.txt").write_bytes(b"[seedbed.llms]\n\xff = x\n")
    with caplog.at_level(logging.WARNING):
        assert [claim.name for claim in site.scan()] == ["good"]
    assert "garbled" in caplog.text


def test_a_folder_that_is_not_named_after_its_distribution_is_found(site):
    site.install("folder", {"seedbed.llms": {"odd": "mod_odd"}}, metadata="Name: Another\nVersion: 1.0\n\n")
    assert [claim.owner for claim in site.scan()] == ["Another 1.0"]


def test_a_distribution_without_metadata_does_not_hide_the_others(site):
    site.install_llm("good")
    site.install("bare", {"seedbed.llms": {"bare": "mod_bare"}})
    (site.folder / "bare-1.0.dist-info" / "METADATA").unlink()
    assert {claim.name: claim.owner for claim in site.scan()} == {
        "good": "dist-good 1.0",
        "bare": f"a distribution without a name in {site.folder}",
    }


def test_folded_headers_are_unfolded_and_the_description_is_not_read(site):
    metadata = "Name: folded\nVersion: 1.0\nRequires-Dist: seedbed\n  >=0.1\n\nRequires-Dist: seedbed<0.0.1\n"
    site.install("folded", {"seedbed.llms": {"folded": "mod_folded"}}, metadata=metadata)
    assert site.scan()[0].requires_seedbed == ">=0.1"


def test_a_group_that_is_not_known_is_remembered_for_the_doctor(site):
    site.install("typo", {"seedbed.task": {"haiku": "typo"}})
    assert site.scan() == ()
    assert ("seedbed.task", "haiku", "typo", "1.0") in strays()


@pytest.mark.parametrize(
    ("lines", "specifier"),
    [
        (["aiohttp", "seedbed-openai>=3"], None),
        (["seedbed"], None),
        (["Seedbed >=0.1"], ">=0.1"),
        (["seedbed>=0.1", "seedbed<1"], ">=0.1,<1"),
        (["seedbed<0.0.1; extra == 'old'"], None),
        (['seedbed[more] <0.0.1 ; extra == "old"', "seedbed>=1"], ">=1"),
        (["seedbed<9; extra == 'old' or python_version > '3'"], "<9"),
        (["seedbed<9;"], "seedbed<9;"),
        (["seedbed<0.0.1; python_version < '3'"], None),
        (["seedbed<0.0.1; python_version >= '3'"], "<0.0.1"),
        (["seedbed >>> nonsense"], "seedbed >>> nonsense"),
    ],
)
def test_the_requirement_on_seedbed_is_read_with_its_markers(lines, specifier):
    assert required_seedbed(lines) == specifier


@pytest.mark.parametrize(
    ("specifier", "version", "excluded"),
    [
        (None, "0.1.0", False),
        ("<0.0.1", "0.1.0", True),
        (">=0.1", "0.2.0rc1", False),
        ("<0.0.1", None, False),
        ("seedbed >>> nonsense", "0.1.0", True),
    ],
)
def test_a_requirement_excludes_versions(specifier, version, excluded):
    assert excludes(specifier, version) is excluded


@pytest.mark.parametrize("version", ["0.1", "0.1.0", "0.9.9", "1", "1.0.0", "1.0.1", "2.0", "0.0.9"])
@pytest.mark.parametrize("specifier", [">=0.1", ">=0.1,<1", ">0.1,<=1.0", "<1.0.0", ">= 0.1, < 2", ">=1.0.1"])
def test_plain_bounds_are_read_as_packaging_reads_them(specifier, version):
    assert excludes(specifier, version) is not SpecifierSet(specifier).contains(version)
