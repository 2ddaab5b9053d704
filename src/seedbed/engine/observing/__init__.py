"""Observers: plugins that are shown the calls and rows of a run while it goes on."""
