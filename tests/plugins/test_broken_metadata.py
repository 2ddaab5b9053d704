"""What others have installed, in any state, stops neither a listing nor a plugin nor a command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from seedbed import BrokenPluginError, UnknownPluginError
from seedbed.plugins.discovery.metadata import installed_version
from seedbed.plugins.discovery.scan import strays

METADATA = "Name: odd\nVersion: 1.0\n"
POINTS = "[seedbed.llms]\nodd = mod_odd\n"

UNREADABLE = {
    "not text": b"\xff\xfe\x00\xff",
    "UTF-16": "Name: odd".encode("utf-16"),
    "empty": b"",
    "NUL": b"\0\0",
    "no key": b"[console_scripts]\nno equals\n",
    "no section": b"a = b\n",
    "brackets": b"][\n==\n[\n",
    "a list": b"[1]",
    "a folder": None,
    "a link to itself": ...,
}


def put(info: Path, name: str, content: object) -> None:
    info.mkdir(parents=True, exist_ok=True)
    path = info / name
    path.unlink(missing_ok=True)
    if content is None:
        path.mkdir()
    elif content is ...:
        path.symlink_to(path.name)
    else:
        path.write_bytes(content)


@pytest.fixture
def odd(site):
    """The metadata folder of a distribution, of which one file is about to be broken."""
    site.install_llm("good")
    site.install("odd", {"seedbed.llms": {"odd": "mod_odd"}}, {"mod_odd": site.llm_module})
    return site.folder / "odd-1.0.dist-info"


@pytest.mark.parametrize(
    "file", ["METADATA", "entry_points.txt", "direct_url.json", "RECORD", "top_level.txt"]
)
@pytest.mark.parametrize("content", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_a_file_that_cannot_be_read_hides_at_most_the_plugins_of_its_own_distribution(
    site, odd, file, content
):
    put(odd, file, content)
    registry = site.registry()
    assert registry.llm("good").__name__ == "FakeLLM"
    if file == "entry_points.txt":
        with pytest.raises(UnknownPluginError):
            registry.llm("odd")
    else:
        assert registry.llm("odd").__name__ == "FakeLLM"
    assert [entry.status for entry in registry.entries() if entry.installed.name == "good"] == ["ok"]


@pytest.mark.parametrize("folder", ["-1.0.dist-info", ".dist-info", "odd.egg-info", "odd-1.0.dist-info"])
def test_a_folder_of_any_name_without_readable_metadata_is_no_obstacle(site, folder):
    site.install_llm("good")
    put(site.folder / folder, "entry_points.txt", POINTS.encode())
    put(site.folder / folder, "PKG-INFO", b"\xff")
    assert site.registry().llm("good").__name__ == "FakeLLM"


def test_a_file_in_place_of_a_metadata_folder_is_no_obstacle(site):
    site.install_llm("good")
    (site.folder / "odd-1.0.dist-info").write_text("x")
    assert [claim.name for claim in site.scan()] == ["good"]


def test_distributions_without_a_name_are_told_apart_by_their_folder_of_metadata(site):
    for number in range(2):
        put(
            site.folder / f"odd{number}-1.0.dist-info",
            "entry_points.txt",
            f"[seedbed.llms]\nodd{number} = m\n".encode(),
        )
    assert [(claim.name, claim.owner) for claim in site.scan()] == [
        (name, f"a distribution without a name in {site.folder}") for name in ("odd0", "odd1")
    ]


@pytest.mark.parametrize("name", ["", "Name: \n", "Name: x; touch y\n", "Name: --index-url\n", "Name: a b\n"])
def test_nothing_that_is_no_name_of_a_distribution_is_to_be_installed(site, name):
    put(site.folder / "odd-1.0.dist-info", "METADATA", f"{name}Version: 1.0\n".encode())
    put(site.folder / "odd-1.0.dist-info", "entry_points.txt", b"[seedbed.llms]\nodd = mod_absent\n")
    with pytest.raises(BrokenPluginError) as raised:
        site.registry().llm("odd")
    assert "pip install" not in str(raised.value)


def test_what_an_interrupted_installation_left_does_not_hide_the_copy_that_is_whole(site, tmp_path):
    site.install("twice", {"seedbed.llms": {"twice": "mod"}}, version="2.0")
    first = type(site)(tmp_path / "first")
    put(first.folder / "twice-1.0.dist-info", "RECORD", b"")
    sys.path.insert(0, str(first.folder))
    try:
        assert installed_version("twice") == ("2.0", False)
        assert [claim.version for claim in site.scan() if claim.name == "twice"] == ["2.0"]
    finally:
        sys.path.remove(str(first.folder))


def test_a_stray_of_a_distribution_without_a_name_is_found(site):
    put(site.folder / "odd-1.0.dist-info", "entry_points.txt", b"[seedbed.task]\nhaiku = x\n")
    site.scan()
    assert "haiku" in {stray.name for stray in strays()}


TASK = """
from seedbed import GeneratorTask, LLM, Response

class Echo(LLM):
    async def respond(self, request):
        return Response.of_text("x")

class One(GeneratorTask):
    template: str = "hi {{ i }}"

    def sample(self, index, rng):
        return {"i": index}
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        "run t.py:One --llm t.py:Echo/m -n 1",
        "plugins",
        # Of one package: each plugin that is installed would be tried in a process of its own.
        "plugins doctor --allow seedbed-llamacpp",
        "schema",
        "plugins lock -o l.toml",
    ],
)
def test_a_package_that_has_nothing_to_do_with_us_stops_no_command(site, tmp_path, command):
    for folder in ("stranger{}-1.0.dist-info", "{}.dist-info"):
        for number, kind in enumerate(("no key", "not text")):
            put(site.folder / folder.format(number), "entry_points.txt", UNREADABLE[kind])
    put(site.folder / ".dist-info", "entry_points.txt", UNREADABLE["no key"])
    (tmp_path / "t.py").write_text(TASK)
    environ = {k: v for k, v in os.environ.items() if k != "PYDANTIC_DISABLE_PLUGINS"}
    child = subprocess.run(
        [sys.executable, "-m", "seedbed", *command.split()],
        cwd=tmp_path,
        env={**environ, "PYTHONPATH": str(site.folder)},
        capture_output=True,
        text=True,
    )
    assert child.returncode == 0, child.stderr
