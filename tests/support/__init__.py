"""Servers that several test suites ask: a scripted one that fails on demand, and a real one with a model."""
