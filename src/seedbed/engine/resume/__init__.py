"""Resume: answers and results that a run has are replayed, and changes since then are noticed."""
