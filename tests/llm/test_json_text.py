"""JSON that is kept: how much memory it takes."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import pytest

from seedbed import Response
from seedbed.llm.json_text import compact
from seedbed.llm.response_json import encode_response
from seedbed.tasks.rows import encode_row

_ROWS = 50
# Of each bytes object, besides its bytes, and of the list that holds it.
_OVERHEAD = 64


@pytest.mark.parametrize("length", [0, 100, 2300])
@pytest.mark.parametrize(
    "encode",
    [
        pytest.param(lambda text: encode_row({"text": text}), id="row"),
        pytest.param(lambda text: encode_row({"text": [text]}), id="nested row"),
        pytest.param(lambda text: encode_response(Response.of_text(text)), id="answer"),
        pytest.param(lambda text: compact(text.encode()), id="bytes"),
    ],
)
def test_what_is_kept_takes_no_more_memory_than_its_length(
    encode: Callable[[str], bytes], length: int
) -> None:
    text = "a" * length
    # What Python keeps for the next call, such as the keys of dictionaries, is there after some of them.
    for _ in range(2 * _ROWS):
        encode(text)

    def takes_no_more() -> bool:
        tracemalloc.start()
        try:
            kept = [encode(text) for _ in range(_ROWS)]
            taken, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        return taken <= sum(len(one) + _OVERHEAD for one in kept)

    # Other threads of the process may take some meanwhile: they don't each time.
    assert any(takes_no_more() for _ in range(3))
