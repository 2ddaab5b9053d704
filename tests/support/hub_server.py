"""A Hugging Face Hub on loopback, as far as huggingface_hub uses it to make, change and read datasets.

What it answers was written from what huggingface_hub 2.4 sends and reads. It keeps what it holds in memory,
and notes every request.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from seedbed.testing import LoopbackServer

TOKEN = "hf_" + "loopbackToken" * 3
Fault = Callable[[web.Request], Awaitable[web.Response | None]]


@dataclass
class HeldRepository:
    """A dataset that the server holds: for each branch its commits, each with its files and message."""

    private: bool
    branches: dict[str, list[Commit]] = field(default_factory=dict)

    def commit(self, revision: str) -> Commit | None:
        """Return the commit that a branch or a hash names."""
        if revision in self.branches:
            return self.branches[revision][-1]
        every = (commit for commits in self.branches.values() for commit in commits)
        return next((commit for commit in every if commit.sha == revision), None)


@dataclass(frozen=True)
class Commit:
    """A commit: its hash, what it says, and all files after it."""

    sha: str
    message: str
    files: dict[str, bytes]


class HubServer(LoopbackServer):
    """Serves datasets to whoever has `token`.

        with HubServer() as hub:
            hub.faults.append(refuse)

    `calls` are the requests (`POST /api/repos/create`), `uploads` the hashes of large files that were sent.
    Each of `faults` sees every request first, and may answer it.
    """

    def __init__(self, *, role: str = "write", **options: Any) -> None:
        super().__init__(**options)
        self.token = TOKEN
        self.role = role
        self.repositories: dict[str, HeldRepository] = {}
        self.objects: dict[str, bytes] = {}
        self.calls: list[str] = []
        self.uploads: list[str] = []
        self.faults: list[Fault] = []

    def files(self, name: str, revision: str = "main") -> dict[str, bytes]:
        """Return the files of a dataset."""
        commit = self.repositories[name].commit(revision)
        assert commit is not None
        return commit.files

    def messages(self, name: str, revision: str = "main") -> list[str]:
        """Return the messages of the commits of a branch, the oldest first; the first one is the server's."""
        return [commit.message for commit in self.repositories[name].branches[revision]][1:]

    def put(self, name: str, path: str, content: bytes, *, private: bool = False) -> None:
        """Have a dataset with a file, as if somebody had uploaded it."""
        held = self.repositories.setdefault(name, _new(private))
        files = {**held.branches["main"][-1].files, path: content}
        held.branches["main"].append(_commit("by hand", files, len(held.branches["main"])))

    def application(self) -> web.Application:
        """Return the application to serve."""
        app = web.Application(middlewares=[self._watched], client_max_size=2**30)
        repository = r"/api/datasets/{user}/{name}"
        app.add_routes(
            [
                web.get("/api/whoami-v2", self._whoami),
                web.post("/api/repos/create", self._create),
                web.post("/api/validate-yaml", self._validate),
                web.get(repository, self._info),
                web.get(repository + "/revision/{revision}", self._info),
                web.get(repository + "/tree/{revision}", self._tree),
                web.get(repository + "/tree/{revision}/{path:.+}", self._tree),
                web.post(repository + "/paths-info/{revision}", self._paths),
                web.post(repository + "/preupload/{revision}", self._preupload),
                web.post(repository + "/commit/{revision}", self._commit),
                web.post(repository + "/branch/{revision}", self._branch),
                web.post("/datasets/{user}/{name}.git/info/lfs/objects/batch", self._batch),
                web.put("/storage/{oid}", self._store),
                web.get("/datasets/{user}/{name}/resolve/{revision}/{path:.+}", self._resolve),
            ]
        )
        return app

    @web.middleware
    async def _watched(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.calls.append(f"{request.method} {request.path}")
        self.wake()
        for fault in self.faults:
            if (answer := await fault(request)) is not None:
                return answer
        # Files go to a storage of their own, whose addresses are the permission: a token isn't sent there.
        if request.path.startswith("/storage/"):
            assert "Authorization" not in request.headers
        elif request.headers.get("Authorization") != f"Bearer {self.token}":
            return _refusal(401, "Invalid credentials in Authorization header")
        answer = await handler(request)
        self.wake()
        return answer

    async def _whoami(self, request: web.Request) -> web.Response:
        token = {"displayName": "loopback", "role": self.role}
        return web.json_response({"name": "ada", "type": "user", "auth": {"accessToken": token}})

    async def _create(self, request: web.Request) -> web.Response:
        asked = await request.json()
        name = f"{asked['organization']}/{asked['name']}"
        assert asked["type"] == "dataset"
        if self.role == "read" or asked["organization"] != "ada":
            return _refusal(
                403, f"You don't have the rights to create a dataset under {asked['organization']}"
            )
        if name in self.repositories:
            return web.json_response(
                {"error": "You already created it", "url": f"{self.url}/datasets/{name}"}, status=409
            )
        self.repositories[name] = _new(asked.get("visibility") == "private")
        return web.json_response({"url": f"{self.url}/datasets/{name}", "name": name})

    async def _validate(self, request: web.Request) -> web.Response:
        assert (await request.json())["repoType"] == "dataset"
        return web.json_response({"errors": [], "warnings": []})

    async def _info(self, request: web.Request) -> web.Response:
        held = self._held(request)
        if held is None:
            return _refusal(404, "Repository not found", "RepoNotFound")
        commit = held.commit(request.match_info.get("revision", "main"))
        if commit is None:
            return _refusal(404, "Invalid rev id", "RevisionNotFound")
        siblings = [{"rfilename": path} for path in sorted(commit.files)]
        name = _name(request)
        return web.json_response(
            {"id": name, "sha": commit.sha, "private": held.private, "siblings": siblings}
        )

    async def _tree(self, request: web.Request) -> web.Response:
        commit = self._at(request)
        if commit is None:
            return _refusal(404, "Invalid rev id", "RevisionNotFound")
        return web.json_response([_entry(path, content) for path, content in sorted(commit.files.items())])

    async def _paths(self, request: web.Request) -> web.Response:
        commit, asked = self._at(request), await request.post()
        assert commit is not None
        paths = [str(path) for path in asked.getall("paths")]
        return web.json_response([_entry(path, commit.files[path]) for path in paths if path in commit.files])

    async def _preupload(self, request: web.Request) -> web.Response:
        commit, asked = self._at(request), await request.json()
        if commit is None:
            return _refusal(404, "Invalid rev id", "RevisionNotFound")
        files = [
            {
                "path": one["path"],
                "uploadMode": "lfs" if _is_large(one["path"]) else "regular",
                "shouldIgnore": False,
                "oid": _oid(one["path"], commit.files[one["path"]]) if one["path"] in commit.files else None,
            }
            for one in asked["files"]
        ]
        return web.json_response({"files": files})

    async def _batch(self, request: web.Request) -> web.Response:
        asked = await request.json()
        objects: list[dict[str, Any]] = []
        for one in asked["objects"]:
            answer = {"oid": one["oid"], "size": one["size"]}
            if one["oid"] not in self.objects:
                answer["actions"] = {"upload": {"href": f"{self.url}/storage/{one['oid']}"}}
            objects.append(answer)
        return web.json_response({"transfer": "basic", "objects": objects})

    async def _store(self, request: web.Request) -> web.Response:
        content, oid = await request.read(), request.match_info["oid"]
        assert hashlib.sha256(content).hexdigest() == oid
        self.objects[oid] = content
        self.uploads.append(oid)
        return web.Response()

    async def _commit(self, request: web.Request) -> web.Response:
        held, revision = self._held(request), request.match_info["revision"]
        if held is None or revision not in held.branches:
            return _refusal(404, "Invalid rev id", "RevisionNotFound")
        head, *operations = [json.loads(line) for line in (await request.text()).splitlines()]
        commits = held.branches[revision]
        if head["value"].get("parentCommit", commits[-1].sha) != commits[-1].sha:
            return _refusal(412, "A commit has happened since. Please refresh and try again.")
        files = dict(commits[-1].files)
        for operation in operations:
            value = operation["value"]
            match operation["key"]:
                case "file":
                    files[value["path"]] = b64decode(value["content"])
                case "lfsFile":
                    files[value["path"]] = self.objects[value["oid"]]
                case "deletedFile":
                    del files[value["path"]]
        commits.append(_commit(head["value"]["summary"], files, len(commits)))
        return web.json_response(
            {
                "commitUrl": f"{self.url}/datasets/{_name(request)}/commit/{commits[-1].sha}",
                "commitOid": commits[-1].sha,
            }
        )

    async def _branch(self, request: web.Request) -> web.Response:
        held = self._held(request)
        assert held is not None
        held.branches[request.match_info["revision"]] = held.branches["main"][:1]
        return web.json_response({})

    async def _resolve(self, request: web.Request) -> web.Response:
        commit, path = self._at(request), request.match_info["path"]
        if commit is None or path not in commit.files:
            return _refusal(404, "Entry not found", "EntryNotFound")
        content = commit.files[path]
        headers = {"ETag": f'"{_oid(path, content)}"', "X-Repo-Commit": commit.sha}
        if asked := request.http_range.start or request.http_range.stop:
            assert asked is not None
            part = content[request.http_range]
            start = request.http_range.start or 0
            headers["Content-Range"] = f"bytes {start}-{start + len(part) - 1}/{len(content)}"
            return web.Response(status=206, body=part, headers=headers)
        return web.Response(body=content, headers=headers)

    def _held(self, request: web.Request) -> HeldRepository | None:
        return self.repositories.get(_name(request))

    def _at(self, request: web.Request) -> Commit | None:
        held = self._held(request)
        return held.commit(request.match_info["revision"]) if held else None


def _name(request: web.Request) -> str:
    return f"{request.match_info['user']}/{request.match_info['name']}"


def _new(private: bool) -> HeldRepository:
    return HeldRepository(private, {"main": [_commit("initial commit", {".gitattributes": b""}, 0)]})


def _commit(message: str, files: dict[str, bytes], number: int) -> Commit:
    content = [message, number, sorted((path, _sha256(body)) for path, body in files.items())]
    return Commit(hashlib.sha1(json.dumps(content).encode()).hexdigest(), message, files)


def _entry(path: str, content: bytes) -> dict[str, Any]:
    entry: dict[str, Any] = {"type": "file", "path": path, "size": len(content), "oid": _git(content)}
    if _is_large(path):
        entry["lfs"] = {"oid": _sha256(content), "size": len(content), "pointerSize": 130}
    return entry


def _is_large(path: str) -> bool:
    return path.endswith(".parquet")


def _oid(path: str, content: bytes) -> str:
    return _sha256(content) if _is_large(path) else _git(content)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _git(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def _refusal(status: int, said: str, code: str = "") -> web.Response:
    headers = {"X-Error-Message": said, **({"X-Error-Code": code} if code else {})}
    return web.json_response({"error": said}, status=status, headers=headers)
