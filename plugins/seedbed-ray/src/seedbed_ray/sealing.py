"""Encryption of what the run and a worker tell each other: keys of LLMs, prompts, rows.

Ray keeps arguments and results in its object store, may spill them to disk, and shows calls in its state. So
each worker makes a key pair of its own when it starts, and only the public half leaves it. The run makes
another one; both derive the same secret from their own half and the other's public one (X25519, HKDF), and
seal each message with it (ChaCha20-Poly1305). No secret is ever an argument, a result or a variable of the
environment.
"""

from __future__ import annotations

import os

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE = 12
"""Bytes. Random ones repeat by chance after about 2**48 messages: more than a run has."""


class KeyPair:
    """One side's key pair for one line; its private half never leaves this object."""

    def __init__(self) -> None:
        self._own = X25519PrivateKey.generate()

    @property
    def public(self) -> bytes:
        """The half that the other side needs."""
        return self._own.public_key().public_bytes_raw()

    def seal_with(self, other: bytes) -> Seal:
        """Return the seal that this side shares with the owner of another public half."""
        shared = self._own.exchange(X25519PublicKey.from_public_bytes(other))
        return Seal(HKDF(SHA256(), 32, salt=None, info=b"seedbed-ray").derive(shared))


class Seal:
    """Encrypts and decrypts messages with a secret that two sides share."""

    def __init__(self, secret: bytes) -> None:
        self._cipher = ChaCha20Poly1305(secret)

    def close(self, message: bytes) -> bytes:
        """Return a message encrypted."""
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, message, None)

    def open(self, sealed: bytes) -> bytes:
        """Return the message that was encrypted."""
        return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], None)
