"""Segments: rows in flight through the steps of a run."""
