"""What plugins are for is read from a file of their package, or their distribution's summary, unimported."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import Any

import pytest

from seedbed.plugins.catalogue.catalogue import FILE, Listed, catalogue

LINE = {
    "group": "seedbed.tasks",
    "name": "haiku",
    "description": "Writes haiku.",
    "goals": ["sft"],
    "keywords": ["poetry"],
    "takes_rows": False,
    "text": "More.",
}


def install(site: Any, text: str | None, summary: str = "") -> None:
    site.install("dist-haiku", {"seedbed.tasks": {"haiku": "pack_haiku"}})
    if summary:
        (metadata,) = site.folder.glob("dist_haiku*.dist-info/METADATA")
        head, _, rest = metadata.read_text().partition("\n")
        metadata.write_text(f"{head}\nSummary: {summary}\n{rest}")
    package = site.folder / "pack_haiku"
    package.mkdir()
    (package / "__init__.py").write_text("raise SystemExit('imported')")
    if text is not None:
        (package / FILE).write_text(text, encoding="utf-8")


def listed(site: Any) -> Listed:
    (found,) = catalogue(site.scan()).values()
    return found


def test_a_line_of_the_file_says_what_a_plugin_is_for(site: Any) -> None:
    other = {"group": "seedbed.tasks", "name": "other", "description": "Another."}
    install(site, f"{json.dumps(other)}\n{json.dumps(LINE)}\n")

    assert listed(site) == Listed("Writes haiku.", ("sft",), ("poetry",), False, "More.")
    assert "pack_haiku" not in sys.modules


def test_a_developers_folder_is_found_without_an_import(
    site: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(site, None)
    (folder,) = site.folder.glob("dist_haiku*.dist-info")
    (folder / "direct_url.json").write_text('{"url": "file:///x", "dir_info": {"editable": true}}')
    home = tmp_path / "src" / "pack_haiku"
    home.parent.mkdir()
    (site.folder / "pack_haiku").rename(home)
    (home / FILE).write_text(json.dumps(LINE))
    monkeypatch.syspath_prepend(str(home.parent))

    assert listed(site).description == "Writes haiku."
    assert "pack_haiku" not in sys.modules


@pytest.mark.parametrize("text", [None, "", json.dumps({**LINE, "name": "other"})])
def test_without_a_line_it_is_the_summary_of_the_distribution(site: Any, text: str | None) -> None:
    install(site, text, summary="Poems by models")

    assert listed(site) == Listed("Poems by models")


@pytest.mark.parametrize(
    "wrong",
    [
        "no JSON",
        "[1]",
        '{"group": "seedbed.tasks"}',
        json.dumps({**LINE, "goals": "sft"}),
        json.dumps({**LINE, "description": ["Writes"]}),
        "\x00",
    ],
)
def test_a_file_that_cannot_be_read_is_ignored_with_a_warning(
    site: Any, wrong: str, caplog: pytest.LogCaptureFixture
) -> None:
    install(site, f"{wrong}\n", summary="Poems")

    with caplog.at_level(logging.WARNING):
        assert listed(site) == Listed("Poems")
    assert "pack_haiku" in caplog.text


def test_a_file_of_odd_bytes_or_of_any_size_is_ignored(site: Any, caplog: pytest.LogCaptureFixture) -> None:
    install(site, "x" * 4_000_001)
    assert listed(site) == Listed()

    (site.folder / "pack_haiku" / FILE).write_bytes(b"\xff\xfe")
    assert listed(site) == Listed()
    assert "over 4,000,000 bytes" in caplog.text


def test_a_module_that_is_no_package_has_no_file(site: Any) -> None:
    site.install("dist-haiku", {"seedbed.tasks": {"haiku": "mod_haiku"}}, {"mod_haiku": "raise SystemExit"})

    assert listed(site) == Listed()
