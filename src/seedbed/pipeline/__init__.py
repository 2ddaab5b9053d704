"""Pipelines: the graph of steps, in Python or in a file."""
