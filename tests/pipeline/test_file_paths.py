from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field, FilePath

from seedbed import UsageError
from seedbed.pipeline.file_paths import FilePaths
from seedbed.tasks.files import Files


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FilePaths:
    (tmp_path / "mine/docs").mkdir(parents=True)
    (tmp_path / "data").mkdir()
    (tmp_path / "mine/out").symlink_to(tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SEEDBED_ALLOW_PATHS", raising=False)
    return FilePaths(Path("mine/p.yaml"))


@pytest.mark.parametrize("text", ["a.jsonl", "docs/a.jsonl", "./docs/../a.jsonl", "../mine/a.jsonl"])
def test_paths_are_relative_to_the_file(paths: FilePaths, text: str) -> None:
    assert paths.of(text) == Path("mine") / text


@pytest.mark.parametrize(
    "text",
    [
        "../a.jsonl", "/etc/passwd", "~/.ssh/id_rsa", "docs/../../a.jsonl", "../mine-too/a.jsonl",
        "out/a.jsonl", "..", "\0",
    ],
)  # fmt: skip
def test_a_path_that_leads_out_of_the_folder_is_refused(paths: FilePaths, text: str) -> None:
    with pytest.raises(UsageError):
        paths.of(text)
    with pytest.raises(UsageError):
        paths.pattern(text)


@pytest.mark.parametrize("text", ["docs/*/../../../data/*", "../data/*.jsonl", "/etc/*", "docs/../../*/a"])
def test_a_pattern_that_leads_out_of_the_folder_is_refused(paths: FilePaths, text: str) -> None:
    with pytest.raises(UsageError):
        paths.pattern(text)


@pytest.mark.parametrize("text", ["docs/*.md", "**/*.jsonl", "*", "docs/[ab]?.md"])
def test_a_pattern_is_relative_to_the_file(paths: FilePaths, text: str) -> None:
    assert paths.pattern(text) == f"mine/{text}"


def test_the_user_allows_other_folders(paths: FilePaths, monkeypatch: pytest.MonkeyPatch) -> None:
    allowing = FilePaths(Path("mine/p.yaml"), ["data"])
    assert allowing.of("../data/a.jsonl") == Path("mine/../data/a.jsonl")
    assert allowing.of("out/a.jsonl") == Path("mine/out/a.jsonl")
    with pytest.raises(UsageError, match="--allow-path"):
        allowing.of("../database/a.jsonl")
    monkeypatch.setenv("SEEDBED_ALLOW_PATHS", "elsewhere:data")
    assert paths.of("../data/a.jsonl")


def test_what_is_allowed_but_not_there_is_named_in_the_refusal(
    paths: FilePaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEEDBED_ALLOW_PATHS", "dtaa:~nobody-of-this-name/x:a\tb")
    with pytest.raises(UsageError, match="'dtaa' is allowed, but isn't there") as caught:
        paths.of("../data/a.jsonl")
    assert "'~nobody-of-this-name/x' is allowed" in str(caught.value)


def test_the_environment_allows_addresses(paths: FilePaths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEEDBED_ALLOW_PATHS", "elsewhere:s3://bucket/x:data")
    assert paths.pattern("s3://bucket/x/a.jsonl")
    assert paths.of("../data/a.jsonl")
    with pytest.raises(UsageError):
        paths.pattern("s3://other/a.jsonl")


def test_the_users_own_settings_allow_folders_and_those_beside_the_file_do_not(
    paths: FilePaths, tmp_path: Path
) -> None:
    line = f'allow-paths = ["{tmp_path}/data"]\n'
    Path("seedbed.toml").write_text(line)
    Path("mine/seedbed.toml").write_text(line)
    with pytest.raises(UsageError):
        paths.of("../data/a.jsonl")
    Path("config/seedbed").mkdir(parents=True)
    Path("config/seedbed/seedbed.toml").write_text(line)
    assert paths.of("../data/a.jsonl")
    Path("config/seedbed/seedbed.toml").write_text('allow-paths = "data"\n')
    with pytest.raises(UsageError, match="not a list"):
        paths.of("../data/a.jsonl")


def test_public_urls_are_read_and_those_that_need_the_users_account_only_if_allowed(paths: FilePaths) -> None:
    assert paths.pattern("https://example.com/a.jsonl") == "https://example.com/a.jsonl"
    assert paths.pattern("hf://datasets/a/b") == "hf://datasets/a/b"
    with pytest.raises(UsageError, match="--allow-path s3://bucket"):
        paths.pattern("s3://bucket/a.jsonl")
    assert FilePaths(Path("p.yaml"), ["s3://bucket/"]).pattern("s3://bucket/a.jsonl")


@pytest.fixture
def no_account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH", "HF_HUB_DISABLE_IMPLICIT_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))


HUB_ADDRESS = "hf://datasets/ada/private/*.jsonl"


@pytest.mark.parametrize("how", ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "login"])
@pytest.mark.usefixtures("no_account")
def test_a_file_reads_the_hub_with_a_token_only_where_the_user_allows(
    paths: FilePaths, how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert paths.pattern(HUB_ADDRESS) == HUB_ADDRESS
    if how == "login":
        (tmp_path / "hub").mkdir()
        (tmp_path / "hub" / "token").write_text("hf_of_the_user")
    else:
        monkeypatch.setenv(how, "hf_of_the_user")

    with pytest.raises(UsageError, match="reached with your account") as raised:
        paths.pattern(HUB_ADDRESS)
    place = raised.value.advice[0].rpartition(" ")[2]
    for allowed in (place, "hf://ada", "hf://ada/private", "hf://datasets/ada"):
        assert FilePaths(Path("p.yaml"), [allowed]).pattern(HUB_ADDRESS) == HUB_ADDRESS
    with pytest.raises(UsageError, match="reached with your account"):
        FilePaths(Path("p.yaml"), ["hf://eve", "hf://ada/public"]).pattern(HUB_ADDRESS)
    monkeypatch.setenv("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")
    assert paths.pattern(HUB_ADDRESS) == HUB_ADDRESS


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:9200/users/_search",
        "http://127.0.0.1/a.jsonl",
        "http://127.1/a.jsonl",
        "http://0x7f000001/a.jsonl",
        "http://2130706433/a.jsonl",
        "http://[::1]:8080/a.jsonl",
        "http://[::ffff:10.0.0.1]/a.jsonl",
        "http://[fe80::1%25eth0]/a.jsonl",
        "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
        "http://metadata.google.internal./computeMetadata/v1/",
        "https://192.168.1.1/*.jsonl",
        "https://nas/a.jsonl",
        "https://printer.local/a.jsonl",
        "https://example.com\\@10.0.0.1/a.jsonl",
    ],
)
def test_a_file_asks_no_server_of_this_machine_or_its_network(paths: FilePaths, url: str) -> None:
    with pytest.raises(UsageError, match="on this machine or its network") as raised:
        paths.pattern(url)

    place = raised.value.advice[0].rpartition(" ")[2]
    assert FilePaths(Path("p.yaml"), [place]).pattern(url) == url


def test_a_scheme_in_capitals_is_no_way_out_of_the_folder(
    paths: FilePaths,
) -> None:
    # `HTTP:` may be a folder that comes with the pipeline file.
    Path("HTTP:/example.com").mkdir(parents=True)
    Path("secret.txt").write_text("of the user")
    found = Files(paths.pattern("HTTP://example.com/../../secret.txt"))

    with pytest.raises(UsageError, match="isn't an address that can be read"):
        found.paths()


def test_an_address_with_a_user_is_allowed_by_its_host(paths: FilePaths) -> None:
    url = "postgresql://ada@db.example.com:5432/rows?sslmode=require"
    with pytest.raises(UsageError, match=r"--allow-path postgresql://db.example.com:5432$"):
        paths.pattern(url)

    for allowed in ("postgresql://db.example.com:5432", "postgresql://ada@db.example.com:5432"):
        assert FilePaths(Path("p.yaml"), [allowed]).pattern(url) == url
    for other in ("postgresql://eve@db.example.com:5432", "postgresql://db.example.com", "postgresql://ada"):
        with pytest.raises(UsageError, match="reached with your account"):
            FilePaths(Path("p.yaml"), [other]).pattern(url)
    with pytest.raises(UsageError, match=r"--allow-path postgresql:///rows\?host=/run$"):
        paths.pattern("postgresql:///rows?host=/run")


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("docs", "docs/notes.md"),
        ("docs", "docs/in/notes.md"),
        ("docs/*.md", "docs/notes.md"),
        ("d*/*", "docs/notes.md"),
        ("**/*.md", "docs/in/notes.md"),
        ("docs/in/../*", "docs/notes.md"),
    ],
)
def test_a_link_among_files_does_not_lead_out(text: str, link: str, paths: FilePaths, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("of the user")
    (tmp_path / "mine/docs/in").mkdir()
    (tmp_path / "mine" / link).symlink_to(tmp_path / "secret")

    with pytest.raises(UsageError, match=r"notes\.md' is a link out of the pipeline file's folder"):
        paths.pattern(text)
    assert FilePaths(Path("mine/p.yaml"), [tmp_path]).pattern(text)


def test_a_folder_in_a_pattern_may_be_a_link_within_the_file_s_folder_alone(
    paths: FilePaths, tmp_path: Path
) -> None:
    (tmp_path / "data/a.md").write_text("of the user")
    with pytest.raises(UsageError, match="out of the pipeline file's folder"):
        paths.pattern("o*/*.md")

    (tmp_path / "mine/docs/a.md").write_text("of the file")
    (tmp_path / "mine/other").symlink_to("docs")
    assert Files(paths.pattern("oth*/*.md")).paths() == [Path("mine/other/a.md")]


def test_a_folder_that_a_step_reads_has_no_link_out_of_it(paths: FilePaths, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("of the user")
    (tmp_path / "mine/docs/a.md").symlink_to(tmp_path / "secret")

    with pytest.raises(UsageError, match="is a link out of the pipeline file's folder"):
        paths.in_fields(Fields, {"one": "docs"})


class Inner(BaseModel):
    words: Path


class Fields(BaseModel):
    one: FilePath
    several: list[Path] = []
    either: str | Path = ""
    pattern: Files = Files("")
    inner: Inner | None = None
    text: str = ""


class Drawn(BaseModel):
    kind: Literal["drawn"]
    file: Files
    values: list[str] = []


class Listed(BaseModel):
    kind: Literal["listed"]
    file: str = ""
    values: dict[str, Path] = {}


class Nested(BaseModel):
    parts_of_it: dict[str, Annotated[Drawn | Listed, Field(discriminator="kind")]] = Field({}, alias="parts")
    several: list[Drawn] | None = None


def test_paths_in_dictionaries_and_lists_of_models_are_resolved_by_the_model_that_is_meant(
    paths: FilePaths,
) -> None:
    fields = {
        "parts": {
            "file": {"kind": "drawn", "file": "a.csv", "values": ["b.csv"]},
            "other": {"kind": "listed", "file": "/c.csv", "values": {"x": "d.csv"}},
        },
        "several": [{"file": "e.csv"}],
    }
    assert paths.in_fields(Nested, fields) == {
        "parts": {
            "file": {"kind": "drawn", "file": "mine/a.csv", "values": ["b.csv"]},
            "other": {"kind": "listed", "file": "/c.csv", "values": {"x": "mine/d.csv"}},
        },
        "several": [{"file": "mine/e.csv"}],
    }
    for parts in ({"x": {"kind": "drawn", "file": "/etc/passwd"}}, {"x": {"file": "/etc/passwd"}}):
        with pytest.raises(UsageError, match="outside"):
            paths.in_fields(Nested, {"parts": parts})


def test_fields_that_hold_paths_are_resolved_and_others_are_not(paths: FilePaths) -> None:
    fields = {
        "one": "a.txt",
        "several": ["b.txt", "c.txt"],
        "either": "d.txt",
        "pattern": "*.md",
        "inner": {"words": "e.txt"},
        "text": "/f.txt",
        "unknown": "/g.txt",
    }
    assert paths.in_fields(Fields, fields) == {
        "one": "mine/a.txt",
        "several": ["mine/b.txt", "mine/c.txt"],
        "either": "mine/d.txt",
        "pattern": "mine/*.md",
        "inner": {"words": "mine/e.txt"},
        "text": "/f.txt",
        "unknown": "/g.txt",
    }
    for name in ("one", "several", "either", "pattern"):
        with pytest.raises(UsageError):
            paths.in_fields(Fields, {name: ["/etc/passwd"] if name == "several" else "/etc/passwd"})
