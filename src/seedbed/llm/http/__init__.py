"""HTTP: one transport for every backend, and what its failures mean."""
