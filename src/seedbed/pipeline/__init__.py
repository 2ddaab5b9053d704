"""Pipelines: steps in order, in Python or in a file."""
