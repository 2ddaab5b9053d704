"""A server of llama.cpp that calls use, and nothing but its owner keeps alive."""

from __future__ import annotations

from typing import Any


class Borrowed:
    """Passes calls on to a server, until it's taken back.

    A call that fails leaves a traceback, and that holds everything its functions held. If this were the
    server itself, it would outlive its owner: a model that was unloaded would stay in memory, and a process
    that ended would crash in threads that still compute.
    """

    def __init__(self, server: Any) -> None:
        self.server = server

    def handle_chat_completions(self, prompt: dict[str, Any], callback: Any) -> None:
        """Answer a conversation."""
        self.server.handle_chat_completions(prompt, callback)

    def handle_completions(self, prompt: dict[str, Any], callback: Any) -> None:
        """Answer a raw prompt."""
        self.server.handle_completions(prompt, callback)

    def handle_embeddings(self, prompt: dict[str, Any]) -> dict[str, Any]:
        """Return the vectors of texts."""
        vectors: dict[str, Any] = self.server.handle_embeddings(prompt)
        return vectors

    def take_back(self) -> None:
        """Free the server; only when no call uses it."""
        del self.server
