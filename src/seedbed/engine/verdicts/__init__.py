"""Verdicts: what becomes of each row, so that a run ends with exactly as many as were asked for."""
