"""Stopping: caps, rate limits that lift later, and runs that come to nothing."""
