"""Observers: plugins that are notified of the calls and rows of a run while it's running."""
