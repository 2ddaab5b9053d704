"""What the sources of documents, queries and datasets read, and what they refuse."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from seedbed import DatasetError, ParameterError, Pipeline, Row, UsageError, get_step, run
from seedbed_data.sources.conversion import Conversion


def made(name: str, **parameters: object) -> list[Row]:
    ended = run(get_step(name, **parameters))  # type: ignore[arg-type]
    if ended.stopped_by is not None:
        raise ended.stopped_by
    return [*ended.rows()]


def test_front_matter_becomes_columns_and_paths_are_those_below_the_folder(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "b.md").write_bytes(b"---\r\ntags: [x]\r\nday: 2024-01-02\r\n---\r\n\r\n# B\r\n")
    (tmp_path / "a.txt").write_text("---\n\na rule, and no front matter")
    (tmp_path / "c.json").write_text("{}")
    expected = [
        {"path": "a.txt", "text": "---\n\na rule, and no front matter"},
        {"path": "in/b.md", "text": "# B\n", "tags": ["x"], "day": "2024-01-02"},
    ]

    assert made("text", path=tmp_path) == expected
    assert made("text", path=str(tmp_path / "**" / "*.[mt]*")) == expected
    assert made("text", path=tmp_path / "in" / "b.md", front_matter=False)[0]["text"].startswith("---\ntags")


@pytest.mark.parametrize(
    ("front", "said"),
    [
        ("a: [1", r"'.*a\.md' line \d is not YAML"),
        ("a: &x [1]\nb: [*x, *x]", "an alias"),
        ("text: mine", "a column 'text'"),
        ("a: !!python/object/apply:os.system [ls]", "is not YAML"),
    ],
)
def test_front_matter_that_cannot_be_trusted_is_refused(front: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(f"---\n{front}\n---\ntext")

    with pytest.raises(DatasetError, match=said):
        made("text", path=tmp_path)


@pytest.mark.slow
def test_documents_become_markdown(tmp_path: Path) -> None:
    import docx
    import fpdf
    import pptx

    word = docx.Document()
    word.add_heading("Tides", 1)
    word.add_paragraph("The sea rises.")
    word.save(str(tmp_path / "a.docx"))
    pdf = fpdf.FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica")
    pdf.cell(text="A page of text.")
    pdf.output(str(tmp_path / "b.pdf"))
    slides = pptx.Presentation()
    slides.slides.add_slide(slides.slide_layouts[5]).shapes.title.text = "A slide"
    slides.save(str(tmp_path / "c.pptx"))
    (tmp_path / "d.html").write_text(
        "<head><title>Moon</title></head><body><h1>Moon</h1><ul><li>near</li></ul></body>"
    )
    rows = made("documents", path=tmp_path)

    assert [row["path"] for row in rows] == ["a.docx", "b.pdf", "c.pptx", "d.html"]
    assert "# Tides" in rows[0]["text"]
    assert rows[1]["text"] == "A page of text."
    assert "A slide" in rows[2]["text"]
    assert (rows[3]["title"], rows[3]["text"]) == ("Moon", "# Moon\n\n* near")


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.docx", b"no zip"), ("b.pptx", b"PK\3\4 cut off")],
)
def test_a_damaged_document_is_named(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(DatasetError, match=rf"'.*{name}' (is not|cannot be read as) a.* document"):
        made("documents", path=tmp_path)


def test_documents_that_cannot_be_read_may_be_rows_that_say_why(tmp_path: Path) -> None:
    (tmp_path / "a.docx").write_bytes(b"no zip")
    (tmp_path / "b.md").write_text("The Moon pulls the sea.")
    (tmp_path / "c.html").write_text(f"<p>{'The Sun pulls it, too. ' * 50_000}</p>")

    rows = made("documents", path=str(tmp_path / "*"), on_error="keep", megabytes=1)

    text = "The Moon pulls the sea."
    assert rows == [
        {"path": "a.docx", "text": "", "title": None, "error": "'a.docx' is not a .docx document"},
        {"path": "b.md", "text": text, "title": None, "error": None},
        {"path": "c.html", "text": "", "title": None, "error": rows[2]["error"]},
    ]
    assert rows[2]["error"].startswith("'c.html' has 1.2 MB, and a document may have 1")


def test_a_folder_of_documents_is_read_with_the_texts_in_it(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    for name in ("a.md", "b.TXT", "below/c.markdown", "picture.png"):
        (tmp_path / name).write_text("The Moon pulls the sea.")

    assert [row["path"] for row in made("documents", path=tmp_path)] == ["a.md", "b.TXT", "below/c.markdown"]


@pytest.mark.slow
def test_a_query_reads_files_and_databases(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"q": "x", "n": 1}\n{"q": "x", "n": 2}\n{"q": "y", "n": 3}\n')
    (tmp_path / "b.csv").write_text("q,name\nx,Ex\n")
    with closing(sqlite3.connect(tmp_path / "s.sqlite")) as database, database:
        database.execute("CREATE TABLE t (a, b)")
        database.execute("INSERT INTO t VALUES (1, x'00ff')")
    query = (
        "SELECT q, sum(n) AS n, any_value(name) AS name FROM a LEFT JOIN b USING (q) GROUP BY q ORDER BY q"
    )
    tables = {"a": str(tmp_path / "a.jsonl"), "b": str(tmp_path / "b.csv")}

    assert made("sql", query=query, tables=tables) == [
        {"q": "x", "n": 3, "name": "Ex"},
        {"q": "y", "n": 3, "name": None},
    ]
    assert made("sql", query="SELECT * FROM t", database=tmp_path / "s.sqlite") == [{"a": 1, "b": "AP8="}]


@pytest.mark.parametrize(
    "query",
    ["COPY (SELECT 1) TO '{}/made.csv'", "SELECT 1; SELECT 2", "ATTACH '{}/made.csv' AS x", "INSTALL httpfs"],
)
@pytest.mark.parametrize("database", [None, "s.sqlite"])
def test_a_query_writes_nothing(query: str, database: str | None, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "s.sqlite")) as made_here:
        made_here.execute("CREATE TABLE t (a)")
    before = sorted(tmp_path.iterdir())

    with pytest.raises((UsageError, DatasetError)):
        made("sql", query=query.format(tmp_path), database=database and tmp_path / database)
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    "query", ["SELECT * FROM read_text('{}')", "SELECT * FROM '{}'", "SELECT * FROM read_csv('{}')"]
)
def test_a_query_reads_no_file_that_tables_does_not_name(query: str, tmp_path: Path) -> None:
    for name in ("a.csv", "secret.csv"):
        (tmp_path / name).write_text("a\n1\n")

    with pytest.raises(DatasetError, match="disabled"):
        made("sql", query=query.format(tmp_path / "secret.csv"), tables={"t": tmp_path / "a.csv"})


@pytest.mark.parametrize(
    "database",
    [
        "postgresql://me:hunter2@host/db",
        "postgresql://me:a/hunter2@host/db",
        "postgresql://me:a?hunter2@host/db",
        "postgresql://me@host/db?sslmode=require&password=hunter2",
        "postgresql://host/db?sslpassword=hunter2",
        "postgresql://me@host/db?p%61ssword=hunter2",
        "host=host user=me password=hunter2",
    ],
)
def test_a_password_is_refused_and_not_shown(database: str) -> None:
    with pytest.raises(ParameterError, match="PGPASSWORD") as raised:
        get_step("sql", query="SELECT 1", database=database)
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(
    "database",
    [
        "postgresql://me@host:5432/db",
        "postgresql://a:1,b:2/db?application_name=me@x",
        "postgresql://[::1]:5432/db",
        "postgresql:///db?host=/run/postgresql",
    ],
)
def test_an_address_without_a_password_is_taken(database: str) -> None:
    step = get_step("sql", query="SELECT 1", database=database)
    assert step.model_dump()["database"] == database


def test_a_run_asks_the_server_of_an_address_and_looks_for_no_file_there() -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(
        DatasetError, match=r"Postgres can't be reached: .* port 1 failed: Connection refused"
    ):
        made("sql", query="SELECT 1 AS a", database="postgresql://me@127.0.0.1:1/db")


@pytest.mark.parametrize(
    ("database", "said"),
    [
        ("postgresql://me@host/db?host=elsewhere", "no parameter `host`"),
        ("postgresql://host/db?h%6fstaddr=10.0.0.1", "no parameter `hostaddr`"),
        ("postgresql://host/db?port=1", "no parameter `port`"),
        ("postgresql://host/db?service=mine", "no parameter `service`"),
        ("postgresql://me:hunter2-hunter2", "a port is a number"),
        ("postgresql://a:1,b:hunter2-hunter2/db", "a port is a number"),
    ],
)
def test_an_address_names_one_server(database: str, said: str) -> None:
    with pytest.raises(ParameterError, match=said) as raised:
        get_step("sql", query="SELECT 1", database=database)
    assert "hunter2" not in str(raised.value)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads the variables of another process")
def test_what_reads_documents_has_no_keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("markitdown")
    for name in ("OPENAI_API_KEY", "HF_TOKEN", "PGPASSWORD", "AWS_SECRET_ACCESS_KEY", "ACME_CREDENTIALS"):
        monkeypatch.setenv(name, "sk-planted")
    monkeypatch.setenv("ACME_FOLDER", "kept")
    (tmp_path / "a.html").write_text("<p>hello</p>")
    with Conversion(60, 4000) as conversion:
        assert conversion.converted(tmp_path / "a.html")[0] == "hello"
        assert conversion._process is not None
        seen = Path(f"/proc/{conversion._process.pid}/environ").read_bytes()
    assert b"ACME_FOLDER=kept" in seen
    assert b"sk-planted" not in seen


def test_a_wrong_query_says_where(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match='near "x"'):
        made("sql", query="SELECT * FRM x")
    with pytest.raises(UsageError, match="two columns named 'a'"):
        made(
            "sql", query="SELECT 1 AS a, 2 AS b, 3 AS c, 4 AS d".replace("b", "a"), database=_empty(tmp_path)
        )


def _empty(folder: Path) -> Path:
    with closing(sqlite3.connect(folder / "e.db")) as database:
        database.execute("CREATE TABLE t (a)")
    return folder / "e.db"


@pytest.mark.slow
def test_saved_datasets_of_hugging_face_are_read(tmp_path: Path) -> None:
    import datasets

    rows = [{"text": f"t{n}", "n": n} for n in range(5)]
    whole = datasets.Dataset.from_list(rows)
    whole.save_to_disk(str(tmp_path / "one"))
    datasets.DatasetDict({"test": whole}).save_to_disk(str(tmp_path / "parts"))
    (tmp_path / "files").mkdir()
    whole.to_json(tmp_path / "files" / "train.jsonl")

    assert made("hf", folder=(tmp_path / "one")) == rows
    assert made("hf", folder=(tmp_path / "parts"), split="test", only=["n"]) == [{"n": n} for n in range(5)]
    assert made("hf", folder=(tmp_path / "files"), without=["n"])[4] == {"text": "t4"}
    with pytest.raises(UsageError, match=r"no split 'train'.*\n.*test"):
        made("hf", folder=(tmp_path / "parts"))


def test_a_hub_that_cannot_be_reached_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets
    import huggingface_hub.constants

    # As if HF_HUB_OFFLINE were set: the library itself refuses to connect.
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)

    with pytest.raises(UsageError, match=r"'nobody/nothing' cannot be read: .*\n.*the Hub can't be reached"):
        made("hf", dataset="nobody/nothing")


@pytest.mark.parametrize("dataset", ["../secrets", "/etc", "a/b/c", "s3://a/b", "here"])
def test_a_folder_is_never_taken_for_an_id(
    dataset: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ParameterError):
        get_step("hf", dataset=dataset)


@pytest.mark.parametrize("source", ["jsonl", "csv", "parquet", "text"])
def test_an_empty_path_is_no_folder(source: str) -> None:
    with pytest.raises(UsageError, match="the path is empty"):
        run(get_step(source, path=""))


@pytest.mark.parametrize(
    "text", ["---\ntitle: x\n---", "--- \ntitle: x\n---\t\n", "---\r\ntitle: x\r\n---\r\n"]
)
def test_front_matter_may_end_with_its_file(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_bytes(text.encode())

    (row,) = run(get_step("text", path=str(tmp_path / "a.md"))).rows()
    assert row == {"path": "a.md", "text": "", "title": "x"}


@pytest.mark.parametrize("source", ["jsonl", "text"])
def test_a_folder_or_a_list_is_not_less_than_it_seems(source: str, tmp_path: Path) -> None:
    for ending in ("jsonl", "txt"):
        (tmp_path / f"b.{ending}").symlink_to(tmp_path / "gone")
        (tmp_path / f"a.{ending}").write_text("{}")

    with pytest.raises(UsageError, match=r"b.\w+' is a link to a file that isn't there"):
        run(get_step(source, path=str(tmp_path)))
    with pytest.raises(ParameterError, match="at least 1"):
        get_step(source, path=[])


def test_a_map_of_a_query_has_the_form_of_one_in_a_file() -> None:
    (row,) = run(
        get_step("sql", query="SELECT map {1: map {'a': 2}} m, map {'k': [1]} n, [map {2: 3}] l")
    ).rows()

    assert row == {
        "m": [{"key": 1, "value": {"a": 2}}],
        "n": {"k": [1]},
        "l": [[{"key": 2, "value": 3}]],
    }


@pytest.mark.parametrize("query", [" ", ";", "-- SELECT 1", "/* SELECT 1 */"])
@pytest.mark.parametrize("database", [None, "a.sqlite"])
def test_a_query_without_a_statement_is_refused(query: str, database: str | None, tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "a.sqlite").close()
    (tmp_path / "a.sqlite").touch()

    with pytest.raises(UsageError, match="the query is not one SELECT"):
        run(get_step("sql", query=query, database=database and str(tmp_path / database)))


def test_a_refused_query_leaves_the_file_of_its_database_to_others(tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    file = str(tmp_path / "a.duckdb")
    duckdb.connect(file).close()

    # The error is kept, as a notebook does.
    with pytest.raises(UsageError, match="the query is not one SELECT") as kept:
        get_step("sql", query="DROP TABLE a", database=file).load()

    duckdb.connect(file, read_only=False).close()
    assert kept.value.advice


def test_a_dataset_on_the_hub_is_read_with_the_users_token_only_where_the_user_allows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_of_the_user")
    monkeypatch.delenv("HF_HUB_DISABLE_IMPLICIT_TOKEN", raising=False)
    file = tmp_path / "p.yaml"
    for text in ("steps:\n- use: hf\n  with: {dataset: ada/private}\n", INPUT_FROM_THE_HUB):
        file.write_text(text)
        with pytest.raises(UsageError, match=r"'hf://ada/private' .* with your account\n.*-path hf://ada\n"):
            Pipeline.from_file(file)
        assert Pipeline.from_file(file, allow_paths=["hf://ada"])


INPUT_FROM_THE_HUB = """
input: {use: hf, with: {dataset: ada/private}}
steps:
- {use: filter, with: {keep: n > 1}}
"""
