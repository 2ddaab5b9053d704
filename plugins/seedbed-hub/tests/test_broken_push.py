"""A push that a server breaks off, wherever and however, says why, and the next one makes it whole."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from aiohttp import web
from tests.support.hub_server import Fault, HubServer

from seedbed import DatasetError, Output

from .test_push import PLACE, made, rows_on

NAME = "ada/jokes"
PLACES = ["/tree/", "/preupload/", "/objects/batch", "/storage/", "/commit/"]
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


def answering(status: int, **headers: str) -> Any:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response(
            {"error": "not now"}, status=status, headers={"X-Error-Message": "not now", **headers}
        )

    return answer


async def hanging_up(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


FAULTS = {
    "401": (answering(401), "doesn't accept the token"),
    "403": (answering(403), "may not write"),
    "409": (answering(409), "was changed meanwhile|refused"),
    "412": (answering(412), "was changed meanwhile"),
    "429": (answering(429, **{"Retry-After": "0"}), "has a limit on requests"),
    "500": (answering(500), r"has a problem \(status 500\)"),
    "503": (answering(503), r"has a problem \(status 503\)"),
    "hanging up": (hanging_up, "can't be reached"),
}


def at(place: str, answer: Any) -> Fault:
    async def fault(request: web.Request) -> web.Response | None:
        return await answer(request) if place in request.path else None

    return fault


SPLIT = {"train": 0.7, "test": 0.3}
# What a server may get over is tried again many times, except for a commit.
PATIENT = {"429", "500", "503", "hanging up"}
CASES = [
    pytest.param(fault, place, marks=pytest.mark.slow if fault in PATIENT and place != "/commit/" else ())
    for fault in FAULTS
    for place in PLACES
]


@pytest.mark.slow
@pytest.mark.variants(6)
@pytest.mark.parametrize(("fault", "place"), CASES)
def test_a_push_that_is_broken_off_is_made_whole_by_the_next(hub: HubServer, fault: str, place: str) -> None:
    made(30, Output(PLACE, split=SPLIT, shard_rows=10))
    before = dict(hub.files(NAME))
    answer, said = FAULTS[fault]
    hub.faults.append(at(place, answer))
    with pytest.raises(DatasetError, match=said) as failed:
        made(50, Output(PLACE, split=SPLIT, shard_rows=8))
    assert failed.value.is_of_place
    assert hub.token not in str(failed.value)
    assert hub.files(NAME) == before
    hub.faults.clear()
    made(50, Output(PLACE, split=SPLIT, shard_rows=8))
    assert_same_as_at_once(hub)


@pytest.mark.slow
def test_a_commit_whose_answer_is_lost_is_not_made_twice(hub: HubServer) -> None:
    async def lost(request: web.Request) -> web.Response | None:
        if "/commit/" not in request.path:
            return None
        hub.faults.clear()
        await hub._commit(request)
        return await hanging_up(request)

    hub.faults.append(lost)
    with pytest.raises(DatasetError, match="can't be reached"):
        made(50, Output(PLACE, split=SPLIT, shard_rows=8))
    made(50, Output(PLACE, split=SPLIT, shard_rows=8))
    assert_same_as_at_once(hub)
    assert hub.messages(NAME) == ["50 rows by Seedbed"]


def assert_same_as_at_once(hub: HubServer) -> None:
    """Check the dataset against one that was pushed without faults: its rows, its files and its card's."""
    made(50, Output("hf://ada/once", split=SPLIT, shard_rows=8))
    found, once = hub.files(NAME), hub.files("ada/once")
    assert found.keys() == once.keys()
    assert {path for path in found if found[path] != once[path]} <= {"README.md"}
    assert fields_of(found) == {**fields_of(once), "pretty_name": "jokes"}
    assert len(rows_on(hub)) == 50


def fields_of(files: dict[str, bytes]) -> dict[str, Any]:
    return dict(yaml.safe_load(files["README.md"].decode().split("---")[1]))
