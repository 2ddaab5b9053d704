"""Verdicts: what becomes of each row, so that a run ends with exactly as many rows as you asked for."""
