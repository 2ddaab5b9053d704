"""Keys: where they come from, and which hosts they may go to."""
