"""Prompts and conditions over the columns of a row, in a sandbox that bounds their work."""
