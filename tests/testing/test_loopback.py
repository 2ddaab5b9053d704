"""The base of all test servers."""

from __future__ import annotations

from aiohttp import web

from seedbed.testing import LoopbackServer


class Empty(LoopbackServer):
    def application(self) -> web.Application:
        return web.Application()


def test_no_address_comes_twice_in_a_process() -> None:
    ports = []
    # The system would give about forty of them twice.
    for _ in range(1000):
        made = Empty._socket()
        ports.append(made.getsockname()[1])
        made.close()

    assert len({*ports}) == len(ports)
