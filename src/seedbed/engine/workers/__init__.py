"""Rows made by workers in other processes, for one store: what a distributed engine needs."""
