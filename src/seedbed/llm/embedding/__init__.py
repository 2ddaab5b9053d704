"""Embedding: vectors of texts, from the backends that make them."""
