"""What the shell offers after Tab."""
