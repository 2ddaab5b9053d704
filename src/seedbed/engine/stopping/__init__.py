"""Stopping: caps, limits that lift later, and runs that nothing comes of."""
