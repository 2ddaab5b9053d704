"""What a pattern with `**` matches, and that folders which hold links to themselves end."""

from __future__ import annotations

import glob
import os
from pathlib import Path

import pytest

from seedbed import Files


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in (
        "a.md",
        "in/b.md",
        "in/deep/er/c.md",
        "in/.hidden/d.md",
        "in[1]/e.md",
        "in/x.txt",
        "in/.f.md",
    ):
        path = tmp_path / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "pattern",
    [
        "docs/**/*.md",
        "**/*.md",
        "**",
        "docs/**",
        "docs/*/**/*.md",
        "docs/in/**/er/*.md",
        "docs/**/deep/**/*.md",
        "docs/**/.*.md",
        "docs/[i]n/**/*.?d",
        "docs/.h*/**",
        "docs/none/**/*.md",
        "docs/**/../*.md",
        "docs/**/",
        "docs/in[[]1]/**/*.md",
        "docs/*.md",
        "./docs/**/*.md",
    ],
)
@pytest.mark.parametrize("absolute", [False, True])
def test_a_pattern_matches_what_glob_matches(pattern: str, absolute: bool, folder: Path) -> None:
    pattern = f"{folder}/{pattern}" if absolute else pattern
    expected = {Path(name) for name in glob.glob(pattern, recursive=True) if Path(name).is_file()}  # noqa: PTH207

    assert Files(pattern).paths() == sorted(expected, key=str)


def test_links_to_the_folder_itself_end_and_other_links_are_followed(folder: Path) -> None:
    # With two of them, each of forty levels would have twice the folders of the one before.
    for name in ("docs/self", "docs/in/up", "docs/in/again"):
        (folder / name).symlink_to(folder / "docs", target_is_directory=True)
    (folder / "elsewhere").mkdir()
    (folder / "elsewhere" / "g.md").write_text("g")
    (folder / "docs" / "linked").symlink_to(folder / "elsewhere", target_is_directory=True)
    (folder / "docs" / "gone").symlink_to(folder / "nowhere")
    (folder / "docs" / "loop.md").symlink_to("loop.md")
    expected = ["docs/a.md", "docs/in/b.md", "docs/in/deep/er/c.md", "docs/in[1]/e.md", "docs/linked/g.md"]

    assert [path.as_posix() for path in Files("docs/**/*.md").paths()] == expected
    assert {path.name for path in Files("docs").paths()} >= {"a.md", "b.md", "c.md", "e.md"}
    assert len(Files("docs").paths()) < 10


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() == 0, reason="root reads everything")
def test_a_folder_that_cannot_be_listed_matches_nothing(folder: Path) -> None:
    (folder / "docs" / "in").chmod(0)
    try:
        assert [path.name for path in Files("docs/**/*.md").paths()] == ["a.md", "e.md"]
    finally:
        (folder / "docs" / "in").chmod(0o700)
