"""A client of a language server, which speaks its protocol over standard input and output."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple


class Place(NamedTuple):
    """A line and a column of a file, counted from 0."""

    line: int
    column: int


class Editor:
    """What an editor asks a language server about one file at a time."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._numbers = 0
        self._found: dict[str, list[dict[str, Any]]] = {}

    def open(self, path: Path, marked: str) -> Place:
        """Write a file and open it; return where the cursor is, at the first `|` of the text."""
        before, text = marked.partition("|")[0], marked.replace("|", "", 1)
        path.write_text(text)
        language = {".py": "python"}.get(path.suffix, "yaml")
        document = {"uri": path.as_uri(), "languageId": language, "version": 1, "text": text}
        self._notify("textDocument/didOpen", {"textDocument": document})
        return Place(before.count("\n"), len(before.rpartition("\n")[2]))

    def completions(self, path: Path, place: Place) -> dict[str, dict[str, Any]]:
        """Return what is offered at a place, by label."""
        answer = self._ask("textDocument/completion", path, place)
        return {item["label"]: item for item in answer["items"]}

    def hover(self, path: Path, place: Place) -> str:
        """Return the text shown for the word at a place."""
        answer = self._ask("textDocument/hover", path, place)
        return str(answer["contents"]["value"]) if answer else ""

    def red_lines(self, path: Path) -> list[tuple[int, str]]:
        """Return the line number (from 0) and the message of each problem in a file that was opened."""
        uri = path.as_uri()
        while uri not in self._found:
            self._receive()
        return [(one["range"]["start"]["line"], one["message"]) for one in self._found.pop(uri)]

    def request(self, method: str, params: object) -> Any:
        """Return the result of a request, after answering what the server asks in the meantime."""
        self._numbers += 1
        number = self._numbers
        self._send({"id": number, "method": method, "params": params})
        while True:
            message = self._receive()
            if message.get("id") == number and "method" not in message:
                assert "error" not in message, message
                return message["result"]

    def _ask(self, method: str, path: Path, place: Place) -> Any:
        position = {"line": place.line, "character": place.column}
        return self.request(method, {"textDocument": {"uri": path.as_uri()}, "position": position})

    def _notify(self, method: str, params: object) -> None:
        self._send({"method": method, "params": params})

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()

    def _receive(self) -> dict[str, Any]:
        message = self._read()
        if message.get("method") == "textDocument/publishDiagnostics":
            self._found[message["params"]["uri"]] = message["params"]["diagnostics"]
        elif "method" in message and "id" in message:
            # The server asks for the editor's settings, and registers what it can do.
            items = message["params"].get("items", []) if isinstance(message.get("params"), dict) else []
            self._send({"id": message["id"], "result": [{} for _ in items]})
        return message

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        length = 0
        while (line := self._process.stdout.readline().strip()) or not length:
            assert line or self._process.poll() is None, "the server ended"
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        message: dict[str, Any] = json.loads(self._process.stdout.read(length))
        return message


def install(package: str, folder: Path) -> Path:
    """Install a package of npm into a folder, and return where its programs are."""
    command = ["npm", "install", "--no-audit", "--no-fund", "--silent", package]
    subprocess.run(command, cwd=folder, check=True, timeout=600)
    return folder / "node_modules" / ".bin"


@contextmanager
def editor(command: Sequence[str], folder: Path) -> Iterator[Editor]:
    """Start a language server for a folder, and end it."""
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=folder
    ) as process:
        try:
            client = Editor(process)
            capabilities = {
                "textDocument": {
                    "completion": {"completionItem": {"documentationFormat": ["markdown"]}},
                    "hover": {"contentFormat": ["markdown"]},
                    "publishDiagnostics": {},
                },
                "workspace": {"configuration": True},
            }
            client.request(
                "initialize",
                {"processId": None, "rootUri": folder.as_uri(), "capabilities": capabilities},
            )
            client._notify("initialized", {})
            yield client
        finally:
            process.kill()
