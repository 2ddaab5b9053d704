"""Limits: adaptive concurrency, pace and quotas of one endpoint and credential."""
