"""Calling: from a caller to a backend and back, with retries and time-outs."""
