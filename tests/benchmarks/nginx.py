"""The server of the benchmarks: nginx with its lua module, which answers chat completions."""

from __future__ import annotations

import json
import random
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from copy import deepcopy
from pathlib import Path
from typing import Any

INSTALL = "apt-get install nginx-light libnginx-mod-http-lua wrk"
MODEL = "bench"
MODULES = Path("/usr/lib/nginx/modules")

_WORDS = (
    "seed snow autumn winter field bird stone river light root leaf rain wind path wall gate house morning "
    "night the a of and under over with without into from until before after where nobody somebody lay fell "
    "grew saw waited turned broke carried forgot found kept lost slept woke small old dark green cold warm "
    "quiet long"
)
# As hard to compress as prose is: about 2 to 1.
_STORY = " ".join(random.Random(3).choices(_WORDS.split(), k=345))

ANSWER: dict[str, Any] = {
    "id": "chatcmpl-0123456789abcdef",
    "object": "chat.completion",
    "created": 1760000000,
    "model": MODEL,
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": _STORY, "refusal": None},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ],
    "usage": {
        "prompt_tokens": 72,
        "completion_tokens": 440,
        "total_tokens": 512,
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0},
    },
}
"""A chat completion of about 2.3 KB."""

TYPED_ANSWER: dict[str, Any] = deepcopy(ANSWER)
"""The same with a JSON object as its text, which fits the schema of a typed row."""
TYPED_ANSWER["choices"][0]["message"]["content"] = json.dumps(
    {"title": "What the seed saw", "story": _STORY, "words": 345}
)

_CONFIGURATION = """
load_module {modules}/ndk_http_module.so;
load_module {modules}/ngx_http_lua_module.so;
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    keepalive_timeout 600s;
    client_body_buffer_size 64k;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    default_type application/json;
    lua_shared_dict counts 4m;
    init_by_lua_block {{
        plain = io.open("{folder}/answer.json"):read("*a")
        typed = io.open("{folder}/typed.json"):read("*a")
        function complete(seconds, answer)
            answer = answer or plain
            if seconds > 0 then ngx.sleep(seconds) end
            ngx.header.content_length = #answer
            ngx.print(answer)
        end
    }}
    server {{
        listen 127.0.0.1:{port} backlog=1024;
        location ~ /models$ {{ return 200 '{{"data":[{{"id":"{model}"}}]}}'; }}
        location /late/ {{ content_by_lua_block {{ ngx.req.read_body(); complete(0.2) }} }}
        location /typed/late/ {{ content_by_lua_block {{ ngx.req.read_body(); complete(0.2, typed) }} }}
        location /typed/at-once/ {{ content_by_lua_block {{ ngx.req.read_body(); complete(0, typed) }} }}
        location /at-once/ {{ content_by_lua_block {{ ngx.req.read_body(); complete(0) }} }}
        location /counted/ {{ content_by_lua_block {{
            ngx.req.read_body()
            local row = ngx.req.get_body_data():match("seed number (%d+)")
            ngx.shared.counts:incr("asked " .. row, 1, 0)
            complete(0.2)
            ngx.shared.counts:incr("answered " .. row, 1, 0)
        }} }}
        location /counts {{ content_by_lua_block {{
            for _, key in ipairs(ngx.shared.counts:get_keys(0)) do
                ngx.say(key, " ", ngx.shared.counts:get(key))
            end
        }} }}
        location /as-asked/ {{ content_by_lua_block {{
            ngx.req.read_body()
            complete(tonumber(ngx.req.get_body_data():match("answer after ([%d.]+) s")))
        }} }}
    }}
}}
"""


class Missing(Exception):
    """What a measure needs is not on this machine."""


class Nginx:
    """Base URLs of one server, which differ in how long an answer takes."""

    def __init__(self, port: int) -> None:
        origin = f"http://127.0.0.1:{port}"
        self.late = f"{origin}/late/v1"
        """Answers after 200 ms."""
        self.at_once = f"{origin}/at-once/v1"
        self.typed_late = f"{origin}/typed/late/v1"
        self.typed_at_once = f"{origin}/typed/at-once/v1"
        """These two answer with JSON that fits the schema of a typed row."""
        self.as_asked = f"{origin}/as-asked/v1"
        """Answers after the seconds that a prompt asks for: `answer after 0.3 s`."""
        self.counted = f"{origin}/counted/v1"
        """Answers after 200 ms, and counts how often each row of `prompt.py` is asked for and answered."""
        self.counts = f"{origin}/counts"
        """Lines such as `asked 17 2` and `answered 17 1`."""


@contextmanager
def nginx() -> Iterator[Nginx]:
    """Serve on a free port of loopback, from a folder that is removed again."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if program is None or not (MODULES / "ngx_http_lua_module.so").exists():
        raise Missing(f"nginx with its lua module is not installed: {INSTALL}")
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), _free_port()
        # Started as root, it serves as another user, who must see into the folder.
        folder.chmod(0o755)
        for file, answer in (("answer.json", ANSWER), ("typed.json", TYPED_ANSWER)):
            (folder / file).write_text(json.dumps(answer, separators=(",", ":")))
        configuration = _CONFIGURATION.format(modules=MODULES, folder=folder, port=port, model=MODEL)
        (folder / "nginx.conf").write_text(configuration)
        command = [program, "-p", name, "-e", f"{name}/error.log", "-c", f"{name}/nginx.conf"]
        with subprocess.Popen(command) as process:
            try:
                _wait_for(port, process)
                yield Nginx(port)
            finally:
                process.terminate()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.01)
    raise Missing(f"nginx ended with status {process.returncode}")
