"""Discovery of plugins by metadata, policy over them, and resolution of names to classes."""
