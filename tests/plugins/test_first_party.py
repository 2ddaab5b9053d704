"""What is known of Seedbed's own packages that aren't installed."""

from __future__ import annotations

import json
import shlex
import tomllib
from pathlib import Path

import pytest
from tests.plugins.conftest import Site

from seedbed import UnknownPluginError, get_step
from seedbed.cli.plugins.list import chosen
from seedbed.plugins.first_party import FIRST_PARTY, pip_install
from seedbed.plugins.kinds import kinds

PACKAGES = Path(__file__).parents[2] / "plugins"


def installed_from(site: Path, url: str, **directory: bool) -> None:
    """Make Seedbed look as if pip had installed it from a folder."""
    info = site / "seedbed-0.1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: seedbed\nVersion: 0.1.0\n")
    (info / "direct_url.json").write_text(json.dumps({"url": url, "dir_info": directory}))


def test_all_plugins_of_our_packages_are_known_by_name() -> None:
    groups = {str(kind) for kind in kinds()}
    declared = {}
    for file in PACKAGES.glob("*/pyproject.toml"):
        project = tomllib.loads(file.read_text())["project"]
        for group, names in project.get("entry-points", {}).items():
            if group in groups:
                declared |= {(group, name): project["name"] for name in names}
    assert dict(FIRST_PARTY) == declared


def test_who_installed_seedbed_from_a_clone_is_told_to_install_the_package_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone = tmp_path / "a clone"
    (clone / "plugins" / "seedbed-data").mkdir(parents=True)
    installed_from(tmp_path / "site", clone.as_uri())
    monkeypatch.syspath_prepend(tmp_path / "site")

    assert (
        pip_install("seedbed-data") == f"pip install {shlex.quote(str(clone / 'plugins' / 'seedbed-data'))}"
    )
    assert pip_install("seedbed-new") == "pip install seedbed-new"


def test_who_works_on_seedbed_is_told_the_name_of_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed_from(tmp_path, PACKAGES.parent.as_uri(), editable=True)
    monkeypatch.syspath_prepend(tmp_path)

    assert pip_install("seedbed-data") == "pip install seedbed-data"


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"[]",
        b"{",
        b"\xff",
        b"{}",
        b'{"dir_info": []}',
        b'{"dir_info": {}, "url": 5}',
        b'{"dir_info": {}}',
    ],
)
def test_damaged_metadata_says_nothing_of_a_clone(
    damaged: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed_from(tmp_path, PACKAGES.parent.as_uri())
    (tmp_path / "seedbed-0.1.0.dist-info" / "direct_url.json").write_bytes(damaged)
    monkeypatch.syspath_prepend(tmp_path)

    assert pip_install("seedbed-data") == "pip install seedbed-data"


@pytest.mark.parametrize(
    ("name", "package"),
    [("dedup-near", "seedbed-data"), ("judge", "seedbed-tasks"), ("rater-agreement", "seedbed-tasks")],
)
def test_a_plugin_of_a_package_that_is_not_installed_is_said_to_be_in_it(
    site: Site, name: str, package: str
) -> None:
    site.install_llm("owl")
    registry = site.registry()
    for use in (lambda: get_step(name, registry=registry), lambda: chosen(registry, name)):
        with pytest.raises(UnknownPluginError) as raised:
            use()
        assert f"pip install {package}" in raised.value.advice
