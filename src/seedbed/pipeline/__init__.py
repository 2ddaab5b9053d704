"""Pipelines: graphs of steps, written in Python or in a file."""
