"""Resume: what a run has bought and made is replayed, and what changed since is noticed."""
