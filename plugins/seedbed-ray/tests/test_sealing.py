"""What goes to workers is read by nobody in between."""

from __future__ import annotations

import pytest
from cryptography.exceptions import InvalidTag

from seedbed_ray.sealing import KeyPair


def test_both_sides_read_what_the_other_has_sealed():
    run, worker = KeyPair(), KeyPair()
    ours, theirs = run.seal_with(worker.public), worker.seal_with(run.public)

    assert theirs.open(ours.close(b"sk-12345678")) == b"sk-12345678"
    assert ours.open(theirs.close(b"")) == b""


def test_a_sealed_message_shows_nothing_and_never_looks_the_same():
    seal = KeyPair().seal_with(KeyPair().public)
    first, second = seal.close(b"sk-12345678"), seal.close(b"sk-12345678")

    assert b"sk-1234" not in first
    assert first != second


def test_another_worker_cannot_read_it_and_a_changed_message_is_refused():
    run, worker, other = KeyPair(), KeyPair(), KeyPair()
    sealed = run.seal_with(worker.public).close(b"sk-12345678")

    with pytest.raises(InvalidTag):
        other.seal_with(run.public).open(sealed)
    with pytest.raises(InvalidTag):
        worker.seal_with(run.public).open(sealed[:-1] + bytes([sealed[-1] ^ 1]))
